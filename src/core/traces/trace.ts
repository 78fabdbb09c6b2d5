import * as z from 'zod';
import { conditionSchema } from '../forcing/condition';
import { resolvedDialectSchema } from '../inference/dialects';
import { problemSchema } from '../problems/problem';

/**
 * A trace is one generation, told as passes (requests) and spans (ids of one origin).
 *
 * Two rules make it checkable from disk (`checkTrace`): the prompt of each pass is the kept ids at that moment, and the
 * ids a pass received are its model spans of every fate, in order. Ids decide everywhere; text is for people.
 */
export const traceSchemaVersion = 1;

const tokenIds = z.array(z.int().nonnegative());

export const spanSchema = z.object({
  /** Model spans: the pass that generated them. All others: the pass whose prompt was the first to hold them. */
  pass: z.int().nonnegative(),
  phase: z.enum(['prompt', 'thinking', 'answer']),
  origin: z.enum(['template', 'user', 'model', 'forced-delimiter', 'forced-cue']),
  /** kept: part of the context. suppressed: a delimiter the model wrote that was taken away. cut: over a limit. */
  fate: z.enum(['kept', 'suppressed', 'cut']),
  tokenIds,
  text: z.string(),
  /** Markers such as `<|im_start|>answer`: neither thought nor answer, never counted as such. */
  delimiter: z.literal(true).optional(),
  /** Cut spans only: the first pass whose prompt no longer held these ids. */
  cutBefore: z.int().nonnegative().optional(),
});
export type Span = z.infer<typeof spanSchema>;

const passRequestSchema = z.object({
  maxTokens: z.int().positive(),
  minTokens: z.int().nonnegative(),
  stopTokenIds: tokenIds,
  seed: z.int().nonnegative(),
  /** Ids outside the tokenizer's vocabulary that the model sampled before; never to be sampled again. */
  maskedTokenIds: tokenIds,
});
export type PassRequest = z.infer<typeof passRequestSchema>;

export const passSchema = z.object({
  index: z.int().nonnegative(),
  phase: z.enum(['thinking', 'answer']),
  /** Why this request was made. extend: an end of thinking was suppressed; minimum: it came too early. */
  purpose: z.enum(['start', 'extend', 'minimum', 'resume', 'answer']),
  request: passRequestSchema,
  /** Context length sent, in tokens. */
  promptTokens: z.int().nonnegative(),
  receivedTokens: z.int().nonnegative(),
  /** Our verdict, from the last id and the finish reason; `running` until then. */
  ending: z.enum(['running', 'stop', 'length', 'repetition', 'out-of-vocabulary', 'user', 'interrupted']),
  /** Whether the text of the last kept id ends a line: decides if a newline goes before a forced end. */
  endsWithNewline: z.boolean(),
  finishReason: z.string().nullable(),
  stopReason: z.union([z.string(), z.number()]).nullable(),
  cachedPromptTokens: z.int().nonnegative().nullable(),
  startedAt: z.string(),
  /** Milliseconds from sending to the first id, and to the end. */
  firstTokenMs: z.number().nullable(),
  durationMs: z.number().nullable(),
});
export type Pass = z.infer<typeof passSchema>;

export const thinkingEndedBySchema = z.enum([
  'model',
  'cap',
  'steps',
  'context',
  'loop',
  'user',
  'probe',
  'native',
  'interrupted',
]);
export type ThinkingEndedBy = z.infer<typeof thinkingEndedBySchema>;

const serverRecordSchema = z.object({
  id: z.string(),
  url: z.string(),
  model: z.string(),
  version: z.string().nullable(),
  contextLength: z.int().positive(),
});
export type ServerRecord = z.infer<typeof serverRecordSchema>;

