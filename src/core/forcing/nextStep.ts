import { answerTokens, contextIds, type Span, type Trace } from '../traces/trace';
import { forkSpans, hasReachedLimit, isAtForkPoint, keptOf, restOf, roomFor, type Step } from './plan';
import { policyOf } from './policies';

/** The next step of a trace: thinking by the preset's policy until it has ended, then the answer. */
export function nextStep(trace: Trace): Step {
  const policy = policyOf(trace);
  if (trace.thinkingEndedBy === null) return policy.thinking(trace);
  return policy.answer ? policy.answer(trace) : answerStep(trace);
}

function answerStep(trace: Trace): Step {
  const last = trace.passes.at(-1);
  const room = trace.server.contextLength - contextIds(trace).length;
  if (policyOf(trace).isHopeless?.(trace)) return { kind: 'complete', answerEndedBy: 'tries' };
  if (isAtForkPoint(trace) && trace.fork?.step !== 'end') return goOnAnswering();
  if (last?.phase !== 'answer' || last.purpose === 'probe')
    return room < 1 ? contextFull : ask('answer', startLimit(trace, room));
  switch (last.ending) {
    case 'stop':
      return { kind: 'complete', answerEndedBy: 'model' };
    case 'length':
    case 'repetition':
      return room < 1 || !hasReachedLimit(last) ? contextFull : { kind: 'complete', answerEndedBy: 'length' };
    default: {
      const rest = restOf(last, keptOf(trace, last)).maxTokens;
      if (room < 1) return contextFull;
      return rest < 1 ? { kind: 'complete', answerEndedBy: 'length' } : ask('resume', Math.min(rest, room));
    }
  }

  /** A fork in the answer: what was said before the place counts against the limit of the answer. */
  function goOnAnswering(): Step {
    const spans = forkSpans(trace, 'answer');
    const left = roomFor(trace, spans);
    if (left < 1) return contextFull;
    const limit = (trace.condition.maxAnswerTokens ?? Infinity) - answerTokens(trace);
    return limit < 1 ? { kind: 'complete', answerEndedBy: 'length' } : ask('fork', Math.min(limit, left), spans);
  }

  function ask(purpose: 'answer' | 'resume' | 'fork', maxTokens: number, spans: Span[] = []): Step {
    const { answerEndIds: stopTokenIds } = trace.dialect;
    return { kind: 'request', request: { phase: 'answer', purpose, maxTokens, minTokens: 0, stopTokenIds, spans } };
  }
}

const contextFull: Step = { kind: 'complete', answerEndedBy: 'context' };

const startLimit = (trace: Trace, room: number) => Math.min(trace.condition.maxAnswerTokens ?? room, room);
