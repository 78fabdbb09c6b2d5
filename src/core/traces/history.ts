import { nextStep } from '../forcing/nextStep';
import { isOpening, type Pass, promptIdsOf, receivedIdsOf, type Span, spansBeforeChoice, type Trace } from './trace';

/** The trace as it was just before pass `index` was planned. */
export function traceBefore(trace: Trace, index: number): Trace {
  const pass = trace.passes[index];
  const isThinking = pass?.phase === 'thinking' || pass?.purpose === 'probe';
  const shared = index === trace.fork?.fromPass ? sharedSpans(trace, trace.fork.offset ?? 0) : new Set<Span>();
  const spans = trace.spans.flatMap((span) => (shared.has(span) ? [{ ...span }] : spanBefore(span, index)));
  const closing = closingOf(trace, index).filter((span) => !shared.has(span));
  return {
    ...structuredClone(trace),
    spans: isThinking ? spans : spans.concat(closing),
    passes: structuredClone(trace.passes.slice(0, index)),
    status: 'running',
    thinkingEndedBy: isThinking ? null : trace.thinkingEndedBy,
    answerEndedBy: null,
  };
}

/** The spans that a fork begins with: forced texts at their end belong to no pass of its own. */
function sharedSpans({ spans }: Trace, offset: number): Set<Span> {
  let left = offset;
  const kept = spans.filter(({ fate }) => fate === 'kept');
  return new Set(
    kept.filter(({ tokenIds }) => {
      left -= tokenIds.length;
      return left >= 0;
    }),
  );
}

/** What pass `index` itself brought is not there yet; what was cut later is still kept. */
function spanBefore(span: Span, index: number): Span[] {
  const isModel = span.origin === 'model';
  const isThere = span.pass < index || (!isModel && index === 0 && isOpening(span));
  if (!isThere) return [];
  if (span.fate !== 'cut' || (span.cutBefore ?? span.pass + 1) <= index) return [{ ...span }];
  const { cutBefore: _, ...rest } = span;
  return [{ ...rest, fate: 'kept' }];
}

/** The delimiter before the answer belongs to the end of thinking, not to the answer's request. */
function closingOf(trace: Trace, index: number): Span[] {
  const isClosing = ({ origin }: Span) => origin !== 'model' && origin !== 'user';
  return trace.spans.filter((span) => span.pass === index && isClosing(span) && span.phase === 'answer');
}

/**
 * Checks a trace read from anywhere: recorded prompts and receipts against its spans, and recorded requests against what
 * the policy asks for again. Returns what does not fit, in sentences; empty for a sound trace.
 */
export function checkTrace(trace: Trace): string[] {
  if (trace.condition.decoder === 'rebase')
    return [...trace.passes.flatMap((pass) => checkIds(trace, pass)), ...checkLevels(trace)];
  const first = trace.fork?.fromPass ?? 0;
  return trace.passes.flatMap((pass) => {
    const problems = checkIds(trace, pass);
    if (pass.index < first) return problems;
    const step = nextStep(traceBefore(trace, pass.index));
    const planned = step.kind === 'request' ? step.request : undefined;
    const { maxTokens, minTokens } = pass.request;
    if (planned?.maxTokens !== maxTokens || planned.minTokens !== minTokens || planned.purpose !== pass.purpose) {
      problems.push(`Pass ${pass.index} is not the request that the condition asks for at this point.`);
    }
    return problems;
  });
}

function checkIds(trace: Trace, pass: Pass): string[] {
  const problems: string[] = [];
  const prompt = promptIdsOf(trace, pass.index).length;
  if (prompt !== pass.promptTokens) {
    problems.push(`Pass ${pass.index} had ${pass.promptTokens} prompt ids, but the spans give ${prompt}.`);
  }
  const received = receivedIdsOf(trace, pass.index).length;
  if (pass.ending !== 'running' && received !== pass.receivedTokens) {
    problems.push(`Pass ${pass.index} received ${pass.receivedTokens} ids, but the spans give ${received}.`);
  }
  return problems;
}

/**
 * A tree search is planned a level at a time, so it is checked so: the requests of each level again, from the passes and
 * scores before it. What an interruption left half-scored is judged by what came of it.
 */
function checkLevels(trace: Trace): string[] {
  const problems: string[] = [];
  for (let index = 0; index < trace.passes.length; ) {
    const step = nextStep(searchBefore(trace, index));
    const planned = step.kind === 'branch' ? step.requests : [];
    for (const [place, { maxTokens, purpose, parent }] of planned.entries()) {
      const pass = trace.passes[index + place];
      const isSame =
        pass?.request.maxTokens === maxTokens && pass.purpose === purpose && pass.branch?.parent === parent;
      if (!isSame) problems.push(`Pass ${index + place} is not the step that the search asks for at this point.`);
    }
    if (planned.length === 0) return [...problems, `Pass ${index} comes after the end of the search.`];
    index += planned.length;
  }
  return problems;
}

/** The search as it was before pass `index` and those begun with it were planned. */
export function searchBefore(trace: Trace, index: number): Trace {
  const isThere = (span: Span) => span.pass < index || isOpening(span);
  return {
    ...structuredClone(trace),
    spans: structuredClone(spansBeforeChoice(trace)).filter(isThere),
    passes: structuredClone(trace.passes.slice(0, index)),
    status: 'running',
    thinkingEndedBy: null,
    answerEndedBy: null,
  };
}
