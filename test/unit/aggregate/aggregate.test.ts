import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { aggregate, aggregators } from '../../../src/core/aggregate/aggregate';
import { passAtK } from '../../../src/core/aggregate/passAtK';
import {
  bestOfN,
  majority,
  type Sample,
  shortM,
  shortMTokens,
  weightedMajority,
} from '../../../src/core/aggregate/vote';
import { isError } from '../../../src/core/base/errors';

const sample = (answer: string | null, fields: Partial<Sample> = {}): Sample => ({
  answer,
  isCorrect: answer === '1',
  generatedTokens: 12,
  thinkingTokens: 10,
  durationMs: 5,
  ...fields,
});
const all = (answers: (string | null)[]) => answers.map((answer) => sample(answer));

const anySample = fc.record({
  answer: fc.constantFrom('1', '2', '3', null),
  isCorrect: fc.constantFrom(true, false),
  weight: fc.integer({ min: 0, max: 5 }),
  generatedTokens: fc.integer({ min: 0, max: 100 }),
  thinkingTokens: fc.integer({ min: 0, max: 9 }),
  durationMs: fc.constant(1),
});
const anySamples = fc.array(anySample, { minLength: 1, maxLength: 12 });

/** How many answers there are of each kind. */
function count(samples: readonly Sample[], weightOf: (one: Sample) => number): Map<string, number> {
  const counts = new Map<string, number>();
  for (const one of samples) {
    if (one.answer !== null) counts.set(one.answer, (counts.get(one.answer) ?? 0) + weightOf(one));
  }
  return counts;
}

describe('majority', () => {
  test.each([
    ['the most frequent answer wins', ['2', '1', '1'], '1'],
    ['a tie goes to the answer seen first, as in s1’s maj@k', ['2', '1', '1', '2'], '2'],
    ['samples without an answer do not vote', [null, null, '1'], '1'],
    ['ways to write a number are one answer', ['2', '0.5', '1/2', '2', '\\frac{1}{2}'], '0.5'],
    ['nobody wins where nobody answers', [null, null], undefined],
  ])('%s', (_what, answers, expected) => {
    expect(majority(all(answers))?.answer).toBe(expected);
  });

  test('the key function says what is the same', () => {
    expect(majority(all(['x', 'A', 'a']), (answer) => answer.toLowerCase())?.answer).toBe('A');
  });

  test('no answer has more votes than the winner, and none as many was seen before it', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const counts = [...count(samples, () => 1)];
        const most = Math.max(...counts.map(([, votes]) => votes));
        expect(majority(samples)?.answer).toBe(counts.find(([, votes]) => votes === most)?.[0]);
      }),
    );
  });
});

describe('weights', () => {
  test('one heavy vote outweighs two light ones, also if it comes last and once', () => {
    const samples = [sample('2', { weight: 0.4 }), sample('2', { weight: 0.4 }), sample('1', { weight: 0.9 })];
    expect(weightedMajority(samples)?.answer).toBe('1');
    expect(majority(samples)?.answer).toBe('2');
  });

  test('equal weights vote as the plain majority', () => {
    fc.assert(
      fc.property(anySamples, fc.integer({ min: 1, max: 9 }), (samples, weight) => {
        const equal = samples.map((one) => ({ ...one, weight }));
        expect(weightedMajority(equal)).toEqual(majority(equal));
      }),
    );
  });

  test('the winner has the largest sum', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const sums = count(samples, ({ weight }) => weight ?? 0);
        const winner = weightedMajority(samples)?.answer;
        if (winner != null) expect(sums.get(winner)).toBe(Math.max(...sums.values()));
      }),
    );
  });

  test('best-of-N is the heaviest sample that has an answer', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const answered = samples.filter(({ answer }) => answer !== null);
        const heaviest = Math.max(...answered.map(({ weight }) => weight));
        expect(bestOfN(samples)).toBe(answered.find(({ weight }) => weight === heaviest) ?? null);
      }),
    );
  });
});

/** All ways to take k of the things. */
function subsets<T>(things: readonly T[], k: number): T[][] {
  if (k === 0) return [[]];
  return things.flatMap((thing, index) => subsets(things.slice(index + 1), k - 1).map((rest) => [thing, ...rest]));
}

