import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/base/random';
import { compareConditions, cueSteps } from '../../../src/core/numbers/compare';
import { holm, mcnemarExact, neededProblems, signFlip } from '../../../src/core/numbers/pairedTests';
import { verdictSentence } from '../../../src/core/numbers/words';
import { condition, options, run, runOf, sampleRow } from './support';

const a = condition('A');
const b = condition('B');

/** So many problems each: right under both, only B, only A, none. */
const table = (both: number, onlyB: number, onlyA: number, none: number) => [
  ...Array<number[]>(both).fill([1, 1]),
  ...Array<number[]>(onlyB).fill([0, 1]),
  ...Array<number[]>(onlyA).fill([1, 0]),
  ...Array<number[]>(none).fill([0, 0]),
];
const compared = (rows: number[][]) => {
  const [comparison] = compareConditions(runOf([a, b], rows), [[a, b]], options);
  if (!comparison) throw new Error('no comparison');
  return comparison;
};

describe('a comparison', () => {
  it('is better where the exact McNemar test says so', () => {
    const comparison = compared(table(40, 20, 3, 37));
    expect(comparison).toMatchObject({ verdict: 'better', test: 'mcnemar-exact', sharedProblems: 100 });
    expect(comparison.difference).toBeCloseTo(0.17, 12);
    expect(comparison.pValue).toBe(mcnemarExact(3, 20));
    expect(comparison.interval?.[0]).toBeGreaterThan(0);
    expect(verdictSentence(comparison)).toMatch(
      /^B is better than A: \+17\.0 points, 95 % \[.*\], exact McNemar p < 0\.001\.$/,
    );
  });

  it('is inconclusive otherwise, and says how many problems it would take', () => {
    const comparison = compared(table(15, 2, 0, 13)); // s1 paper: 15 of 30 to 17 of 30
    expect(comparison).toMatchObject({ verdict: 'inconclusive', pValue: 0.5 });
    expect(verdictSentence(comparison)).toContain(
      `To see 3.0 points in four of five studies takes about ${neededProblems(0.03, 2 / 30)} problems; there are 30.`,
    );
  });

  it('turns around with its sides', () => {
    fc.assert(
      fc.property(
        fc.array(fc.tuple(fc.integer({ min: 0, max: 1 }), fc.integer({ min: 0, max: 1 })), { minLength: 1 }),
        (rows) => {
          const [one, two] = [compared(rows), compared(rows.map(([x, y]) => [y, x]))];
          expect(two.difference).toBeCloseTo(-one.difference, 12);
          expect(two.pValue).toBeCloseTo(one.pValue, 12);
          expect(two.flips).toHaveLength(one.flips.length);
        },
      ),
      { numRuns: 20 },
    );
  });

  it('leaves room for what was missed where no problem differs', () => {
    const { interval, pValue, difference } = compared(table(10, 0, 0, 10));
    expect([difference, pValue]).toEqual([0, 1]);
    expect(interval?.[1]).toBeCloseTo(0.161, 3); // Wilson: 0 of 20
  });

  it('lists flips with both traces, wrong and unanswered apart', () => {
    const outcomes = [
      ['wrong', 'correct'],
      ['truncated', 'correct'],
      ['no-answer', 'correct'],
      ['correct', 'wrong'],
      ['correct', 'truncated'],
      ['wrong', 'truncated'],
    ] as const;
    const samples = outcomes.flatMap(([one, two], index) => [sampleRow(a, index, one), sampleRow(b, index, two)]);
    const [comparison] = compareConditions(run([a, b], samples), [[a, b]], options);
    expect(comparison?.flips.map(({ kind }) => kind)).toEqual([
      'wrong-to-right',
      'unanswered-to-right',
      'unanswered-to-right',
      'right-to-wrong',
      'right-to-unanswered',
    ]);
    expect(comparison?.flips[1]).toMatchObject({
      problemKey: 'p1',
      from: 'truncated',
      traceA: 'A/p1/0',
      traceB: 'B/p1/0',
    });
  });

  it('looks at shared problems only, and gives no verdict on incomplete conditions', () => {
    const samples = [
      ...['x', 'y', 'z'].map((key) => sampleRow(a, key, 'correct')),
      sampleRow(b, 'x', 'wrong'),
      sampleRow(b, 'y', 'error', { traceId: null }),
      sampleRow(b, 'z', 'ungraded'),
    ];
    const [comparison] = compareConditions(run([a, b], samples), [[a, b]], options);
    expect(comparison).toMatchObject({ sharedProblems: 1, otherProblems: 2, verdict: null });
    expect(verdictSentence(comparison ?? compared([]))).toMatch(
      /^No verdict: "B" holds errors, ungraded or missing samples\./,
    );
  });

  it('gives no verdict while the run goes on', () => {
    const going = { ...runOf([a, b], table(0, 30, 0, 0)), isFinished: false };
    const [comparison] = compareConditions(going, [[a, b]], options);
    expect(comparison).toMatchObject({ verdict: null, noVerdictBecause: 'the run is not finished', difference: 1 });
  });

  it('uses the sign-flip test and typical outcomes where a problem has several samples', () => {
    const [many, more] = [condition('A', { samples: 3 }), condition('B', { samples: 3 })];
    const samples = Array.from({ length: 12 }, (_, problem) =>
      [0, 1, 2].flatMap((sample) => [
        sampleRow(many, problem, sample === 0 ? 'correct' : 'truncated', { sample }),
        sampleRow(more, problem, sample === 0 ? 'wrong' : 'correct', { sample }),
      ]),
    ).flat();
    const [comparison] = compareConditions(run([many, more], samples), [[many, more]], options);
    expect(comparison).toMatchObject({ test: 'sign-flip', verdict: 'better', pValue: 2 / 2 ** 12 });
    expect(comparison?.flips).toHaveLength(12);
    expect(comparison?.flips[0]).toMatchObject({ kind: 'unanswered-to-right', traceA: 'A/p0/1', traceB: 'B/p0/1' });
  });

  it('adjusts by Holm when several are made together', () => {
    const others = [1, 2, 3].map((index) => condition(`B${index}`));
    const rows = Array.from({ length: 40 }, (_, index) => [0, ...[8, 6, 5].map((wins) => (index < wins ? 1 : 0))]);
    const all = runOf([a, ...others], rows);
    const comparisons = compareConditions(
      all,
      others.map((other) => [a, other]),
      options,
    );
    const pValues = comparisons.map(({ pValue }) => pValue);
    expect(comparisons.map(({ holmPValue }) => holmPValue)).toEqual(holm(pValues));
    expect(comparisons.map(({ verdict }) => verdict)).toEqual(['better', 'inconclusive', 'inconclusive']);
    expect(pValues[1]).toBeLessThan(0.05); // it would be better alone
  });
});

