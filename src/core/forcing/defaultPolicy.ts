import { answerKey, extractAnswer } from '../evaluate/outcome';
import { type Pass, type Trace, thinkingTokens } from '../traces/trace';
import {
  cueSpans,
  type ForcingPolicy,
  forcedClose,
  forkSpans,
  hasReachedLimit,
  isAtForkPoint,
  keptOf,
  lastThinkingPass,
  mayExtend,
  naturalClose,
  type PlannedRequest,
  roomFor,
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
    if (isAtForkPoint(trace)) return fork(trace, remaining);
    if (!last) return think(trace, 'start', remaining);
    if (trace.passes.at(-1)?.purpose === 'probe') {
      return probesAgree(trace) ? forcedClose(trace, 'probe') : think(trace, 'more', remaining);
    }
    switch (last.ending) {
      case 'stop':
        return afterStop(trace, remaining);
      case 'length':
        if (isProbeDue(trace, last, remaining)) return probe(trace);
        // A server that stops before the limit has come to the end of its context.
        return forcedClose(trace, !hasReachedLimit(last) ? 'context' : limitName(trace));
      case 'repetition':
        return mayRotate(trace) && isCueAffordable(trace, remaining)
          ? extend(trace, remaining)
          : forcedClose(trace, 'loop');
      case 'user':
        return forcedClose(trace, 'user');
      default:
        return think(trace, 'resume', remaining);
    }
  },
};

function afterStop(trace: Trace, remaining: number): Step {
  if (mayExtend(trace) && isCueAffordable(trace, remaining)) return extend(trace, remaining);
  // Too little is left for a cue and a thought, but the budget is to be used to the last token.
  const isExact = trace.condition.ignore === 'until-cap';
  if (isExact && remaining >= 1 && !isStuck(trace)) return think(trace, 'minimum', remaining, remaining);
  const isTooEarly = thinkingTokens(trace) < trace.condition.minThinkingTokens;
  if (isTooEarly && remaining >= 1 && !isStuck(trace)) return think(trace, 'minimum', remaining, 1);
  return naturalClose(trace);
}

function isCueAffordable(trace: Trace, remaining: number): boolean {
  return remaining - idsOf(cueSpans(trace)) >= 1;
}

const idsOf = (spans: PlannedRequest['spans']) => spans.reduce((sum, span) => sum + span.tokenIds.length, 0);

/** A thought that begins to loop again after each of so many cues will not be turned by another. */
const maxRotations = 8;

function mayRotate(trace: Trace): boolean {
  const loops = trace.passes.filter(({ ending }) => ending === 'repetition').length;
  return trace.condition.loopGuard === 'rotate' && loops <= maxRotations;
}

/** A pass that ended where a probe was planned, with budget left. */
function isProbeDue(trace: Trace, last: Pass, remaining: number): boolean {
  const { earlyStop } = trace.condition;
  return earlyStop !== null && remaining >= 1 && hasReachedLimit(last);
}

/** What the model would answer now: the forced end and a few tokens of answer, none of which stay. */
function probe(trace: Trace): Step {
  const close = forcedClose(trace, 'probe');
  const pass = trace.passes.length;
  const spans = close.spans.map((span) => ({ ...span, fate: 'cut' as const, cutBefore: pass + 1 }));
  const maxTokens = Math.min(trace.condition.earlyStop?.probeTokens ?? 1, roomFor(trace, spans));
  if (maxTokens < 1) return close;
  const stopTokenIds = trace.dialect.answerEndIds;
  return {
    kind: 'request',
    request: { phase: 'answer', purpose: 'probe', maxTokens, minTokens: 0, stopTokenIds, spans },
  };
}

/** The last probes all found the same answer. */
function probesAgree(trace: Trace): boolean {
  const { agree = 2 } = trace.condition.earlyStop ?? {};
  const answers = trace.passes
    .filter(({ purpose }) => purpose === 'probe')
    .slice(-agree)
    .map(({ index }) => probeAnswer(trace, index));
  const [first] = answers;
  return answers.length === agree && first != null && answers.every((answer) => answer === first);
}

function probeAnswer(trace: Trace, pass: number): string | null {
  const own = trace.spans.filter((span) => span.pass === pass && span.phase === 'answer');
  const spoken = own.filter((span) => span.origin === 'forced-delimiter' || !span.delimiter);
  const extracted = extractAnswer(spoken.map((span) => span.text).join(''));
  return extracted === null ? null : answerKey(extracted, trace.problem.choices);
}

/** A server that ignores `min_tokens` may end again at once: then its end is taken. */
function isStuck(trace: Trace): boolean {
  const last = lastThinkingPass(trace);
  return last?.purpose === 'minimum' && keptOf(trace, last) === 0;
}

/** What was wished for behind the prefix that is shared with another trace. */
function fork(trace: Trace, remaining: number): Step {
  switch (trace.fork?.step) {
    case 'end':
      return forcedClose(trace, 'user');
    case 'cue':
    case 'edit':
    case 'sample': {
      const spans = forkSpans(trace, 'thinking');
      const purpose = trace.fork.step === 'cue' ? 'extend' : 'fork';
      return think(trace, purpose, remaining - idsOf(spans), purpose === 'extend' ? 1 : 0, spans);
    }
    default:
      return extend(trace, remaining);
  }
}

function extend(trace: Trace, remaining: number): Step {
  const spans = cueSpans(trace);
  const left = remaining - idsOf(spans);
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
  const { minThinkingTokens, earlyStop } = trace.condition;
  const counted = thinkingTokens(trace) + idsOf(spans);
  const untilProbe = earlyStop ? earlyStop.everyTokens - (counted % earlyStop.everyTokens) : maxTokens;
  const limit = Math.min(maxTokens, untilProbe);
  const minTokens = Math.min(limit, Math.max(atLeast, minThinkingTokens - counted));
  const stopTokenIds = trace.dialect.thinkingEndIds;
  return { kind: 'request', request: { phase: 'thinking', purpose, maxTokens: limit, minTokens, stopTokenIds, spans } };
}

/** `context` if the user set no cap, or one that the context cannot hold. */
const limitName = (trace: Trace) => (trace.budget.from === 'context' ? 'context' : 'cap');
