import * as z from 'zod';
import { type ErrorReport, reportError } from '../base/errors';
import { shortHash } from '../base/seeds';
import { outcomeRecord, outcomeRecordSchema } from '../evaluate/outcomeRecord';
import { describeCondition } from '../forcing/condition';
import { harnessLogText } from '../forcing/harnessLog';
import { paperParts } from '../interchange/paperTokens';
import { stepCount } from '../lab/structure';
import { problemKey } from '../problems/problem';
import {
  answerEndedBySchema,
  costsOf,
  cuesUsed,
  type Trace,
  thinkingEndedBySchema,
  thinkingText,
  tokensFromCache,
} from '../traces/trace';
import type { Task } from './studyPlan';

/**
 * A line of `grades.jsonl`: what a sample of a run came to. All numbers of a study are made from these lines; a later
 * line about a sample replaces an earlier one, so that a failed sample can be tried again and a run graded anew.
 */
export const sampleRecordSchema = outcomeRecordSchema.extend({
  problemSet: z.string(),
  /** Null: it failed before there was a trace. */
  traceId: z.string().nullable(),
  answerTokens: z.int().nonnegative(),
  promptTokens: z.int().nonnegative(),
  cuesUsed: z.int().nonnegative(),
  /** Of the thinking: headings where the model counts them, else paragraphs or lines. Missing in records of before. */
  steps: z.int().nonnegative().optional(),
  /** Of imported samples: thinking tokens as the released statistics of s1 count them from text. */
  paperThinkingTokens: z.int().nonnegative().optional(),
  sequentialDepth: z.int().nonnegative(),
  thinkingEndedBy: thinkingEndedBySchema.nullable(),
  answerEndedBy: answerEndedBySchema.nullable(),
  /** Of the generated tokens, those that an earlier run made and that were kept. */
  tokensFromCache: z.int().positive().optional(),
  /** The trace was graded once more, after it was recorded. */
  regraded: z.literal(true).optional(),
  error: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }).optional(),
});
export type SampleRecord = z.infer<typeof sampleRecordSchema>;

/** What names a sample within its run. */
export type SampleName = Pick<SampleRecord, 'problemSet' | 'problemKey' | 'conditionKey' | 'sample'>;

export const sampleKey = ({ problemSet, problemKey: key, conditionKey, sample }: SampleName): string =>
  JSON.stringify([problemSet, key, conditionKey, sample]);

/** The record of a finished trace; undefined for one that was interrupted. */
export function sampleRecord(trace: Trace): SampleRecord | undefined {
  const record = outcomeRecord(trace);
  if (!record) return undefined;
  const { answer, prompt, sequentialDepth } = costsOf(trace);
  const fromCache = tokensFromCache(trace);
  return {
    ...record,
    problemSet: trace.problemSet ?? '',
    answerTokens: answer,
    promptTokens: prompt,
    cuesUsed: cuesUsed(trace),
    steps: stepsOf(trace),
    sequentialDepth,
    ...(fromCache > 0 ? { tokensFromCache: fromCache } : {}),
    thinkingEndedBy: trace.thinkingEndedBy,
    answerEndedBy: trace.answerEndedBy,
  };
}

const stepsOf = (trace: Trace): number =>
  trace.dialect.stepMarkId === null ? stepCount(thinkingText(trace)) : paperParts(harnessLogText(trace), 'steps').steps;

/** The record of a sample that could not be made. */
export function errorRecord(
  task: Task,
  error: unknown,
  server: { id: string; model: string },
  at: string,
): SampleRecord {
  const { code, message, remedy }: ErrorReport = reportError(error);
  return {
    schemaVersion: 1,
    traceId: null,
    problemSet: task.problemSet,
    problemKey: problemKey(task.problem),
    questionHash: shortHash(task.problem.question),
    conditionKey: task.conditionKey,
    condition: describeCondition(task.condition),
    server: server.id,
    model: server.model,
    sample: task.sample,
    outcome: 'error',
    answer: null,
    thinkingTokens: 0,
    answerTokens: 0,
    generatedTokens: 0,
    promptTokens: 0,
    cuesUsed: 0,
    sequentialDepth: 0,
    thinkingEndedBy: null,
    answerEndedBy: null,
    durationMs: 0,
    at,
    error: remedy === undefined ? { code, message } : { code, message, remedy },
  };
}
