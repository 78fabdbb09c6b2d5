import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { createRandom } from '../../../src/core/base/random';
import type { RunSamples } from '../../../src/core/numbers/runSamples';
import { scoreRun } from '../../../src/core/numbers/scoreRun';
import { splitHalfValue } from '../../../src/core/numbers/splitHalf';
import { condition, options, run, runOf, sampleRow } from './support';

const natural = condition('natural', { role: 'natural' });
const caps = [100, 200, 400].map((limit) => condition(`cap ${limit}`, { role: 'capped', limit }));
const cues = [1, 2, 4].map((count) => condition(`Wait ×${count}`, { role: 'extended', cues: count }));
const all = [...caps, natural, ...cues];

/** Accuracy and thinking tokens per condition in the order of `all`; problems share their difficulty. */
function generated(accuracies: number[], tokens: number[], problems = 150): RunSamples {
  const random = createRandom(11, 0);
  const rows = Array.from({ length: problems }, () => {
    const difficulty = random();
    return accuracies.map((accuracy) => Number(0.7 * difficulty + 0.3 * random() < accuracy));
  });
  return runOf(
    all,
    rows,
    rows.map(() => tokens.map((mean) => Math.round(mean * (0.9 + 0.2 * random())))),
  );
}

const rising = generated([0.2, 0.3, 0.45, 0.5, 0.58, 0.66, 0.7], [90, 180, 360, 500, 650, 800, 1_100]);
const scoreOf = (of: RunSamples, more = {}) => {
  const [set] = scoreRun(of, { ...options, ...more }).problemSets;
  const [measures] = set?.methods ?? [];
  if (!set || !measures) throw new Error('no score');
  return { set, measures };
};

describe('the score of a run', () => {
  const { set, measures } = scoreOf(rising);

  it('gives Scaling apart for capped and extended runs, the natural run belonging to both', () => {
    expect(measures.capped?.points).toEqual(['natural', 'cap 100', 'cap 200', 'cap 400']);
    expect(measures.extended?.points).toEqual(['natural', 'Wait ×1', 'Wait ×2', 'Wait ×4']);
    expect([measures.capped?.direction, measures.extended?.direction]).toEqual(['rises', 'rises']);
  });

  it('says in words what the intervals say', () => {
    expect(set.sentences.join('\n')).toMatch(
      /The extended part rises: slope [\d.]+ points per doubling of thinking tokens, 95 % \[[\d.]+, [\d.]+\], which excludes zero\./,
    );
  });

  it('names the best number of cues, and the drop after it', () => {
    const dropping = scoreOf(generated([0.2, 0.3, 0.45, 0.5, 0.58, 0.7, 0.6], [90, 180, 360, 500, 650, 800, 1_100]));
    expect(dropping.measures.best).toMatchObject({ name: 'Wait ×2', cues: 2 });
    expect(dropping.measures.dropAfterBest).toMatchObject({ name: 'Wait ×4', cues: 4 });
    expect(dropping.measures.dropAfterBest?.value).toBeLessThan(0);
    expect(dropping.measures.dropAfterBest?.interval?.[1]).toBeLessThan(0);
    expect(measures.dropAfterBest).toBeNull();
  });

  it('compares every condition with the natural run, as one family', () => {
    expect(measures.gains.map(({ a, b }) => [a, b])).toEqual([...caps, ...cues].map(({ name }) => ['natural', name]));
    expect(measures.gains.every(({ comparisons }) => comparisons === 6)).toBe(true);
  });

  it('calls flat what is flat: the interval includes zero', () => {
    const flat = scoreOf(generated([0.2, 0.3, 0.45, 0.5, 0.5, 0.5, 0.5], [90, 180, 360, 500, 650, 800, 1_100]));
    expect(flat.measures.extended?.direction).toBe('unclear');
    expect(flat.set.sentences.join('\n')).toContain('which includes zero.');
  });

  it('a cap that cuts nothing is no part of the capped ones, and its closeness is named', () => {
    const loose = scoreOf(generated([0.2, 0.3, 0.5, 0.5, 0.58, 0.66, 0.7], [90, 180, 501, 500, 650, 800, 1_100]));
    expect(loose.measures.capped?.points).toEqual(['natural', 'cap 100', 'cap 200']);
    expect(loose.measures.closePairs).toEqual([{ a: 'cap 400', b: 'natural', isEqual: false }]);
    expect(loose.set.sentences.join('\n')).toContain('cap 400 and natural');
  });

  it('gives Control of conditions and of samples, with the overshoot of those over their limit', () => {
    const over = runOf([condition('cap', { role: 'capped', limit: 100 })], Array(4).fill([1]), [
      [80],
      [100],
      [110],
      [150],
    ]);
    const { measures: of, set: table } = scoreOf(over);
    expect(of.control.value).toBe(0); // 110 on average
    expect(of.sampleControl).toBe(0.5);
    expect(table.conditions[0]?.sampleControl).toEqual({ within: 0.5, overshootP50: 30, overshootP95: 48 });
  });

  it('is over generated tokens where methods differ, each with its own Scaling', () => {
    const mixed = rising.conditions.map((each) => (each.role === 'capped' ? { ...each, method: 'rejection' } : each));
    const score = scoreRun({ ...rising, conditions: mixed }, options);
    expect(score.quantity).toBe('generated');
    expect(score.problemSets[0]?.methods.map(({ method, points }) => [method, points.length])).toEqual([
      ['rejection', 3],
      ['bf', 4],
    ]);
    expect(scoreRun(rising, { ...options, quantity: 'latency' }).quantity).toBe('latency');
  });

  it('keeps an A/A pair out of the measures and shows it as noise', () => {
    const twice = rising.conditions.map((each) =>
      each.name === 'Wait ×1' ? { ...each, replicateOf: natural.conditionKey } : each,
    );
    const [only] = scoreRun({ ...rising, conditions: twice }, options).problemSets;
    expect(only?.noise.map(({ a, b }) => [a, b])).toEqual([['natural', 'Wait ×1']]);
    expect(only?.methods[0]?.points.map(({ name }) => name)).not.toContain('Wait ×1');
  });

  it('has one natural run: another one, sampled for votes, is no point', () => {
    const sampled = condition('sampled', { role: 'natural', samples: 2 });
    const votes = rising.samples
      .filter(({ conditionKey }) => conditionKey === natural.conditionKey)
      .flatMap((row) => [0, 1].map((sample) => ({ ...row, conditionKey: sampled.conditionKey, sample })));
    const both = { ...rising, conditions: [...all, sampled], samples: [...rising.samples, ...votes] };
    const score = scoreOf(both);
    expect(score.measures.points.map(({ name }) => name)).toEqual(all.map(({ name }) => name));
    expect(score.measures.scaling).toEqual(measures.scaling);
    expect(score.set.equalTokens?.voter).toBe('sampled');
  });

  it('says how many problems are missing where none is finished in all conditions', () => {
    const { set: empty } = scoreOf({ ...rising, isFinished: false, samples: rising.samples.slice(0, 1) });
    expect(empty).toMatchObject({ problems: 0, unfinishedProblems: 1 });
  });

  it('gives no verdict while the run goes on, nor for incomplete conditions', () => {
    const going = scoreOf({ ...rising, isFinished: false });
    expect(going.measures.extended?.direction).toBeNull();
    expect(going.set.sentences[0]).toBe('No verdict: the run is not finished.');
    expect(going.measures.gains.map(({ verdict }) => verdict)).toEqual(Array(6).fill(null));
    const broken = scoreOf({ ...rising, samples: rising.samples.slice(1) });
    expect(broken.set.conditions[0]).toMatchObject({ isComplete: false, missing: 1 });
    expect(broken.set.sentences[0]).toBe('No verdict: errors, ungraded or missing samples in "cap 100".');
  });
});

