import { contextIds, type Trace } from '../traces/trace';
import { keptOf, restOf, type Step } from './plan';
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
  if (last?.phase !== 'answer' || last.purpose === 'probe')
    return room < 1 ? contextFull : ask('answer', startLimit(trace, room));
  switch (last.ending) {
    case 'stop':
      return { kind: 'complete', answerEndedBy: 'model' };
    case 'length':
    case 'repetition':
      return room < 1 || last.receivedTokens < last.request.maxTokens
        ? contextFull
        : { kind: 'complete', answerEndedBy: 'length' };
    default: {
      const rest = restOf(last, keptOf(trace, last)).maxTokens;
      if (room < 1) return contextFull;
      return rest < 1 ? { kind: 'complete', answerEndedBy: 'length' } : ask('resume', Math.min(rest, room));
    }
  }

  function ask(purpose: 'answer' | 'resume', maxTokens: number): Step {
    const { answerEndIds: stopTokenIds } = trace.dialect;
    return { kind: 'request', request: { phase: 'answer', purpose, maxTokens, minTokens: 0, stopTokenIds, spans: [] } };
  }
}

const contextFull: Step = { kind: 'complete', answerEndedBy: 'context' };

const startLimit = (trace: Trace, room: number) => Math.min(trace.condition.maxAnswerTokens ?? room, room);
