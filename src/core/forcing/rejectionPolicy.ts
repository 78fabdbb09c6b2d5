import { type Trace, thinkingTokens } from '../traces/trace';
import {
  type ForcingPolicy,
  forcedClose,
  keptOf,
  lastThinkingPass,
  naturalClose,
  type PlannedRequest,
  restOf,
  roomFor,
  type Step,
} from './plan';

/**
 * Decoder `rejection` (s1 paper §5.4 and Figure 6): a thought is sampled with one token more than the limit, and accepted
 * if the model ended it within the limit, its stop id counted, as the released code does. Otherwise it is rejected as a
 * whole and the next one is tried, with its own seed.
 * Deviation: the released code tries for ever; here `maxTries` ends it, and the trace has no answer.
 */
export const rejectionPolicy: ForcingPolicy = {
  thinking(trace) {
    const last = lastThinkingPass(trace);
    if (!last) return trace.budget.maxThinkingTokens < 1 ? forcedClose(trace, 'cap') : tryOnce(trace, 'start');
    if (last.ending === 'user') return forcedClose(trace, 'user');
    if (last.ending === 'interrupted' || last.ending === 'running') return resume(trace);
    if (isAccepted(trace)) return naturalClose(trace);
    if (triesOf(trace) < trace.condition.maxTries) return { ...tryOnce(trace, 'retry'), discard: true };
    return { kind: 'close', by: 'cap', spans: [], keep: 0 };
  },
  isHopeless: (trace) => trace.thinkingEndedBy === 'cap' && triesOf(trace) > 0 && !isAccepted(trace),
};

/** By what the pass received, not by what is kept: a rejected thought is read again from disk with its ids cut. */
function isAccepted(trace: Trace): boolean {
  const last = lastThinkingPass(trace);
  return last?.ending === 'stop' && received(trace) <= trace.budget.maxThinkingTokens;
}

/** Ids of the last try, those before an interruption included. */
function received(trace: Trace): number {
  const passes = trace.passes.filter(({ phase }) => phase === 'thinking');
  const begun = passes.findLastIndex(({ purpose }) => purpose !== 'resume');
  return passes.slice(begun).reduce((sum, pass) => sum + pass.receivedTokens, 0);
}

/** Thoughts that were sampled so far. */
export function triesOf({ passes }: Pick<Trace, 'passes'>): number {
  return passes.filter(({ purpose }) => purpose === 'start' || purpose === 'retry').length;
}

function tryOnce(trace: Trace, purpose: 'start' | 'retry') {
  const room = roomFor(trace, []) + thinkingTokens(trace); // what was thought before is given up
  return request(trace, { purpose, maxTokens: Math.max(1, Math.min(trace.budget.maxThinkingTokens + 1, room)) });
}

/** An interrupted try goes on with the rest of its own limit. */
function resume(trace: Trace): Step {
  const last = lastThinkingPass(trace);
  const rest = last ? restOf(last, keptOf(trace, last)).maxTokens : 0;
  return rest < 1
    ? { ...tryOnce(trace, 'retry'), discard: true }
    : request(trace, { purpose: 'resume', maxTokens: rest });
}

function request(trace: Trace, planned: Pick<PlannedRequest, 'purpose' | 'maxTokens'>) {
  const { thinkingEndIds: stopTokenIds } = trace.dialect;
  return {
    kind: 'request' as const,
    request: { phase: 'thinking' as const, minTokens: 0, stopTokenIds, spans: [], ...planned },
  };
}
