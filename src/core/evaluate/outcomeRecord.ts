import * as z from 'zod';
import { shortHash } from '../base/seeds';
import { matchedSchema } from '../grade/grade';
import { graderName } from '../grade/graderSpec';
import { costsOf, describeTrace, type Trace, thinkingTokens } from '../traces/trace';
import { gradeTrace, outcomeSchema } from './outcome';

/** What stays of a trace where only its outcome matters. */
export const outcomeRecordSchema = z.object({
  schemaVersion: z.literal(1),
  traceId: z.string(),
  problemKey: z.string(),
  /** Hash of the question: an outcome of a question that changed since is stale. */
  questionHash: z.string(),
  conditionKey: z.string(),
  condition: z.string(),
  server: z.string(),
  model: z.string(),
  sample: z.int().nonnegative(),
  outcome: outcomeSchema,
  /** What graded it, where it was not the default. */
  grader: z.string().optional(),
  /** Where a language model was asked about the answer. */
  matched: matchedSchema.optional(),
  /** The extracted answer, shortened. */
  answer: z.string().nullable(),
  thinkingTokens: z.int().nonnegative(),
  generatedTokens: z.int().nonnegative(),
  durationMs: z.number().nonnegative(),
  at: z.string(),
});
export type OutcomeRecord = z.infer<typeof outcomeRecordSchema>;

/** An answer is kept up to this length. */
export const answerCharacters = 200;

/** The record of a finished trace; undefined for one that runs or was interrupted: it has no outcome. */
export function outcomeRecord(trace: Trace): OutcomeRecord | undefined {
  const { outcome, extracted, matched } = gradeTrace(trace);
  if (outcome === null) return undefined;
  return {
    schemaVersion: 1,
    traceId: trace.id,
    problemKey: trace.problemKey,
    questionHash: shortHash(trace.problem.question),
    conditionKey: trace.conditionKey,
    condition: describeTrace(trace),
    server: trace.server.id,
    model: trace.server.model,
    sample: trace.sample,
    outcome,
    ...(trace.grader === undefined ? {} : { grader: graderName(trace.grader) }),
    ...(matched === undefined ? {} : { matched }),
    answer: extracted === null ? null : extracted.slice(0, answerCharacters),
    thinkingTokens: thinkingTokens(trace),
    generatedTokens: costsOf(trace).generated,
    durationMs: trace.passes.reduce((sum, pass) => sum + (pass.durationMs ?? 0), 0),
    at: trace.createdAt,
  };
}