export const traceSchema = z.object({
  schemaVersion: z.literal(traceSchemaVersion),
  id: z.string(),
  createdAt: z.string(),
  problem: problemSchema,
  problemKey: z.string(),
  condition: conditionSchema,
  conditionKey: z.string(),
  studySeed: z.int(),
  sample: z.int().nonnegative(),
  server: serverRecordSchema,
  dialect: resolvedDialectSchema,
  /** The thinking limit in force, in tokens, and where it comes from. */
  budget: z.object({ maxThinkingTokens: z.int().nonnegative(), from: z.enum(['cap', 'auto', 'context']) }),
  /** Set on a trace made from another one: its passes below `fromPass` are the parent's. */
  fork: z.object({ parent: z.string(), fromPass: z.int().nonnegative(), step: z.literal('extend') }).optional(),
  spans: z.array(spanSchema),
  passes: z.array(passSchema),
  status: z.enum(['running', 'complete', 'interrupted']),
  interruption: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }).optional(),
  thinkingEndedBy: thinkingEndedBySchema.nullable(),
  answerEndedBy: z.enum(['model', 'length', 'context']).nullable(),
  warnings: z.array(z.string()),
});
export type Trace = z.infer<typeof traceSchema>;

/** Ids in the context at this moment: kept ids in order. */
export function contextIds(trace: Pick<Trace, 'spans'>): number[] {
  return trace.spans.filter((span) => span.fate === 'kept').flatMap((span) => span.tokenIds);
}

/** Ids that pass `index` had as its prompt, from the record alone. */
export function promptIdsOf(trace: Pick<Trace, 'spans'>, index: number): number[] {
  return trace.spans.filter((span) => wasInPrompt(span, index)).flatMap((span) => span.tokenIds);
}

function wasInPrompt(span: Span, passIndex: number): boolean {
  const isThere = span.origin === 'model' ? span.pass < passIndex : span.pass <= passIndex;
  const wasKept = span.fate === 'kept' || (span.fate === 'cut' && (span.cutBefore ?? span.pass + 1) > passIndex);
  return isThere && wasKept;
}

/** Ids that pass `index` received, whatever became of them. */
export function receivedIdsOf(trace: Pick<Trace, 'spans'>, index: number): number[] {
  return trace.spans.filter((span) => span.origin === 'model' && span.pass === index).flatMap((span) => span.tokenIds);
}

const isThought = (span: Span) => span.phase === 'thinking' && span.fate === 'kept' && !span.delimiter;
const isAnswer = (span: Span) => span.phase === 'answer' && span.fate === 'kept' && !span.delimiter;
const countIds = (spans: Span[]) => spans.reduce((sum, span) => sum + span.tokenIds.length, 0);

/** Kept ids of the thinking phase, forced cues included, delimiters excluded: what a cap bounds. */
export function thinkingTokens(trace: Pick<Trace, 'spans'>): number {
  return countIds(trace.spans.filter(isThought));
}

/** Kept ids of the answer, delimiters excluded. */
export function answerTokens(trace: Pick<Trace, 'spans'>): number {
  return countIds(trace.spans.filter(isAnswer));
}

/** Every id received, suppressed and cut ones included: the cost. */
export function generatedTokens(trace: Pick<Trace, 'spans'>): number {
  return countIds(trace.spans.filter((span) => span.origin === 'model'));
}

/** How often an end of thinking was suppressed (with a cue or without one). */
export function extensions(trace: Pick<Trace, 'passes'>): number {
  return trace.passes.filter((pass) => pass.purpose === 'extend').length;
}

/** The last pass that thought, if any id of it, or of an earlier one, was kept. */
export function lastKeptThinkingPass(trace: Pick<Trace, 'passes' | 'spans'>): Pass | undefined {
  if (thinkingTokens(trace) === 0) return undefined;
  return trace.passes.filter((pass) => pass.phase === 'thinking').at(-1);
}

/** Kept cues in the thinking: the number a reader sees. Without a cue text, the suppressed ends themselves. */
export function cuesUsed(trace: Pick<Trace, 'spans' | 'passes' | 'dialect'>): number {
  if (trace.dialect.cueIds.length === 0) return extensions(trace);
  return trace.spans.filter((span) => span.origin === 'forced-cue' && span.fate === 'kept').length;
}

export function thinkingText(trace: Pick<Trace, 'spans'>): string {
  return joinText(trace.spans.filter(isThought));
}

/** The answer as graders see it: a forced `Final Answer:` in front of it belongs to it. */
export function answerText(trace: Pick<Trace, 'spans' | 'dialect'>): string {
  const forced = trace.spans.some((span) => span.origin === 'forced-delimiter' && span.text.includes(finalAnswer));
  return (forced ? finalAnswer : '') + joinText(trace.spans.filter(isAnswer));
}

const finalAnswer = 'Final Answer:';
const joinText = (spans: Span[]) => spans.map((span) => span.text).join('');
