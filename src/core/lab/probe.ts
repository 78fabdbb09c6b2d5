import * as z from 'zod';
import type { Clock } from '../base/clock';
import { passSeed } from '../base/seeds';
import { answerKey } from '../evaluate/outcome';
import { cutAt, linear } from '../forcing/fork';
import { closingSpan, forcedClose } from '../forcing/plan';
import { gradeAnswer } from '../grade/gradeAnswer';
import { defaultGrader, ruleOf } from '../grade/graderSpec';
import type { CompletionRequest, InferenceClient } from '../inference/inferenceClient';
import { contextIds, type Trace } from '../traces/trace';
import { type ProbePlace, usualProbeTokens } from './probePlaces';

/** What a trace would have answered at one place. */
export const probeSchema = z.object({
  offset: z.int().nonnegative(),
  thinkingTokens: z.int().nonnegative(),
  isNaturalEnd: z.boolean(),
  /** Ids that came, the end of the answer included. */
  tokenIds: z.array(z.int().nonnegative()),
  text: z.string(),
  /** Null: there is none in the text. */
  answer: z.string().nullable(),
  /** One text for all ways to write the answer. */
  answerKey: z.string().nullable(),
  /** Null without a reference answer. */
  isRight: z.boolean().nullable(),
  promptTokens: z.int().nonnegative(),
});
export type Probe = z.infer<typeof probeSchema>;

export const probeRecordSchema = z.object({
  schemaVersion: z.literal(1),
  traceId: z.string(),
  at: z.string(),
  /** How the places were chosen, and how long an answer may be: another setting, another record. */
  setting: z.string(),
  probes: z.array(probeSchema),
});
export type ProbeRecord = z.infer<typeof probeRecordSchema>;

export interface ProbeOptions {
  client: InferenceClient;
  clock: Clock;
  signal: AbortSignal;
  setting: string;
  probeTokens?: number;
  onProbe?(probe: Probe): void;
}

export interface ProbeQuestion {
  request: CompletionRequest;
  /** What was said for the model before its answer. */
  spoken: string;
}

/**
 * The request of a probe: the ids of the trace up to the place, the end of thinking, and a few tokens of answer. It is
 * what a run with a cap at this place asks for the answer, so that greedy probes and capped runs agree by ids.
 */
export async function probeRequest(
  given: Trace,
  place: ProbePlace,
  probeTokens: number,
  tokenizer: InferenceClient,
): Promise<ProbeQuestion> {
  const trace = linear(given);
  const { spans, fromPass } = cutAt(trace, place.offset);
  const passes = trace.passes.slice(0, fromPass).map((pass) => ({ ...pass }));
  const before: Trace = { ...trace, spans, passes, thinkingEndedBy: null };
  const prefix = contextIds(before);
  const last = prefix.at(-1);
  const pass = passes.at(-1);
  if (pass && last !== undefined) pass.endsWithNewline = (await tokenizer.detokenize([last])).endsWith('\n');
  const closing = place.isNaturalEnd ? [closingSpan(before, 'template')] : forcedClose(before, 'probe').spans;
  const promptIds = [...prefix, ...closing.flatMap(({ tokenIds }) => tokenIds)];
  const { condition, problemKey, conditionKey, studySeed, sample, server } = trace;
  const room = server.contextLength - promptIds.length;
  const request: CompletionRequest = {
    promptIds,
    maxTokens: Math.max(1, Math.min(probeTokens, room)),
    minTokens: 0,
    stopTokenIds: trace.dialect.answerEndIds,
    seed: passSeed({ studySeed, problemKey, conditionKey: `probe ${conditionKey}`, sample, pass: place.offset }),
    sampling: condition.answerSampling ?? condition.sampling,
    maskedTokenIds: [],
  };
  return { request, spoken: place.isNaturalEnd ? '' : closing.map(({ text }) => text).join('') };
}

/** Probes a trace at all places at the same time, the shortest prefix first: each reads what the one before it cached. */
export async function probeTrace(
  trace: Trace,
  places: readonly ProbePlace[],
  options: ProbeOptions,
): Promise<ProbeRecord> {
  const { client, clock, signal, setting, probeTokens = usualProbeTokens } = options;
  const ordered = [...places].sort((a, b) => a.offset - b.offset);
  const asked: { place: ProbePlace; question: ProbeQuestion }[] = [];
  for (const place of ordered) asked.push({ place, question: await probeRequest(trace, place, probeTokens, client) });
  const probes = await Promise.all(
    asked.map(async ({ place, question }) => {
      const own = AbortSignal.any([signal]); // one each: every request listens to it
      const probe = await ask(trace, place, question, client, own);
      options.onProbe?.(probe);
      return probe;
    }),
  );
  return { schemaVersion: 1, traceId: trace.id, at: new Date(clock.now()).toISOString(), setting, probes };
}

async function ask(
  { problem, dialect, grader = defaultGrader }: Trace,
  place: ProbePlace,
  { request, spoken }: ProbeQuestion,
  client: InferenceClient,
  signal: AbortSignal,
): Promise<Probe> {
  const tokenIds: number[] = [];
  for await (const chunk of client.complete(request, signal)) tokenIds.push(...chunk.tokenIds);
  tokenIds.length = Math.min(tokenIds.length, request.maxTokens);
  const end = tokenIds.findIndex((id) => dialect.answerEndIds.includes(id));
  const said = end === -1 ? tokenIds : tokenIds.slice(0, end);
  const text = said.length === 0 ? '' : await client.detokenize(said, signal);
  const { extracted: answer, isCorrect: isRight } = gradeAnswer(spoken + text, problem, ruleOf(grader));
  return {
    ...place,
    tokenIds: end === -1 ? tokenIds : tokenIds.slice(0, end + 1),
    text,
    answer,
    answerKey: answer === null ? null : answerKey(answer, problem.choices),
    isRight,
    promptTokens: request.promptIds.length,
  };
}
