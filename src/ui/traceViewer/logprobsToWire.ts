import { entropyEstimate, tokenEnds } from '../../core/lab/uncertainty';
import type { RecordedLogprobs } from '../../core/traces/logprobs';
import type { Trace } from '../../core/traces/trace';
import type { WireLogprobs, WireTokens } from '../../protocol/traceViewer';

/** What was recorded of a trace, span by span, with the place of each token in the text. */
export function logprobsToWire(trace: Trace, recorded: RecordedLogprobs | undefined): WireLogprobs {
  if (!recorded) return { type: 'trace/logprobs', spans: null };
  const taken = new Map<number, number>();
  const spans = trace.spans.flatMap((span, index): WireTokens[] => {
    if (span.origin !== 'model') return [];
    const from = taken.get(span.pass) ?? 0;
    taken.set(span.pass, from + span.tokenIds.length);
    const entries = (recorded.passes[span.pass] ?? []).slice(from, from + span.tokenIds.length);
    const ends = tokenEnds(
      span.text,
      entries.map((entry) => entry?.text ?? ''),
    );
    if (!ends || entries.every((entry) => entry === null)) return [];
    const logprobs = entries.map((entry) => entry?.logprob ?? null);
    const entropies = entries.map((entry) => (entry ? Math.round(1e3 * entropyEstimate(entry)) / 1e3 : null));
    return [{ index, ends, logprobs, entropies, top: entries.map((entry) => entry?.top ?? []) }];
  });
  return { type: 'trace/logprobs', spans };
}