it('each number of cues is compared with the one before, replicates left out', () => {
  const cues = [4, 1, 2].map((count) => condition(`×${count}`, { role: 'extended', cues: count }));
  const natural = condition('natural', { role: 'natural' });
  const again = condition('again', { role: 'natural', replicateOf: natural.conditionKey });
  const steps = cueSteps({ conditions: [...cues, again, natural, condition('cap', { role: 'capped', limit: 9 })] });
  expect(steps.map(([one, two]) => `${one.name} → ${two.name}`)).toEqual(['natural → ×1', '×1 → ×2', '×2 → ×4']);
});

it('each cue word begins at the natural run, and is compared with its own kind only', () => {
  const word = (name: string, count: number) =>
    condition(`${name} ×${count}`, { role: 'extended', cues: count, method: `bf with ${name}` });
  const all = [condition('natural', { role: 'natural' }), word('Hmm', 2), word('So', 1), word('So', 2)];
  const steps = cueSteps({ conditions: all });
  expect(steps.map(([one, two]) => `${one.name} → ${two.name}`)).toEqual([
    'natural → Hmm ×2',
    'natural → So ×1',
    'So ×1 → So ×2',
  ]);
});

describe('the tests', () => {
  it('give no p-value below 0 or above 1, and Holm none below the plain one', () => {
    fc.assert(
      fc.property(fc.array(fc.tuple(fc.nat(50), fc.nat(50)), { minLength: 1, maxLength: 8 }), (pairs) => {
        const plain = pairs.map(([x, y]) => mcnemarExact(x, y));
        const adjusted = holm(plain);
        for (const [index, p] of plain.entries()) {
          expect(p).toBeGreaterThan(0);
          expect(adjusted[index]).toBeGreaterThanOrEqual(p);
          expect(adjusted[index]).toBeLessThanOrEqual(1);
        }
      }),
    );
  });

  it('of signs alone agree with McNemar', () => {
    for (const [wins, losses] of [
      [5, 0],
      [7, 2],
      [6, 6],
    ] as const) {
      const differences = [...Array<number>(wins).fill(1), ...Array<number>(losses).fill(-1), 0, 0];
      expect(signFlip(differences, 1)).toBeCloseTo(mcnemarExact(wins, losses), 12);
    }
  });

  it('see a difference in four of five studies of the size they ask for', () => {
    const [gain, loss] = [0.14, 0.08];
    const problems = neededProblems(gain - loss, gain + loss);
    const random = createRandom(5, 0);
    const studies = 600;
    let seen = 0;
    for (let study = 0; study < studies; study++) {
      let [up, down] = [0, 0];
      for (let problem = 0; problem < problems; problem++) {
        const draw = random();
        if (draw < gain) up++;
        else if (draw < gain + loss) down++;
      }
      if (up > down && mcnemarExact(down, up) < 0.05) seen++;
    }
    // The exact test is a little stricter than the formula; the standard error of the share is 0.016.
    expect(seen / studies).toBeGreaterThan(0.72);
    expect(seen / studies).toBeLessThan(0.85);
  });
});
