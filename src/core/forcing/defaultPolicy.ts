import { type Trace, thinkingTokens } from '../traces/trace';
import {
  cueSpans,
  type ForcingPolicy,
  forcedClose,
  isAtForkPoint,
  keptOf,
  lastThinkingPass,
  mayExtend,
  naturalClose,
  type PlannedRequest,
  type Step,
} from './plan';

/**
 * Preset `default`: one total budget. Every kept thinking id counts against it, cue ids included; a cue is forced only
 * if at least one id of thinking can follow it; an end that comes before the minimum is suppressed without a cue.
 */
export const defaultPolicy: ForcingPolicy = {
  thinking(trace) {
    const last = lastThinkingPass(trace);
    const remaining = trace.budget.maxThinkingTokens - thinkingTokens(trace);
    if (isAtForkPoint(trace)) return extend(trace, remaining);
    if (!last) return think(trace, 'start', remaining);
    switch (last.ending) {
      case 'stop':
        return afterStop(trace, remaining);
      case 'length':
        // A server that stops before the limit has come to the end of its context.
        return forcedClose(trace, last.receivedTokens < last.request.maxTokens ? 'context' : limitName(trace));
      case 'repetition':
        return forcedClose(trace, 'loop');
      case 'user':
        return forcedClose(trace, 'user');
      default:
        return think(trace, 'resume', remaining);
    }
  },
};

function afterStop(trace: Trace, remaining: number): Step {
  const isCueAffordable = remaining - trace.dialect.cueIds.length >= 1;
  if (mayExtend(trace) && isCueAffordable) return extend(trace, remaining);
  const isTooEarly = thinkingTokens(trace) < trace.condition.minThinkingTokens;
  if (isTooEarly && remaining >= 1 && !isStuck(trace)) return think(trace, 'minimum', remaining, 1);
  return naturalClose(trace);
}

/** A server that ignores `min_tokens` may end again at once: then its end is taken. */
function isStuck(trace: Trace): boolean {
  const last = lastThinkingPass(trace);
  return last?.purpose === 'minimum' && keptOf(trace, last) === 0;
}

function extend(trace: Trace, remaining: number): Step {
  const spans = cueSpans(trace);
  const left = remaining - spans.reduce((sum, span) => sum + span.tokenIds.length, 0);
  return left >= 1 ? think(trace, 'extend', left, 1, spans) : forcedClose(trace, limitName(trace));
}

function think(
  trace: Trace,
  purpose: PlannedRequest['purpose'],
  maxTokens: number,
  atLeast = 0,
  spans: PlannedRequest['spans'] = [],
): Step {
  if (maxTokens < 1) return forcedClose(trace, limitName(trace));
  const counted = thinkingTokens(trace) + spans.reduce((sum, span) => sum + span.tokenIds.length, 0);
  const minTokens = Math.min(maxTokens, Math.max(atLeast, trace.condition.minThinkingTokens - counted));
  const stopTokenIds = trace.dialect.thinkingEndIds;
  return { kind: 'request', request: { phase: 'thinking', purpose, maxTokens, minTokens, stopTokenIds, spans } };
}

/** `context` if the user set no cap, or one that the context cannot hold. */
const limitName = (trace: Trace) => (trace.budget.from === 'context' ? 'context' : 'cap');