describe('pass@k', () => {
  test('is the share of all k-subsets that hold a correct sample', () => {
    for (let n = 1; n <= 9; n++) {
      for (let correct = 0; correct <= n; correct++) {
        const verdicts = Array.from({ length: n }, (_, index) => index < correct);
        for (let k = 1; k <= n; k++) {
          const sets = subsets(verdicts, k);
          const share = sets.filter((set) => set.includes(true)).length / sets.length;
          expect(passAtK(n, correct, k)).toBeCloseTo(share, 12);
        }
      }
    }
  });

  test('stays a probability that grows with k, where binomials overflow', () => {
    fc.assert(
      fc.property(fc.integer({ min: 2, max: 5000 }), fc.nat(), fc.nat(), (n, someCorrect, someK) => {
        const [correct, k] = [someCorrect % (n + 1), (someK % (n - 1)) + 1];
        const [now, next] = [passAtK(n, correct, k), passAtK(n, correct, k + 1)];
        expect(now).toBeGreaterThanOrEqual(0);
        expect(next).toBeGreaterThanOrEqual(now);
        expect(next).toBeLessThanOrEqual(1);
      }),
    );
    expect(passAtK(5000, 7, 1)).toBeCloseTo(7 / 5000, 12);
  });

  test('is refused outside of 1 <= k <= n', () => {
    for (const [n, correct, k] of [
      [3, 1, 4],
      [3, 1, 0],
      [3, 4, 1],
    ] as const) {
      expect(() => passAtK(n, correct, k)).toThrow(RangeError);
    }
  });
});

describe('short-m@k', () => {
  const samples = [
    sample('2', { thinkingTokens: 40, generatedTokens: 44 }),
    sample('1', { thinkingTokens: 10, generatedTokens: 13 }),
    sample('2', { thinkingTokens: 30, generatedTokens: 33 }),
    sample('3', { thinkingTokens: 20, generatedTokens: 21 }),
  ];

  test('counts the shortest thoughts only, ties to the shortest', () => {
    expect([1, 2, 3, 4].map((m) => shortM(samples, m)?.answer)).toEqual(['1', '1', '1', '2']);
  });

  test('costs the others what they had thought when the m-th was done', () => {
    expect(shortMTokens(samples, 2)).toEqual({ thinking: 10 + 20 + 2 * 20, generated: 13 + 21 + 2 * 20 });
  });

  test('with m = k it costs and counts what the majority does, ties apart', () => {
    fc.assert(
      fc.property(anySamples, (drawn) => {
        const plain = aggregate(drawn, { name: 'majority' });
        const short = aggregate(drawn, { name: 'short-m@k', m: drawn.length });
        expect([short.thinkingTokens, short.generatedTokens]).toEqual([plain.thinkingTokens, plain.generatedTokens]);
        const counts = count(drawn, () => 1);
        expect(counts.get(short.answer ?? '')).toBe(counts.get(plain.answer ?? ''));
      }),
    );
  });

  test('never costs more than all k thoughts', () => {
    fc.assert(
      fc.property(anySamples, fc.nat(), (drawn, some) => {
        const m = (some % drawn.length) + 1;
        const thinking = drawn.reduce((sum, { thinkingTokens }) => sum + thinkingTokens, 0);
        expect(shortMTokens(drawn, m).thinking).toBeLessThanOrEqual(thinking);
      }),
    );
  });
});

describe('aggregate', () => {
  test('looks at the first k', () => {
    const samples = all(['1', '2', '2']);
    expect(aggregate(samples, { name: 'majority', k: 1 })).toEqual({
      answer: '1',
      score: 1,
      thinkingTokens: 10,
      generatedTokens: 12,
    });
    expect(aggregate(samples, { name: 'majority' })).toMatchObject({ answer: '2', score: 0, generatedTokens: 36 });
    expect(aggregate(samples, { name: 'avg@k', k: 2 })).toMatchObject({ answer: null, score: 1 / 2 });
    expect(aggregate(samples, { name: 'pass@k', k: 2 })).toMatchObject({ score: 2 / 3, generatedTokens: 24 });
  });

  test('no answer at all is wrong; without a verdict there is no score', () => {
    expect(aggregate(all([null]), { name: 'majority' })).toMatchObject({ answer: null, score: 0 });
    const ungraded = [sample('1', { isCorrect: null, weight: 1 })];
    for (const name of Object.keys(aggregators)) expect(aggregate(ungraded, { name }).score).toBeNull();
  });

  test('pass@1 of all samples is avg@k', () => {
    fc.assert(
      fc.property(anySamples, (samples) => {
        const average = aggregate(samples, { name: 'avg@k' }).score ?? -1;
        expect(aggregate(samples, { name: 'pass@k', k: 1 }).score).toBeCloseTo(average, 12);
      }),
    );
  });

  test.each([
    [{ name: 'median' }, 'majority, weighted-majority, best-of-n, pass@k, avg@k, short-m@k'],
    [{ name: 'toString' }, 'There is no aggregator'],
    [{ name: 'majority', k: 3 }, 'k must be from 1 to 2'],
    [{ name: 'pass@k', k: 0 }, 'k must be from 1 to 2'],
    [{ name: 'short-m@k', k: 2, m: 3 }, 'm must be from 1 to 2'],
    [{ name: 'best-of-n' }, 'needs a weight'],
    [{ name: 'weighted-majority' }, 'needs a weight of 0 or more'],
  ])('%j is bad usage', (options, words) => {
    const failing = () => aggregate(all(['1', '2']), options);
    expect(failing).toThrow(words);
    try {
      failing();
    } catch (error) {
      expect(isError(error, 'bad-usage')).toBe(true);
    }
  });
});
