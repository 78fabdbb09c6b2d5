import { contextIds, type Trace, thinkingTokens } from '../traces/trace';
import {
  closingSpan,
  cueSpans,
  type ForcingPolicy,
  forcedClose,
  isAtForkPoint,
  keptOf,
  lastThinkingPass,
  mayExtend,
  naturalClose,
  type PlannedRequest,
  restOf,
  roomFor,
  type Step,
} from './plan';

/**
 * Preset `s1-harness`: the released evaluation code (`vllm_causallms.py` of the s1 fork), quirks included.
 * - Each pass gets the full limit again, with `min_tokens` 1 in every pass as soon as ends are ignored (and then a
 *   minimum of the user's is dropped).
 * - The total is cut to the limit once, after the last pass; the cut neither changes how thinking ended nor adds
 *   `Final Answer:`.
 * - A length stop retires the sample at once: no more cues, forced end.
 * One thing differs by necessity: a server refuses more tokens than its context holds, so limits are clamped to it.
 */
export const harnessPolicy: ForcingPolicy = {
  thinking(trace) {
    const last = lastThinkingPass(trace);
    if (isAtForkPoint(trace)) return think(trace, 'extend', cueSpans(trace));
    if (!last) return trace.budget.maxThinkingTokens < 1 ? forcedClose(trace, 'cap') : think(trace, 'start');
    switch (last.ending) {
      case 'stop':
        return mayExtend(trace) ? think(trace, 'extend', cueSpans(trace)) : cutOr(trace, naturalClose(trace));
      case 'length':
        return cutOr(trace, forcedClose(trace, isContextFull(trace) ? 'context' : 'cap'));
      case 'repetition':
        return cutOr(trace, forcedClose(trace, 'loop'));
      case 'user':
        return cutOr(trace, forcedClose(trace, 'user'));
      default:
        return resume(trace);
    }
  },
};

const limit = (trace: Trace) => trace.budget.maxThinkingTokens;

/** Ids beyond the limit are cut, by ids; after a natural end the bare delimiter follows the cut. */
function cutOr(trace: Trace, close: Step): Step {
  if (close.kind !== 'close' || thinkingTokens(trace) <= limit(trace)) return close;
  const spans = close.by === 'model' ? [closingSpan(trace, 'forced-delimiter')] : close.spans;
  return { kind: 'close', by: 'cap', spans, keep: limit(trace) };
}

function think(trace: Trace, purpose: PlannedRequest['purpose'], spans: PlannedRequest['spans'] = []): Step {
  const room = roomFor(trace, spans);
  if (room < 1) return cutOr(trace, forcedClose(trace, 'context'));
  const { ignore, minThinkingTokens } = trace.condition;
  const maxTokens = Math.min(limit(trace), room);
  const minTokens = Math.min(maxTokens, ignore !== 0 || trace.fork ? 1 : minThinkingTokens);
  return request(trace, { purpose, maxTokens, minTokens, spans });
}

/** An interrupted pass goes on with the rest of its own limit. */
function resume(trace: Trace): Step {
  const last = lastThinkingPass(trace);
  if (!last) return think(trace, 'start');
  const rest = restOf(last, keptOf(trace, last));
  if (rest.maxTokens < 1) return cutOr(trace, forcedClose(trace, 'cap'));
  return request(trace, { purpose: 'resume', ...rest, spans: [] });
}

function request(trace: Trace, planned: Omit<PlannedRequest, 'phase' | 'stopTokenIds'>): Step {
  return {
    kind: 'request',
    request: { phase: 'thinking', stopTokenIds: trace.dialect.thinkingEndIds, ...planned },
  };
}

const isContextFull = (trace: Trace) => contextIds(trace).length >= trace.server.contextLength;
