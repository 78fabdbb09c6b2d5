import type { Trace } from '../traces/trace';
import {
  cueSpans,
  type ForcingPolicy,
  forcedClose,
  isAtForkPoint,
  keptOf,
  lastThinkingPass,
  mayExtend,
  type PlannedRequest,
  restOf,
  roomFor,
  type Step,
} from './plan';

/**
 * Preset `s1-readme`: the sample in the s1 README.
 * - One budget, reduced by the ids each pass received, stop id included, cue ids not; no cue when none is left.
 * - No delimiter is appended: the model writes it in the answer pass, and what it writes before counts as thinking. So
 *   this preset alone may exceed its cap.
 * Declared deviation: ids are kept between passes, where the README joins texts and tokenises them again.
 */
export const readmePolicy: ForcingPolicy = {
  splitsAnswer: true,
  thinking(trace) {
    const last = lastThinkingPass(trace);
    const remaining = trace.budget.maxThinkingTokens - receivedWhileThinking(trace);
    if (isAtForkPoint(trace)) return think(trace, 'extend', remaining, 1, cueSpans(trace));
    if (!last) return remaining < 1 ? openAnswer('cap') : think(trace, 'start', remaining, 0);
    switch (last.ending) {
      case 'stop':
      case 'length':
        // Also after a length stop, as the sample does; nothing is left then, unless the context ended early.
        if (mayExtend(trace) && remaining >= 1) return think(trace, 'extend', remaining, 1, cueSpans(trace));
        return openAnswer(last.ending === 'stop' ? 'model' : 'cap');
      case 'repetition':
        return openAnswer('loop');
      case 'user':
        return forcedClose(trace, 'user');
      default:
        return resume(trace);
    }
  },
};

function receivedWhileThinking(trace: Trace): number {
  const passes = trace.passes.filter((pass) => pass.phase === 'thinking');
  return passes.reduce((sum, pass) => sum + pass.receivedTokens, 0);
}

/** The answer pass begins where thinking stopped, without a delimiter. */
function openAnswer(by: 'model' | 'cap' | 'context' | 'loop'): Step {
  return { kind: 'close', by, spans: [] };
}

function think(
  trace: Trace,
  purpose: PlannedRequest['purpose'],
  maxTokens: number,
  minTokens: number,
  spans: PlannedRequest['spans'] = [],
): Step {
  if (maxTokens < 1) return openAnswer('cap');
  const room = roomFor(trace, spans);
  if (room < 1) return openAnswer('context');
  const stopTokenIds = trace.dialect.thinkingEndIds;
  const limits = { maxTokens: Math.min(maxTokens, room), minTokens };
  return { kind: 'request', request: { phase: 'thinking', purpose, ...limits, stopTokenIds, spans } };
}

function resume(trace: Trace): Step {
  const last = lastThinkingPass(trace);
  if (!last) return think(trace, 'start', trace.budget.maxThinkingTokens, 0);
  const rest = restOf(last, keptOf(trace, last));
  return think(trace, 'resume', rest.maxTokens, rest.minTokens);
}
