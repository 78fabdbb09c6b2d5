import type { Span, Trace } from '../traces/trace';

/**
 * The response text that the released evaluation logs for a sample: the opening, the whole thinking text (ids cut at the
 * limit included, which the answer never saw), the delimiter, the answer.
 */
export function harnessLogText(trace: Trace): string {
  const isThinking = (span: Span) =>
    span.phase === 'thinking' && (span.origin === 'model' || !span.delimiter) && span.fate !== 'suppressed';
  const thinking = trace.spans.filter(isThinking).map((span) => span.text);
  const closing = trace.spans
    .filter((span) => span.phase === 'answer' && span.origin !== 'model')
    .map((span) => span.text);
  const answer = trace.spans.filter((span) => span.phase === 'answer' && span.origin === 'model' && !span.delimiter);
  return [trace.dialect.opening, ...thinking, ...closing, ...answer.map((span) => span.text)].join('');
}