describe('the outcomes of a condition', () => {
  const outcomes = ['correct', 'correct', 'wrong', 'truncated', 'no-answer', 'error', 'ungraded'] as const;
  const samples = outcomes.map((outcome, index) => sampleRow(natural, index, outcome, { thinkingTokens: 10 * index }));
  const [row] = scoreOf(run([natural], samples)).set.conditions;

  it('are apart; errors and ungraded ones leave the denominator', () => {
    expect(row?.outcomes).toEqual({ correct: 2, wrong: 1, truncated: 1, 'no-answer': 1, error: 1, ungraded: 1 });
    expect(row?.accuracy).toBe(2 / 5);
    expect(row?.ifTruncatedWereRight).toBe(3 / 5);
    expect([row?.isComplete, row?.intervalBy]).toEqual([false, 'wilson']);
  });

  it('count no tokens for a sample that failed', () => {
    expect(row?.thinkingTokens).toMatchObject({ mean: (0 + 10 + 20 + 30 + 40 + 60) / 6, min: 0, max: 60 });
    expect(row?.tokensPerCorrect).toBe((6 * 110) / 2);
  });

  it('have an interval also where every sample of every problem is right', () => {
    const sampled = condition('sampled', { samples: 4 });
    const right = [0, 1, 2, 3, 4].flatMap((problem) =>
      [0, 1, 2, 3].map((sample) => sampleRow(sampled, problem, 'correct', { sample })),
    );
    const [only] = scoreOf(run([sampled], right)).set.conditions;
    expect(only?.interval?.[0]).toBeCloseTo(0.566, 3); // Wilson: 5 of 5
    expect(only?.intervalBy).toBe('problem-bootstrap');
  });
});

