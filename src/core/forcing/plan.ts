import {
  type AnswerEndedBy,
  contextIds,
  extensions,
  type Pass,
  type PassRequest,
  type Span,
  type ThinkingEndedBy,
  type Trace,
} from '../traces/trace';
import { cueIndex, type Sampling } from './condition';

/**
 * What happens next in a trace, decided from the trace alone. So a trace read from disk makes the same requests again,
 * an interrupted one continues where it stopped, and every rule can be tested without a server.
 */
export type Step =
  /** `discard`: the thinking so far is rejected first. */
  | { kind: 'request'; request: PlannedRequest; discard?: true }
  /** Thinking is over: cut it to `keep` ids first if set, then append `spans` and ask for the answer. */
  | { kind: 'close'; by: ThinkingEndedBy; spans: Span[]; keep?: number }
  | { kind: 'complete'; answerEndedBy: AnswerEndedBy }
  /** Tree search: several requests at the same time. */
  | { kind: 'branch'; requests: BranchRequest[] }
  /** Tree search: these passes are judged, at the same time. */
  | { kind: 'score'; passes: number[] }
  /** Tree search is over: the branch that ends with this pass stays. */
  | { kind: 'choose'; pass: number | null; by: ThinkingEndedBy };

/** A request that goes on from the end of pass `parent`, or from the prompt (null). */
export interface BranchRequest extends PlannedRequest {
  parent: number | null;
}

export interface PlannedRequest {
  phase: Pass['phase'];
  purpose: Pass['purpose'];
  maxTokens: number;
  minTokens: number;
  stopTokenIds: number[];
  /** Appended to the context before the request. */
  spans: Span[];
}

/** How thinking is paced. Each preset is one policy; the answer is the same for all. */
export interface ForcingPolicy {
  thinking(trace: Trace): Step;
  /** After the thinking; without it the answer is asked for as usual. */
  answer?(trace: Trace): Step;
  /** The model writes the delimiter itself, in the answer pass, whose ids before it are thinking. */
  splitsAnswer?: true;
  /** Thinking ended without a thought that could be answered. */
  isHopeless?(trace: Trace): boolean;
}

/** Thinking passes so far: those of the parent included in a fork. */
export function lastThinkingPass(trace: Trace): Pass | undefined {
  return trace.passes.filter((pass) => pass.phase === 'thinking').at(-1);
}

export function nextPassIndex(trace: Trace): number {
  return trace.passes.length;
}

/** True right after a fork, before its own first pass: its first step is given, not derived. */
export function isAtForkPoint(trace: Trace): boolean {
  return trace.fork !== undefined && trace.passes.length === trace.fork.fromPass;
}

/** An end of thinking may be suppressed once more. */
export function mayExtend(trace: Trace): boolean {
  const { ignore } = trace.condition;
  return ignore === 'until-cap' || extensions(trace) < ignore;
}

/** The cue that goes in place of the next suppressed end. */
export function cueSpans(trace: Trace): Span[] {
  const index = cueIndex(trace.condition, extensions(trace), trace);
  const tokenIds = trace.dialect.cueIds[index] ?? [];
  if (tokenIds.length === 0) return [];
  const pass = nextPassIndex(trace);
  const text = trace.condition.cues[index] ?? '';
  return [{ pass, phase: 'thinking', origin: 'forced-cue', fate: 'kept', tokenIds, text }];
}

/** The words that a fork begins with: a cue that was named, or the user's own. */
export function forkSpans(trace: Trace, phase: 'thinking' | 'answer'): Span[] {
  const { step, tokenIds = [], text = '' } = trace.fork ?? {};
  if (tokenIds.length === 0) return [];
  const origin = step === 'cue' ? 'forced-cue' : 'user';
  return [{ pass: nextPassIndex(trace), phase, origin, fate: 'kept', tokenIds, text }];
}

