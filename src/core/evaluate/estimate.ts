import type { OutcomeRecord } from './outcomeRecord';

/** What an evaluation will take, judged by earlier outcomes under the same condition on the same model. */
export interface Estimate {
  requests: number;
  /** Undefined where nothing comparable was measured yet. */
  tokens: number | undefined;
  durationMs: number | undefined;
}

export function estimateEvaluation(
  traces: number,
  concurrency: number,
  earlier: readonly Pick<OutcomeRecord, 'generatedTokens' | 'durationMs'>[],
): Estimate {
  if (earlier.length === 0) return { requests: traces, tokens: undefined, durationMs: undefined };
  const mean = (of: (record: (typeof earlier)[number]) => number) =>
    earlier.reduce((sum, record) => sum + of(record), 0) / earlier.length;
  return {
    requests: traces,
    tokens: Math.round(traces * mean((record) => record.generatedTokens)),
    durationMs: (traces * mean((record) => record.durationMs)) / Math.min(concurrency, traces),
  };
}

/** `45 s`, `3 min`, `2.5 h`. */
export function describeDuration(durationMs: number): string {
  const seconds = Math.max(1, Math.round(durationMs / 1_000));
  if (seconds < 100) return `${seconds} s`;
  const minutes = Math.round(seconds / 60);
  return minutes < 100 ? `${minutes} min` : `${(minutes / 60).toFixed(1)} h`;
}
