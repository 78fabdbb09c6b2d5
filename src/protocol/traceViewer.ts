import * as z from 'zod';

/**
 * Messages between the host and the trace viewer's page. The host owns the trace; the page shows it and keeps only where
 * the reader is. Text travels as it is and enters the page as text.
 */

/** A stretch of the trace as a reader sees it. */
export interface WireSpan {
  /**
   * text: the model's own. cue: forced. suppressed: an end taken away. ended: an end that was let pass. cut: over a
   * limit. rejected: of a thought that was given up. probe: what would have been answered there. end: thinking ended for
   * the model. marker: a delimiter of the template.
   */
  kind: 'text' | 'cue' | 'suppressed' | 'ended' | 'cut' | 'rejected' | 'probe' | 'end' | 'marker';
  phase: 'thinking' | 'answer';
  text: string;
  tokens: number;
  /** Of them, those that count as thinking. */
  thought: number;
  pass: number;
  /** Number of the span in the trace, with which a place in it is named. */
  index: number;
}

export interface WirePass {
  index: number;
  purpose: string;
  startedAt: string;
  promptTokens: number;
  /** Null: the server does not tell. */
  cachedPromptTokens: number | null;
  receivedTokens: number;
  maxTokens: number;
  minTokens: number;
  ending: string;
  /** In the server's words. */
  finishReason: string;
  stopReason: string;
  seed: number;
  /** Null: a trace from before it was recorded. */
  temperature: number | null;
  stopTokenIds: number[];
  maskedTokenIds: number[];
  firstTokenMs: number | null;
  durationMs: number | null;
}

export interface WireTrace {
  id: string;
  question: string;
  condition: string;
  server: string;
  state: 'running' | 'complete' | 'interrupted';
  /** What it is doing, or how it ended, in words. */
  status: string;
  /** Set if interrupted: the reason and what to do. */
  interruption: string | null;
  outcome: string | null;
  answer: string | null;
  expected: string | null;
  thinkingTokens: number;
  answerTokens: number;
  generatedTokens: number;
  budget: number;
  budgetFrom: 'cap' | 'auto' | 'context';
  /** Thinking tokens before each forced cue: where the ticks are. */
  cuesAt: number[];
  spans: WireSpan[];
  passes: WirePass[];
  steps: { at: WirePlace; kind: string; title: string }[];
  /** Words with which the model turns back on what it wrote. */
  reflections: WirePlace[];
  loops: { from: WirePlace; to: WirePlace }[];
  warnings: string[];
  /** False for a trace of a study and for a trace file: it cannot be gone on with where it is. */
  canAct: boolean;
  /** It has ended, and can be forked, probed and noted. */
  canExamine: boolean;
}

/** What is known of a trace beside itself. */
export interface WireLaboratory {
  type: 'trace/laboratory';
  probes: WireProbe[];
  /** In words: when the answer was right first, and when it settled. Empty without probes. */
  trajectory: string;
  notes: { id: string; label: string; text: string; part: string }[];
  /** The tree of forks, each line below its parent. Empty: there are none. */
  family: WireRelative[];
}

/** What was recorded of the tokens of each span. */
export interface WireLogprobs {
  type: 'trace/logprobs';
  /** Null: nothing was. */
  spans: WireTokens[] | null;
}

/** Parallel lists, one entry for each token of a span. */
export interface WireTokens {
  /** Number of the span in the trace. */
  index: number;
  /** Where each token ends, in characters of the span. */
  ends: number[];
  /** In nats; null: the server said nothing of it. */
  logprobs: (number | null)[];
  /** Estimates, in nats. */
  entropies: (number | null)[];
  /** The likeliest in its place, by text. */
  top: [text: string, logprob: number][][];
}

/** What would have been answered behind so many thinking tokens. */
export interface WireProbe {
  thinkingTokens: number;
  answer: string | null;
  isRight: boolean | null;
}

export interface WireRelative {
  id: string;
  depth: number;
  /** The trace that the page shows. */
  isThis: boolean;
  outcome: string;
  answer: string | null;
  thinkingTokens: number;
  /** What it began with, and where. */
  about: string;
  /** A fork that nothing was forked from. */
  canDelete: boolean;
}

/** The whole trace as it stands: at `ready`, after a gap, and whenever more changed than text. */
interface TraceSnapshot {
  type: 'trace/snapshot';
  seq: number;
  trace: WireTrace;
}

/** Text that joins the last span. Messages are numbered without gaps. */
interface TraceDelta {
  type: 'trace/delta';
  seq: number;
  text: string;
  tokens: number;
  phase: 'thinking' | 'answer';
}

export type ToTraceViewer = TraceSnapshot | TraceDelta | WireLaboratory | WireLogprobs;

export const traceActions = [
  'stop',
  'stopAndAnswer',
  'waitAgain',
  'continue',
  'copyText',
  'copyMarkdown',
  'copyIds',
  'copyCommand',
  'save',
  'probe',
  'fork',
] as const;
export type TraceAction = (typeof traceActions)[number];

/** So many characters into the text of a span. */
const place = z.object({ span: z.int().nonnegative(), characters: z.int().nonnegative() });
export type WirePlace = z.infer<typeof place>;

export const fromTraceViewerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** The page missed a message. */
  z.object({ type: z.literal('trace/resync') }),
  z.object({ type: z.literal('action'), action: z.enum(traceActions) }),
  /** The reader points at a place, or at a part that begins at `from`, and wants to do something there. */
  z.object({ type: z.literal('place'), at: place, from: place.optional() }),
  z.object({ type: z.literal('open'), traceId: z.string() }),
  /** This trace and another one, side by side. */
  z.object({ type: z.literal('compare'), traceId: z.string() }),
  /** The reader wants the text shaded. */
  z.object({ type: z.literal('logprobs') }),
  z.object({ type: z.literal('removeNote'), noteId: z.string() }),
  z.object({ type: z.literal('deleteFork'), traceId: z.string() }),
]);
export type FromTraceViewer = z.infer<typeof fromTraceViewerSchema>;
