import type { Outcome } from '../grade/grade';
import type { SampleRecord } from './sampleRecord';

/** What a language model that graded a run did, and where the default grader, who asks nobody, says otherwise. */
export interface MatcherReport {
  /** Samples that it graded, and questions to it that these took; kept replies are counted apart. */
  samples: number;
  asked: number;
  kept: number;
  /** Samples without a grade, because it gave no reply. */
  failed: number;
  promptTokens: number;
  generatedTokens: number;
  disagreements: MatcherDisagreement[];
}

export interface MatcherDisagreement {
  traceId: string | null;
  problemKey: string;
  condition: string;
  sample: number;
  answer: string | null;
  reply: string | null;
  matcher: Outcome;
  rule: Outcome;
}

/** Null where no sample was graded by a language model. */
export function matcherReport(records: Iterable<SampleRecord>): MatcherReport | null {
  const graded = [...records].flatMap(({ matched, ...record }) => (matched ? [{ ...record, matched }] : []));
  if (graded.length === 0) return null;
  const count = (of: (record: (typeof graded)[number]) => boolean) => graded.filter(of).length;
  const sum = (of: 'promptTokens' | 'generatedTokens') => graded.reduce((total, { matched }) => total + matched[of], 0);
  return {
    samples: graded.length,
    asked: count(({ matched }) => matched.reply !== null && !matched.isKept),
    kept: count(({ matched }) => matched.isKept),
    failed: count(({ matched }) => matched.failure !== undefined),
    promptTokens: sum('promptTokens'),
    generatedTokens: sum('generatedTokens'),
    disagreements: graded
      .filter(({ outcome, matched }) => outcome !== matched.rule && matched.failure === undefined)
      .map(({ traceId, problemKey, condition, sample, answer, outcome, matched: { reply, rule } }) => ({
        ...{ traceId, problemKey, condition, sample, answer, reply },
        matcher: outcome,
        rule,
      })),
  };
}