describe('longer or more', () => {
  const long = condition('long', { role: 'extended', cues: 2 });
  const sampled = condition('sampled', { samples: 8 });
  /** Votes are right in five of eight samples of every problem, and agree on nothing else. */
  const votes = Array.from({ length: 20 }, (_, problem) =>
    Array.from({ length: 8 }, (_, sample) =>
      sampleRow(sampled, problem, sample < 5 ? 'correct' : 'wrong', {
        sample,
        answer: sample < 5 ? '7' : `other ${sample}`,
        generatedTokens: 100,
      }),
    ),
  ).flat();
  const longer = (tokens: number) =>
    Array.from({ length: 20 }, (_, problem) =>
      sampleRow(long, problem, problem < 14 ? 'correct' : 'wrong', { generatedTokens: tokens }),
    );
  const linesFor = (tokens: number, more = {}) =>
    scoreOf(run([sampled, long], [...votes, ...longer(tokens)]), more).set;

  it('spends the tokens of a condition on as many votes as they buy', () => {
    const points = linesFor(410).equalTokens?.points ?? [];
    expect(points.map(({ condition: of, k, generatedTokens }) => [of, k, generatedTokens])).toEqual([
      ['sampled', 1, 100],
      ['long', 4, 400],
    ]);
    expect(points[0]?.accuracy.value).toBeCloseTo(5 / 8, 12);
    expect(points[1]?.accuracy.value).toBeGreaterThan(0.85);
  });

  it('draws no point from fewer than twice the samples, and says how many it takes', () => {
    const set = linesFor(510);
    expect(set.equalTokens?.points.map(({ condition: of }) => of)).toEqual(['sampled']);
    expect(set.equalTokens?.missing).toEqual([{ condition: 'long', k: 5, samplesNeeded: 10 }]);
    expect(set.sentences).toContain('For votes with the tokens of long, run sampled with samples: 10 or more.');
  });

  it('has no line without a condition of several samples, but an offer', () => {
    const { set } = scoreOf(rising);
    expect(set.equalTokens).toBeNull();
    expect(set.sentences.join('\n')).toContain('Run one with samples: 2 or more.');
  });

  it('plans the best measured split for a budget', () => {
    const [small, middle, none] = linesFor(250, { budgets: [120, 400, 50] }).plans;
    expect(small?.best).toMatchObject({ condition: 'sampled', k: 1 });
    expect(middle?.best).toMatchObject({ condition: 'sampled', k: 4, generatedTokens: 400 });
    expect(middle?.options.map(({ condition: of, k }) => `${of} ${k}`)).toEqual([
      'sampled 1',
      'sampled 2',
      'sampled 4',
      'long 1',
    ]);
    expect(none?.best).toBeNull();
  });
});

describe('the split-half value', () => {
  it('is what it is where one option is best for every half', () => {
    const better = Array<number>(10).fill(1);
    expect(splitHalfValue([better, better.map(() => 0)], 1)).toBe(1);
  });

  it('takes away what chance gave the best of equal options', () => {
    const random = createRandom(3, 0);
    const coins = Array.from({ length: 20 }, () => Array.from({ length: 60 }, () => Number(random() < 0.5)));
    const best = Math.max(...coins.map((values) => values.reduce((sum, value) => sum + value, 0) / 60));
    expect(best).toBeGreaterThan(0.58);
    expect(splitHalfValue(coins, 1)).toBeLessThan(best - 0.03);
  });

  it('is refused for a single option or fewer than four problems', () => {
    expect(splitHalfValue([[1, 0, 1, 1]], 1)).toBeNull();
    expect(
      splitHalfValue(
        [
          [1, 0, 1],
          [0, 0, 1],
        ],
        1,
      ),
    ).toBeNull();
  });
});

it('no order of problems, samples or lines changes any number', () => {
  const sampled = condition('sampled', { samples: 2 });
  const small = runOf(
    [natural, ...cues],
    Array.from({ length: 12 }, (_, index) => [0, 1, 2, 3].map((c) => Number(index % 5 < c + 1))),
    Array.from({ length: 12 }, (_, index) => [100, 200, 300, 400].map((tokens) => tokens + index)),
  );
  const votes = Array.from({ length: 24 }, (_, index) =>
    sampleRow(sampled, String(index >> 1).padStart(4, '0'), index % 3 ? 'correct' : 'wrong', { sample: index % 2 }),
  );
  const other = small.samples.map((row) => ({ ...row, problemSet: 'another set' }));
  const whole = run([...small.conditions, sampled], [...small.samples, ...votes, ...other]);
  const few = { ...options, replicates: 100 };
  const expected = scoreRun(whole, few);
  fc.assert(
    fc.property(fc.shuffledSubarray(whole.samples, { minLength: whole.samples.length }), (samples) => {
      expect(scoreRun({ ...whole, samples }, few)).toEqual(expected);
    }),
    { numRuns: 8 },
  );
  expect(scoreRun(whole, { ...few, seed: 2 }).problemSets[0]?.methods[0]?.scaling).not.toEqual(
    expected.problemSets[0]?.methods[0]?.scaling,
  );
});
