import { describe, expect, test } from 'vitest';

const { margin, overSeedsAndProblems, verdictOf } = await import(
  '../../../media/samples/miniature/report/verdicts.mjs' as string
);

/** A run of which these problems were answered rightly; the rest of ten wrongly. */
const run = (right: number) => ({
  samples: Array.from({ length: 10 }, (_, at) => ({
    problemKey: `p${at}`,
    outcome: at < right ? 'correct' : 'wrong',
  })),
});

describe('the verdicts of the miniature', () => {
  test.each([
    [[0.001, 0.1], 'better'],
    [[-0.029, 0.1], 'not inferior'],
    [[-0.031, 0.1], 'inconclusive'],
    [[-0.1, -0.02], 'inconclusive'],
    [[-0.1, -0.031], 'inferior'],
  ])('an interval of %j is called %s at a margin of three points', (interval, verdict) => {
    expect(margin).toBe(-3);
    expect(verdictOf({ interval })).toBe(verdict);
  });

  test('two equal arms whose seeds agree differ by nothing', () => {
    const { difference, interval } = overSeedsAndProblems([run(6), run(6)], [run(6), run(6)]);
    expect([difference, interval]).toEqual([0, [0, 0]]);
  });

  test('seeds that disagree widen the interval, and it is the same each time', () => {
    const width = ({ interval: [low, high] }: { interval: [number, number] }) => high - low;
    const agreeing = overSeedsAndProblems([run(4), run(4), run(4)], [run(7), run(7), run(7)]);
    const apart = overSeedsAndProblems([run(1), run(4), run(7)], [run(4), run(7), run(10)]);
    expect(agreeing.difference).toBeCloseTo(0.3, 12);
    expect(apart.difference).toBeCloseTo(0.3, 12);
    expect(width(apart)).toBeGreaterThan(width(agreeing));
    expect(overSeedsAndProblems([run(1), run(4), run(7)], [run(4), run(7), run(10)])).toEqual(apart);
  });
});
