import * as z from 'zod';
import { conditionSchema, describeCondition } from '../forcing/condition';
import { gradeSchema } from '../grade/grade';
import { graderSchema } from '../grade/graderSpec';
import { resolvedDialectSchema } from '../inference/dialects';
import { serverLevelSchema } from '../inference/wireFormat';
import { problemSchema } from '../problems/problem';

/**
 * A trace is one generation, told as passes (requests) and spans (ids of one origin).
 *
 * Two rules make it checkable from disk (`checkTrace`): the prompt of each pass is the kept ids at that moment, and the
 * ids a pass received are its model spans of every fate, in order. Ids decide everywhere; text is for people.
 */
export const traceSchemaVersion = 5;

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
  /** Never to be sampled: banned words, and ids outside the tokenizer's vocabulary that the model sampled before. */
  maskedTokenIds: tokenIds,
  temperature: z.number().optional(),
});
export type PassRequest = z.infer<typeof passRequestSchema>;

/** A scorer's verdict and what it cost. An empty step has the score of the step before it, for nothing. */
export const stepScoreSchema = z.object({
  value: z.number(),
  /** Tokens that the scorer read, and wrote. */
  promptTokens: z.int().nonnegative(),
  generatedTokens: z.int().nonnegative(),
  durationMs: z.number(),
});
export type StepScore = z.infer<typeof stepScoreSchema>;

export const passSchema = z.object({
  index: z.int().nonnegative(),
  phase: z.enum(['thinking', 'answer']),
  /**
   * Why this request was made. extend: an end of thinking was suppressed; minimum: it came too early; retry: the thought
   * before was rejected; more: thinking goes on after a probe; probe: what would be answered now; step: one step of a
   * tree search; fork: a place in another trace is gone on from.
   */
  purpose: z.enum(['start', 'extend', 'minimum', 'resume', 'retry', 'more', 'answer', 'probe', 'step', 'fork']),
  /** Tree search only: the pass that this one goes on from, null for the prompt. Elsewhere the pass before. */
  branch: z.object({ parent: z.int().nonnegative().nullable() }).optional(),
  /** Tree search only: the verdict on the branch up to the end of this step. */
  score: stepScoreSchema.optional(),
  request: passRequestSchema,
  /** Context length sent, in tokens. */
  promptTokens: z.int().nonnegative(),
  receivedTokens: z.int().nonnegative(),
  /** By the server's own count, where that may be more than the ids that it sent. */
  reportedTokens: z.int().nonnegative().optional(),
  /** Our verdict, from the last id and the finish reason; `running` until then. */
  ending: z.enum(['running', 'stop', 'length', 'repetition', 'out-of-vocabulary', 'user', 'interrupted']),
  /** Whether the text of the last kept id ends a line: decides if a newline goes before a forced end. */
  endsWithNewline: z.boolean(),
  finishReason: z.string().nullable(),
  stopReason: z.union([z.string(), z.number()]).nullable(),
  cachedPromptTokens: z.int().nonnegative().nullable(),
  startedAt: z.string(),
  /** The reply was kept from an earlier run, which made the same request; the times are those of then. */
  fromCache: z.literal(true).optional(),
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

/** tries: there is no answer, because no thought fitted the limit (rejection sampling). */
export const answerEndedBySchema = z.enum(['model', 'length', 'context', 'tries']);
export type AnswerEndedBy = z.infer<typeof answerEndedBySchema>;

const serverRecordSchema = z.object({
  id: z.string(),
  url: z.string(),
  /** Without it `ids`. Below, the trace is approximate: its ids are ours, not the model's. */
  level: serverLevelSchema.optional(),
  model: z.string(),
  version: z.string().nullable(),
  contextLength: z.int().positive(),
});
export type ServerRecord = z.infer<typeof serverRecordSchema>;

/** How a trace that was made from another one begins. */
export const forkSchema = z.object({
  parent: z.string(),
  /** Its passes below are the parent's; ids of them that are not part of the shared prefix are cut. */
  fromPass: z.int().nonnegative(),
  /** Length of the shared prefix: the first ids of the parent's context. Missing before schema 4. */
  offset: z.int().nonnegative().optional(),
  /**
   * What came first behind the prefix. extend: the condition's next cue, at the end of thinking; cue: a cue that was
   * named; edit: words of the user's; end: the end of thinking; sample: nothing, the model was asked again.
   */
  step: z.enum(['extend', 'cue', 'edit', 'end', 'sample']),
  /** Of a cue or an edit. */
  tokenIds: tokenIds.optional(),
  text: z.string().optional(),
});
export type Fork = z.infer<typeof forkSchema>;

export const traceSchema = z.object({
  /** 1 had one cue per condition, 2 no trees, 3 one kind of fork, 4 exact ids only; all are read as 5. */
  schemaVersion: z.preprocess(
    (version) =>
      typeof version === 'number' && version >= 1 && version < traceSchemaVersion ? traceSchemaVersion : version,
    z.literal(traceSchemaVersion),
  ),
  id: z.string(),
  createdAt: z.string(),
  problem: problemSchema,
  problemKey: z.string(),
  /** Of a trace of a study: which of its problem sets the problem is from. */
  problemSet: z.string().optional(),
  condition: conditionSchema,
  conditionKey: z.string(),
  studySeed: z.int(),
  sample: z.int().nonnegative(),
  server: serverRecordSchema,
  dialect: resolvedDialectSchema,
  /** The thinking limit in force, in tokens, and where it comes from. */
  budget: z.object({ maxThinkingTokens: z.int().nonnegative(), from: z.enum(['cap', 'auto', 'context']) }),
  fork: forkSchema.optional(),
  spans: z.array(spanSchema),
  passes: z.array(passSchema),
  status: z.enum(['running', 'complete', 'interrupted']),
  interruption: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }).optional(),
  thinkingEndedBy: thinkingEndedBySchema.nullable(),
  answerEndedBy: answerEndedBySchema.nullable(),
  warnings: z.array(z.string()),
  /** How its answer is graded, where its run says so. */
  grader: graderSchema.optional(),
  /** Of a finished trace: given where it was made. A run that is graded anew keeps later grades in `grades.jsonl`. */
  grade: gradeSchema.optional(),
});
export type Trace = z.infer<typeof traceSchema>;

