import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { passAtK } from '../../../src/core/aggregate/passAtK';
import { wilsonInterval } from '../../../src/core/evaluate/statistics';
import { bootstrapMeans } from '../../../src/core/numbers/bootstrap';
import { varianceOf } from '../../../src/core/numbers/outcomeTable';
import { holm, mcnemarExact, neededProblems, signFlip } from '../../../src/core/numbers/pairedTests';
import { scoreRun } from '../../../src/core/numbers/scoreRun';
import { expectedMajority } from '../../../src/core/numbers/votes';
import { condition, options, runOf, sampleRow } from './support';

interface Estimated {
  value: number;
  interval: [number, number];
}

/** Made by test/makeNumberFixtures.py with SciPy, statsmodels and NumPy. */
const made = JSON.parse(readFileSync(path.resolve(import.meta.dirname, '../../fixtures/numbers.json'), 'utf8')) as {
  wilson: { successes: number; total: number; interval: [number, number] }[];
  mcnemar: { onlyA: number; onlyB: number; p: number; pScipy: number }[];
  signFlip: { differences: number[]; p: number; exact: boolean }[];
  holm: { p: number[]; adjusted: number[] }[];
  bootstrap: { values: number[]; interval: [number, number] }[];
  scaling: { thinkingTokens: number[][]; correct: number[][] } & Record<
    'log2' | 'leastSquares' | 'performance',
    Estimated
  >;
  passAtK: { n: number; correct: number; k: number; pass: number }[];
  majority: { answers: string[]; truth: string; k: number; majority: number }[];
  variance: { correct: number[][]; within: number; between: number };
  neededProblems: { difference: number; discordance: number; problems: number }[];
};

describe('agrees with statsmodels:', () => {
  it.each(made.wilson)('Wilson’s interval of $successes out of $total', ({ successes, total, interval }) => {
    const [low, high] = wilsonInterval(successes, total);
    expect(low).toBeCloseTo(interval[0], 6);
    expect(high).toBeCloseTo(interval[1], 6);
  });

  it.each(made.mcnemar)('exact McNemar of $onlyA and $onlyB, with SciPy’s binomial test too', (one) => {
    expect(mcnemarExact(one.onlyA, one.onlyB)).toBeCloseTo(one.p, 9);
    expect(mcnemarExact(one.onlyA, one.onlyB)).toBeCloseTo(one.pScipy, 9);
  });

  it.each(made.holm)('Holm over $p.length p-values', ({ p, adjusted }) => {
    for (const [index, value] of holm(p).entries()) expect(value).toBeCloseTo(adjusted[index] ?? 0, 12);
  });

  it('the variance between and within problems', () => {
    const k = made.variance.correct[0]?.length ?? 0;
    const one = condition('one', { samples: k });
    const problems = made.variance.correct.map((row, problem) =>
      row.map((hit, sample) => sampleRow(one, problem, hit ? 'correct' : 'wrong', { sample })),
    );
    const variance = varianceOf(problems, k);
    expect(variance?.within).toBeCloseTo(made.variance.within, 9);
    expect(variance?.between).toBeCloseTo(made.variance.between, 9);
  });
});

describe('agrees with SciPy:', () => {
  it.each(made.signFlip)('the sign-flip test of $differences.length differences', ({ differences, p, exact }) => {
    const measured = signFlip(differences, 1);
    // Two Monte-Carlo values: five standard errors of the coarser one.
    if (exact) expect(measured).toBeCloseTo(p, 9);
    else expect(Math.abs(measured - p)).toBeLessThan(5 * Math.sqrt((p * (1 - p)) / 10_000) + 2e-4);
  });

  it.each(made.bootstrap)('the bootstrap over $values.length problems', ({ values, interval }) => {
    const [estimate] = bootstrapMeans([values], { replicates: 10_000, seed: 1 });
    const width = interval[1] - interval[0];
    for (const end of [0, 1] as const) {
      expect(Math.abs((estimate?.interval?.[end] ?? 0) - interval[end])).toBeLessThan(0.05 * width);
    }
  });

  it.each(made.passAtK)('pass@$k of $n samples with $correct correct', ({ n, correct, k, pass }) => {
    expect(passAtK(n, correct, k)).toBeCloseTo(pass, 9);
  });

  it.each(made.neededProblems)('the problems needed for $difference at $discordance', (one) => {
    expect(neededProblems(one.difference, one.discordance)).toBe(one.problems);
  });
});

describe('agrees with NumPy:', () => {
  const { thinkingTokens, correct, ...expected } = made.scaling;
  const conditions = thinkingTokens[0]?.map((_, index) => condition(`c${index}`)) ?? [];
  const score = scoreRun(runOf(conditions, correct, thinkingTokens), { ...options, replicates: 10_000 });
  const [measures] = score.problemSets[0]?.methods ?? [];

  it.each(['log2', 'leastSquares', 'performance'] as const)('%s and its interval, everything resampled', (name) => {
    const estimate = name === 'performance' ? measures?.performance : measures?.scaling[name];
    const { value, interval } = expected[name];
    expect(estimate?.value).toBeCloseTo(value, 9);
    const tolerance = 0.06 * (interval[1] - interval[0]);
    for (const end of [0, 1] as const) {
      expect(Math.abs((estimate?.interval?.[end] ?? 0) - interval[end])).toBeLessThan(tolerance);
    }
  });
});

it.each(made.majority)('maj@$k of $answers agrees with the mean over every draw in every order', (one) => {
  const votes = one.answers.map((answer) => ({
    answer,
    isCorrect: answer === one.truth,
    thinkingTokens: 1,
    generatedTokens: 1,
    durationMs: 1,
  }));
  // 100 draws for each of 200 equal problems: a standard error of at most 0.0036.
  const values = expectedMajority(Array<typeof votes>(200).fill(votes), one.k, 1);
  const mean = values.reduce((sum, value) => sum + value, 0) / values.length;
  expect(Math.abs(mean - one.majority)).toBeLessThan(0.015);
});