/** The model ended thinking itself: the closing delimiter, written by us so that it is whole. */
export function naturalClose(trace: Trace): Step {
  return { kind: 'close', by: isLastStep(trace) ? 'steps' : 'model', spans: [closingSpan(trace, 'template')] };
}

/** The model opened step 0: it was told to stop there. */
function isLastStep({ dialect, spans }: Trace): boolean {
  const end = spans.findLast((span) => span.phase === 'thinking' && span.fate === 'suppressed')?.tokenIds ?? [];
  const { lastStepIds } = dialect;
  return lastStepIds.length > 0 && end.length === lastStepIds.length && end.every((id, at) => id === lastStepIds[at]);
}

/** Thinking is ended for the model: newline rule, delimiter, `Final Answer:` (s1 facts: appended on a length stop). */
export function forcedClose(trace: Trace, by: ThinkingEndedBy): Extract<Step, { kind: 'close' }> {
  const { dialect } = trace;
  const newline = thinkingEndsWithNewline(trace) ? [] : dialect.newlineIds;
  const tokenIds = [...newline, ...dialect.forcedClosingIds];
  const text = (newline.length > 0 ? '\n' : '') + dialect.forcedClosing;
  const pass = nextPassIndex(trace);
  const span: Span = {
    pass,
    phase: 'answer',
    origin: 'forced-delimiter',
    fate: 'kept',
    tokenIds,
    text,
    delimiter: true,
  };
  return { kind: 'close', by, spans: [span] };
}

/** The bare closing delimiter, after a natural end (`template`) or a cut (`forced-delimiter`). */
export function closingSpan(trace: Trace, origin: 'template' | 'forced-delimiter'): Span {
  const { closingIds: tokenIds, closing: text } = trace.dialect;
  return { pass: nextPassIndex(trace), phase: 'answer', origin, fate: 'kept', tokenIds, text, delimiter: true };
}

/** By ids: the pass recorded whether its last kept id ends a line. */
function thinkingEndsWithNewline(trace: Trace): boolean {
  const last = trace.spans.filter((span) => span.phase === 'thinking' && span.fate !== 'suppressed').at(-1);
  if (!last || last.delimiter) return false;
  if (last.origin !== 'model') return last.text.endsWith('\n');
  return trace.passes[last.pass]?.endsWithNewline ?? false;
}

/** Ids left of a request that was interrupted or went astray: the rest of its own limit. */
export function restOf(pass: Pass, kept: number): Pick<PassRequest, 'maxTokens' | 'minTokens'> {
  return {
    maxTokens: pass.request.maxTokens - kept,
    minTokens: Math.max(0, pass.request.minTokens - kept),
  };
}

/** The pass brought as many tokens as it was asked for; one that stopped before came to the end of the context. */
export function hasReachedLimit({ receivedTokens, reportedTokens = 0, request }: Pass): boolean {
  return Math.max(receivedTokens, reportedTokens) >= request.maxTokens;
}

/** Kept ids of one pass. */
export function keptOf(trace: Trace, pass: Pass): number {
  const own = trace.spans.filter((span) => span.origin === 'model' && span.pass === pass.index && span.fate === 'kept');
  return own.reduce((sum, span) => sum + span.tokenIds.length, 0);
}

/** Ids the context can still hold after `spans`: a server refuses to be asked for more. */
export function roomFor(trace: Trace, spans: Span[]): number {
  const added = spans.reduce((sum, span) => sum + span.tokenIds.length, 0);
  return trace.server.contextLength - contextIds(trace).length - added;
}

/** Sampling of a request: the answer may have its own, and thinking may get warmer with each forced cue. */
export function samplingOf(trace: Trace, { phase, purpose }: Pick<PlannedRequest, 'phase' | 'purpose'>): Sampling {
  const { sampling, answerSampling, temperaturePerCue } = trace.condition;
  if (phase === 'answer') return answerSampling ?? sampling;
  const cues = extensions(trace) + (purpose === 'extend' ? 1 : 0);
  return { ...sampling, temperature: Math.min(2, sampling.temperature + cues * temperaturePerCue) };
}
