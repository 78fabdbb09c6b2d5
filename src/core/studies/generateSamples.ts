import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { prepareTrace, renderPrompt } from '../forcing/prepare';
import { generateRecorded } from '../forcing/recorded';
import type { GraderSpec } from '../grade/graderSpec';
import type { Matcher } from '../grade/matcher';
import type { Scorer } from '../scorers/scorer';
import type { Connection } from '../servers/connect';
import type { RunStore } from '../traces/runStore';
import type { Trace } from '../traces/trace';
import type { PlannedProblem, StudyPlan, Task } from './studyPlan';

/** A sample to be made, of a study or of a single problem file. */
export interface Order extends Omit<Task, 'problemSet'> {
  problemSet?: string;
  /** Its trace so far, where one was begun. */
  interrupted?: Trace | undefined;
}

export interface SampleOptions {
  connection: Connection;
  store: RunStore;
  clock: Clock;
  seed: number;
  /** Samples begun and not finished, at most. */
  concurrency: number;
  signal: AbortSignal;
  /** What the cap `auto` depends on; see `longestPrompt`. */
  longestPromptTokens: number;
  grader?: GraderSpec | undefined;
  /** For graders that ask a language model. */
  matcher?: Matcher | undefined;
  /** Log-probabilities are kept, with so many alternatives. */
  logprobs?: number | undefined;
  /** For conditions with a scorer. */
  scorerFor?(text: string): Promise<Scorer>;
  onTrace(order: Order, trace: Trace): void | Promise<void>;
  /** A sample that failed. What this throws ends all of them. */
  onFailure(order: Order, error: unknown): void | Promise<void>;
}

/**
 * Makes samples, several at a time. When one failure ends all, the others stop where they are: their journals stay, so
 * that they can be continued.
 * @throws SecondThoughtError `cancelled`, or whatever `onFailure` throws
 */
export async function generateSamples(
  orders: Iterable<Order> | AsyncIterable<Order>,
  options: SampleOptions,
): Promise<void> {
  options.connection.scheduler.ceiling = options.concurrency;
  const failed = new AbortController();
  let failure: unknown;
  const next = Symbol.asyncIterator in orders ? orders[Symbol.asyncIterator]() : orders[Symbol.iterator]();
  const pull = async () => {
    try {
      return await next.next();
    } catch (error) {
      failure ??= error;
      failed.abort();
      return { done: true as const, value: undefined };
    }
  };
  const worker = async () => {
    for (;;) {
      const { done, value: order } = await pull();
      if (done) return;
      const signal = AbortSignal.any([options.signal, failed.signal]); // one each: every request listens to it
      if (signal.aborted) return;
      try {
        await options.onTrace(order, await generateSample(order, { ...options, signal }));
      } catch (error) {
        if (signal.aborted) return;
        try {
          await options.onFailure(order, error);
        } catch (fatal) {
          failure ??= fatal;
          failed.abort();
        }
      }
    }
  };
  await Promise.all(Array.from({ length: options.concurrency }, worker));
  if (options.signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
  if (failure !== undefined) throw failure;
}

async function generateSample(order: Order, options: SampleOptions): Promise<Trace> {
  const { connection, store, clock, signal, matcher, logprobs } = options;
  const trace = order.interrupted ?? (await prepared(order, options));
  const client = connection.clientFor(order.conditionKey);
  const { scorer: text } = order.condition;
  const scorer = text === null ? {} : { scorer: await options.scorerFor?.(text) };
  const { retry } = connection;
  await generateRecorded(trace, store, { client, clock, signal, logprobs, retry, matcher, ...scorer });
  if (trace.interruption) throw asError(trace.interruption);
  return trace;
}

/** Prompts wait their turn too: a thousand problems do not ask for a thousand at once. */
function prepared(
  order: Order,
  { connection, clock, signal, seed, longestPromptTokens, grader }: SampleOptions,
): Promise<Trace> {
  const { client, scheduler, server } = connection;
  const { problem, condition, sample, problemSet } = order;
  const set = problemSet === undefined ? {} : { problemSet };
  const trace = { problem, condition, server, sample, studySeed: seed, longestPromptTokens, grader, ...set };
  return scheduler.run({ key: order.conditionKey, signal }, () => prepareTrace(trace, client, clock, signal));
}

/** An interrupted trace stays in its journal; the reason is what went wrong. */
function asError({ code, message, remedy }: NonNullable<Trace['interruption']>): SecondThoughtError {
  return new SecondThoughtError(code as SecondThoughtError['code'], message, remedy === undefined ? {} : { remedy });
}

/**
 * Tokens of the longest prompt under the conditions whose cap is `auto`: it depends on all prompts that run together, as in
 * the released evaluation. 0 where there is no such condition.
 */
export async function longestPrompt(
  {
    conditions,
    problems,
  }: { conditions: Pick<StudyPlan['conditions'][number], 'condition'>[]; problems: Pick<PlannedProblem, 'problem'>[] },
  client: Connection['client'],
  signal: AbortSignal,
): Promise<number> {
  const texts = new Map(
    conditions
      .filter(({ condition: { maxThinkingTokens } }) => maxThinkingTokens === 'auto')
      .map(({ condition }) => [JSON.stringify([condition.promptSuffix, condition.templateArguments]), condition]),
  );
  let longest = 0;
  for (const condition of texts.values()) {
    for (const { problem } of problems) {
      const { promptIds } = await renderPrompt({ problem, condition }, client, signal);
      longest = Math.max(longest, promptIds.length);
    }
  }
  return longest;
}