/** Made of texts, not of the model's own ids: wherever this trace or a number of it is shown, it says so. */
export const isApproximate = ({ server: { level = 'ids' } }: { server: Pick<ServerRecord, 'level'> }) =>
  level !== 'ids';

/** The condition of a trace in a few words, and what its numbers are worth. */
export const describeTrace = ({ condition, server }: Pick<Trace, 'condition' | 'server'>): string =>
  labelled(describeCondition(condition), server);

/** What is said of a condition on a server, with the label that everything approximate carries. */
export const labelled = (text: string, { level }: Pick<ServerRecord, 'level'>): string =>
  level === undefined || level === 'ids' || text.endsWith(approximateLabel) ? text : `${text}${approximateLabel}`;
const approximateLabel = ' (approximate)';

/** Ids in the context at this moment: kept ids in order. */
export function contextIds(trace: Pick<Trace, 'spans'>): number[] {
  return keptSpans(trace).flatMap((span) => span.tokenIds);
}

export const keptSpans = ({ spans }: Pick<Trace, 'spans'>) => spans.filter(({ fate }) => fate === 'kept');

/** Ids that pass `index` had as its prompt, from the record alone. */
export function promptIdsOf(trace: Pick<Trace, 'spans' | 'passes'>, index: number): number[] {
  const path = trace.passes[index]?.branch && new Set(pathOf(trace, index));
  const isOnPath = (span: Span) => !path || path.has(span.pass) || isOpening(span);
  return trace.spans.filter((span) => isOnPath(span) && wasInPrompt(span, index)).flatMap((span) => span.tokenIds);
}

/** The passes of a branch from the prompt to pass `index`, that one included. */
export function pathOf({ passes }: Pick<Trace, 'passes'>, index: number): number[] {
  const path: number[] = [];
  for (let at: number | null = index; at !== null; at = passes[at]?.branch?.parent ?? null) path.unshift(at);
  return path;
}

/** Kept ids of a branch up to and with pass `last`; null: of what all branches begin with. */
export function branchSpans(trace: Pick<Trace, 'spans' | 'passes'>, last: number | null): Span[] {
  const path = new Set(last === null ? [] : pathOf(trace, last));
  return trace.spans.filter((span) => span.fate === 'kept' && (isOpening(span) || path.has(span.pass)));
}

/** `cutBefore` of spans that are cut because another branch was chosen: beyond what any other cut can be. */
export const choiceCut = ({ passes }: Pick<Trace, 'passes'>) => passes.length + 1;

/** The spans of a search as they were before a branch was chosen. */
export function spansBeforeChoice(trace: Pick<Trace, 'spans' | 'passes'>): Span[] {
  const cutBefore = choiceCut(trace);
  return trace.spans.map((span) => {
    if (span.fate !== 'cut' || span.cutBefore !== cutBefore) return span;
    const { cutBefore: _, ...rest } = span;
    return { ...rest, fate: 'kept' };
  });
}

/** What was there before anything was asked for: the prompt, and the marker that opens the thinking. */
export const isOpening = ({ pass, origin, phase }: Span) => pass === 0 && origin === 'template' && phase !== 'answer';

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

/** Of the ids received, those that no server made for this trace: replies that were kept from an earlier run. */
export function tokensFromCache(trace: Pick<Trace, 'spans' | 'passes'>): number {
  const kept = trace.passes.filter(({ fromCache }) => fromCache);
  return kept.reduce((sum, pass) => sum + receivedIdsOf(trace, pass.index).length, 0);
}

