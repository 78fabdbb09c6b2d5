import { SecondThoughtError } from '../base/errors';
import { answerKey } from '../evaluate/outcome';
import { passAtK } from './passAtK';
import { type AnswerKey, bestOfN, majority, type Sample, shortM, shortMTokens, weightedMajority } from './vote';

/** What k samples of one problem come to. */
export interface Aggregated {
  /** The answer chosen; null where the aggregator chooses none, or no sample has one. */
  answer: string | null;
  /**
   * 0..1: whether the chosen answer is correct, or a share of the samples, or a chance. No answer at all is wrong, if
   * there is any verdict. Null without one.
   */
  score: number | null;
  /** Ids that k samples cost: the sum over those used; for pass@k, k times the mean. */
  thinkingTokens: number;
  generatedTokens: number;
}

export interface AggregateOptions {
  name: string;
  /** How many samples: the first k (pass@k looks at all and says what k of them would do). Default: all. */
  k?: number;
  /** short-m@k only: how many of the k count. Default: 1. */
  m?: number;
  /** Which answers are the same. Default: by number, by letter, by words. */
  key?: AnswerKey;
}

interface Settled {
  k: number;
  m: number;
  key: AnswerKey;
}

/**
 * Every aggregator by its name. Like the released evaluation of s1 (`maj@k`, `cov@k`), those that choose or average look
 * at the first k samples, not at random ones.
 */
export const aggregators: Readonly<Record<string, (samples: readonly Sample[], options: Settled) => Aggregated>> = {
  majority: (samples, { k, key }) => choose(samples.slice(0, k), (first) => majority(first, key)),
  'weighted-majority': (samples, { k, key }) =>
    choose(weighted(samples.slice(0, k), 0), (first) => weightedMajority(first, key)),
  'best-of-n': (samples, { k }) => choose(weighted(samples.slice(0, k), Number.NEGATIVE_INFINITY), bestOfN),
  'pass@k': expectedPass,
  'avg@k': averageCorrect,
  'short-m@k': (samples, { k, m, key }) => {
    const first = samples.slice(0, k);
    const { thinking, generated } = shortMTokens(first, m);
    const chosen = choose(first, () => shortM(first, m, key));
    return { ...chosen, thinkingTokens: thinking, generatedTokens: generated };
  },
};

/**
 * Applies the named aggregator to the samples of one problem.
 * @throws SecondThoughtError 'bad-usage' for an unknown name, k or m out of range, or a missing weight
 */
export function aggregate(samples: readonly Sample[], options: AggregateOptions): Aggregated {
  const { name, k = samples.length, m = 1, key = (answer) => answerKey(answer) } = options;
  const apply = Object.hasOwn(aggregators, name) ? aggregators[name] : undefined;
  if (!apply) {
    const known = Object.keys(aggregators).join(', ');
    throw new SecondThoughtError('bad-usage', `There is no aggregator named "${name}". There are: ${known}.`);
  }
  checkCount('k', k, samples.length, `${name} over ${samples.length} samples`);
  if (name === 'short-m@k') checkCount('m', m, k, `${name} with k=${k}`);
  return apply(samples, { k, m, key });
}

function checkCount(what: 'k' | 'm', value: number, highest: number, where: string): void {
  if (Number.isInteger(value) && value >= 1 && value <= highest) return;
  throw new SecondThoughtError('bad-usage', `For ${where}, ${what} must be from 1 to ${highest}, not ${value}.`);
}

function choose(samples: readonly Sample[], select: (samples: readonly Sample[]) => Sample | null): Aggregated {
  const chosen = select(samples);
  return { answer: chosen?.answer ?? null, score: verdict(chosen, samples), ...sumTokens(samples) };
}

function verdict(chosen: Sample | null, samples: readonly Sample[]): number | null {
  if (chosen) return chosen.isCorrect === null ? null : Number(chosen.isCorrect);
  return samples.some(({ isCorrect }) => isCorrect !== null) ? 0 : null;
}

/** pass@k over the samples with a verdict; null if fewer than k have one. */
function expectedPass(samples: readonly Sample[], { k }: Settled): Aggregated {
  const verdicts = verdictsOf(samples);
  const score = verdicts.length < k ? null : passAtK(verdicts.length, verdicts.filter(Boolean).length, k);
  const { thinkingTokens, generatedTokens } = sumTokens(samples);
  const share = k / samples.length;
  return {
    answer: null,
    score,
    thinkingTokens: thinkingTokens * share,
    generatedTokens: generatedTokens * share,
  };
}

/** avg@k, also written mean@k: the share of correct ones among the first k samples, those without verdict left out. */
function averageCorrect(samples: readonly Sample[], { k }: Settled): Aggregated {
  const first = samples.slice(0, k);
  const verdicts = verdictsOf(first);
  const score = verdicts.length === 0 ? null : verdicts.filter(Boolean).length / verdicts.length;
  return { answer: null, score, ...sumTokens(first) };
}

function verdictsOf(samples: readonly Sample[]): boolean[] {
  return samples.flatMap(({ isCorrect }) => (isCorrect === null ? [] : [isCorrect]));
}

function sumTokens(samples: readonly Sample[]): { thinkingTokens: number; generatedTokens: number } {
  const sum = (field: 'thinkingTokens' | 'generatedTokens') => samples.reduce((total, one) => total + one[field], 0);
  return { thinkingTokens: sum('thinkingTokens'), generatedTokens: sum('generatedTokens') };
}

/** The samples, each with a weight of at least `lowest`. */
function weighted(samples: readonly Sample[], lowest: number): readonly Sample[] {
  const isWeight = (weight: number | undefined) => weight !== undefined && Number.isFinite(weight) && weight >= lowest;
  if (samples.every(({ weight }) => isWeight(weight))) return samples;
  const kind = lowest === 0 ? 'a weight of 0 or more' : 'a weight';
  throw new SecondThoughtError('bad-usage', `Every sample needs ${kind}: a scorer's verdict, or a confidence.`);
}
