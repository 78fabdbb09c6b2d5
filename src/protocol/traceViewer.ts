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
  pass: number;
}

export interface WirePass {
  index: number;
  purpose: string;
  promptTokens: number;
  receivedTokens: number;
  maxTokens: number;
  minTokens: number;
  ending: string;
  /** In the server's words. */
  finishReason: string;
  stopReason: string;
  seed: number;
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
  warnings: string[];
  /** False for a trace file: there is no engine behind it. */
  canAct: boolean;
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

export type ToTraceViewer = TraceSnapshot | TraceDelta;

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
] as const;
export type TraceAction = (typeof traceActions)[number];

export const fromTraceViewerSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  /** The page missed a message. */
  z.object({ type: z.literal('trace/resync') }),
  z.object({ type: z.literal('action'), action: z.enum(traceActions) }),
]);
export type FromTraceViewer = z.infer<typeof fromTraceViewerSchema>;