/**
 * What a trace cost and how long it took, by kind. Tokens, except `wallMs` and `sequentialDepth` (requests one after
 * another). In a tree search the steps of one depth run at the same time: the slowest of each depth counts.
 */
export interface TraceCosts {
  thinking: number;
  answer: number;
  /** Every id received from the policy: those of rejected thoughts, of branches given up and of probes included. */
  generated: number;
  rejected: number;
  probe: number;
  /** Read and written by the scorer, and by the language model that graded. */
  scorer: number;
  prompt: number;
  /** Null where the server does not tell. */
  cachedPrompt: number | null;
  wallMs: number;
  sequentialDepth: number;
}

export function costsOf(trace: Pick<Trace, 'spans' | 'passes' | 'answerEndedBy' | 'grade'>): TraceCosts {
  const sum = (numbers: number[]) => numbers.reduce((a, b) => a + b, 0);
  const received = (passes: Pass[]) =>
    sum(passes.map((pass) => pass.reportedTokens ?? receivedIdsOf(trace, pass.index).length));
  const cached = trace.passes.flatMap((pass) => pass.cachedPromptTokens ?? []);
  return {
    thinking: thinkingTokens(trace),
    answer: answerTokens(trace),
    generated: received(trace.passes),
    rejected: received(rejectedPasses(trace)),
    probe: received(trace.passes.filter((pass) => pass.purpose === 'probe')),
    scorer: sum([...trace.passes.map(({ score }) => score), trace.grade?.matched].map(tokensOf)),
    prompt: sum(trace.passes.map((pass) => pass.promptTokens)),
    cachedPrompt: cached.length === 0 ? null : sum(cached),
    ...timesOf(trace),
  };
}

const tokensOf = (asked: Pick<StepScore, 'promptTokens' | 'generatedTokens'> | undefined) =>
  asked ? asked.promptTokens + asked.generatedTokens : 0;

/** By depth: passes of one depth run at the same time. Without branches every pass is a depth of its own. */
function timesOf(trace: Pick<Trace, 'passes'>): Pick<TraceCosts, 'wallMs' | 'sequentialDepth'> {
  const depths = new Map<number, { ms: number; requests: number }>();
  for (const { index, branch, durationMs, score } of trace.passes) {
    const depth = branch ? pathOf(trace, index).length : index;
    const slowest = depths.get(depth) ?? { ms: 0, requests: 0 };
    const isAsked = score !== undefined && score.promptTokens > 0;
    slowest.ms = Math.max(slowest.ms, (durationMs ?? 0) + (score?.durationMs ?? 0));
    slowest.requests = Math.max(slowest.requests, isAsked ? 2 : 1);
    depths.set(depth, slowest);
  }
  const all = [...depths.values()];
  return {
    wallMs: all.reduce((total, { ms }) => total + ms, 0),
    sequentialDepth: all.reduce((total, { requests }) => total + requests, 0),
  };
}

/**
 * Passes of thoughts that were given up for another one, or because the last try did not fit either; in a finished tree
 * search those that are not on the chosen branch.
 */
function rejectedPasses({ passes, spans, answerEndedBy }: Pick<Trace, 'passes' | 'spans' | 'answerEndedBy'>): Pass[] {
  if (passes.some(({ branch }) => branch)) {
    if (answerEndedBy === null) return [];
    const chosen = spans.findLast((span) => span.fate === 'kept' && span.origin === 'model' && span.phase === 'answer');
    const path = new Set(chosen ? pathOf({ passes }, chosen.pass) : []);
    return passes.filter(({ index }) => !path.has(index));
  }
  const lastTry = passes.findLastIndex(({ purpose }) => purpose === 'retry');
  return passes.filter(({ phase, index }) => phase === 'thinking' && (index < lastTry || answerEndedBy === 'tries'));
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
  if (trace.dialect.cueIds.every((cue) => cue.length === 0)) return extensions(trace);
  return trace.spans.filter((span) => span.origin === 'forced-cue' && span.fate === 'kept').length;
}

export function thinkingText(trace: Pick<Trace, 'spans'>): string {
  return joinText(trace.spans.filter(isThought));
}

/** The answer as graders see it: a forced `Final Answer:` in front of it belongs to it. */
export function answerText(trace: Pick<Trace, 'spans' | 'dialect'>): string {
  const isForced = ({ origin, fate, text }: Span) =>
    origin === 'forced-delimiter' && fate === 'kept' && text.includes(finalAnswer);
  const forced = trace.spans.some(isForced);
  return (forced ? finalAnswer : '') + joinText(trace.spans.filter(isAnswer));
}

const finalAnswer = 'Final Answer:';
const joinText = (spans: Span[]) => spans.map((span) => span.text).join('');
