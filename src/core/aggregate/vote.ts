import { answerKey } from '../evaluate/outcome';

/** One of the samples of a problem, as far as aggregators look at it. */
export interface Sample {
  /** The extracted answer; null if there is none. Null answers do not vote. */
  answer: string | null;
  /** Null if the sample has no verdict (error, ungraded). */
  isCorrect: boolean | null;
  /** A scorer's or the model's own confidence in this sample, higher is better. */
  weight?: number;
  /** Every id received: cost. */
  generatedTokens: number;
  thinkingTokens: number;
  durationMs: number;
}

/** Says which answers are the same: equal keys, equal answers. */
export type AnswerKey = (answer: string) => string;

/**
 * Majority voting (self-consistency, Wang et al. 2022, arXiv 2203.11171). Returns the first sample with the winning
 * answer; null if no sample has an answer. Ties go to the answer that was seen first, as in s1's `maj@k`.
 */
export function majority(samples: readonly Sample[], key: AnswerKey = answerKey): Sample | null {
  return vote(samples, () => 1, key);
}

/**
 * Majority voting with each vote counting as much as its weight (Li et al. 2022, arXiv 2206.02336; in s1 the votes over
 * REBASE leaves). Missing weights are 0. Ties go to the answer that was seen first. (REBASE's own code overlooks a later
 * answer of higher weight until it is seen twice; this does not.)
 */
export function weightedMajority(samples: readonly Sample[], key: AnswerKey = answerKey): Sample | null {
  return vote(samples, ({ weight }) => weight ?? 0, key);
}

/**
 * Best-of-N: the sample with an answer and the highest weight (Cobbe et al. 2021, arXiv 2110.14168); the first of equals.
 * Null if no sample has an answer.
 */
export function bestOfN(samples: readonly Sample[]): Sample | null {
  const weightOf = ({ weight }: Sample) => weight ?? Number.NEGATIVE_INFINITY;
  const answered = samples.filter(({ answer }) => answer !== null);
  return answered.reduce<Sample | null>((best, one) => (best && weightOf(best) >= weightOf(one) ? best : one), null);
}

/**
 * short-m@k (Hassid et al. 2025, arXiv 2505.17813): all samples think at once, the m that think shortest count, and the
 * majority among those answers. Ties go to the answer with the shortest thinking.
 */
export function shortM(samples: readonly Sample[], m: number, key: AnswerKey = answerKey): Sample | null {
  return majority(byThinking(samples).slice(0, m), key);
}

/**
 * Ids that short-m@k has to generate: those of the m samples in full, and of each other sample its thinking up to the
 * moment when the m-th had ended, if all think at one speed.
 */
export function shortMTokens(samples: readonly Sample[], m: number): { thinking: number; generated: number } {
  const sorted = byThinking(samples);
  const [chosen, others] = [sorted.slice(0, m), sorted.slice(m)];
  const until = chosen.at(-1)?.thinkingTokens ?? 0;
  const stopped = others.length * until;
  const sum = (field: 'thinkingTokens' | 'generatedTokens') => chosen.reduce((total, one) => total + one[field], 0);
  return { thinking: sum('thinkingTokens') + stopped, generated: sum('generatedTokens') + stopped };
}

const byThinking = (samples: readonly Sample[]) => [...samples].sort((a, b) => a.thinkingTokens - b.thinkingTokens);

function vote(samples: readonly Sample[], weightOf: (sample: Sample) => number, key: AnswerKey): Sample | null {
  const votes = new Map<string, { first: Sample; weight: number }>();
  for (const sample of samples) {
    if (sample.answer === null) continue;
    const name = key(sample.answer);
    const counted = votes.get(name) ?? { first: sample, weight: 0 };
    counted.weight += weightOf(sample);
    votes.set(name, counted);
  }
  let winner: { first: Sample; weight: number } | null = null;
  // A map keeps the order of insertion, so that the first seen wins a tie.
  for (const counted of votes.values()) if (!winner || counted.weight > winner.weight) winner = counted;
  return winner?.first ?? null;
}
