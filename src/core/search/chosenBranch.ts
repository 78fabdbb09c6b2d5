import { branchSpans, pathOf, type Span, type Trace } from '../traces/trace';

/** The chosen branch of a search as a trace without branches: its passes alone, numbered anew. */
export function chosenBranch(trace: Trace): Trace {
  const last = trace.spans.findLast((span) => span.fate === 'kept' && span.origin === 'model')?.pass ?? null;
  const path = last === null ? [] : pathOf(trace, last);
  const kept = new Set(branchSpans(trace, last));
  const isEnd = (span: Span) => span.fate === 'suppressed' && path.includes(span.pass);
  const own = trace.spans.filter((span) => kept.has(span) || isEnd(span));
  const passes = trace.passes.filter(({ index }) => path.includes(index));
  return {
    ...trace,
    spans: own.map((span) => ({ ...span, pass: Math.max(0, path.indexOf(span.pass)) })),
    passes: passes.map(({ branch: _, score: __, ...pass }, index) => ({ ...pass, index })),
  };
}
