import type { Clock } from '../base/clock';
import { type ErrorCode, toSecondThoughtError } from '../base/errors';
import { matchPlace } from '../evaluate/gradeBy';
import type { Matcher } from '../grade/matcher';
import type { Connection } from '../servers/connect';
import { generateSamples, longestPrompt, type Order, type SampleOptions } from './generateSamples';
import { errorRecord, sampleKey } from './sampleRecord';
import { type Task, taskName } from './studyPlan';
import type { StudyRun } from './studyRun';

export interface ExecuteOptions {
  connection: Connection;
  clock: Clock;
  concurrency: number;
  signal: AbortSignal;
  /** Only these conditions, by name; the others stay as they are. */
  only?: readonly string[];
  /** Where the run's grader asks a language model. */
  matcher?: Matcher | undefined;
  /** For conditions with a scorer. */
  scorerFor?: SampleOptions['scorerFor'];
  /** A sample was finished, or failed. */
  onProgress?(): void;
}

/** What is wrong with one sample and not with the server, the disk or the study: the others can go on. */
const ofOneSample = new Set<ErrorCode>([
  'empty-problem',
  'context-too-long',
  'delimiter-in-problem',
  'request-refused',
  'invalid-reply',
]);

/**
 * Makes the samples of a run that are left: those begun by an earlier process go on from their last id. Stopping it loses
 * nothing. A sample that fails by itself is recorded as an error; whatever would make every sample fail ends the run.
 * @throws SecondThoughtError `cancelled` and all codes of `generateSamples`
 */
export async function executeStudy(run: StudyRun, options: ExecuteOptions): Promise<void> {
  const { connection, clock, concurrency, signal, onProgress, matcher } = options;
  await run.settleRecorded();
  for (const { answer, ...place } of run.records) if (answer !== null) matcher?.remember(matchPlace(place), answer);
  const orders = await ordersOf(run, options.only);
  const conditions = run.about.conditions;
  const longestPromptTokens = await longestPrompt({ conditions, problems: run.problems }, connection.client, signal);
  await generateSamples(orders, {
    connection,
    store: run.store,
    clock,
    seed: run.about.seed,
    concurrency,
    signal,
    longestPromptTokens,
    grader: run.about.grader,
    matcher,
    logprobs: run.about.logprobs,
    ...(options.scorerFor ? { scorerFor: options.scorerFor } : {}),
    onTrace: () => onProgress?.(),
    async onFailure(order, error) {
      if (!ofOneSample.has(toSecondThoughtError(error).code)) throw error;
      await run.write(
        errorRecord({ problemSet: '', ...order }, error, connection.server, new Date(clock.now()).toISOString()),
      );
      onProgress?.();
    },
  });
}

/** What is left, with the traces that were begun; those go first, so that few journals lie about. */
async function ordersOf(run: StudyRun, only: readonly string[] | undefined): Promise<Order[]> {
  const begun = new Map(
    (await run.store.live()).map((trace) => [sampleKey({ ...trace, problemSet: trace.problemSet ?? '' }), trace]),
  );
  const wanted = new Set(run.about.conditions.filter(({ name }) => only?.includes(name) ?? true).map(({ key }) => key));
  const orders = run
    .left()
    .filter(({ conditionKey }) => wanted.has(conditionKey))
    .map((task: Task): Order => ({ ...task, interrupted: begun.get(sampleKey(taskName(task))) }));
  return orders.sort((a, b) => Number(b.interrupted !== undefined) - Number(a.interrupted !== undefined));
}
