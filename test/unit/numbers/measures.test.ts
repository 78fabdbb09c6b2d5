import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  allPairsScaling,
  closePairs,
  control,
  leastSquaresScaling,
  performance,
} from '../../../src/core/numbers/measures';
import { parsePoints, scorePoints } from '../../../src/core/numbers/scorePoints';

/** [thinking tokens, correct of 30], s1 paper Tables 12 to 14, Figures 1 and 6. */
const vectors: Record<string, [number, number][]> = {
  TCC: [
    [7939, 8],
    [7158, 9],
    [8263, 10],
    [7108, 10],
    [7500, 12],
  ],
  'TCC+BF': [
    [1024, 1],
    [2048, 9],
    [4031, 10],
    [5664, 10],
    [6330, 12],
  ],
  SCC: [
    [7252, 10],
    [6277, 7],
    [5396, 10],
    [5552, 11],
    [7551, 10],
  ],
  'SCC+BF': [
    [1517, 7],
    [2963, 7],
    [4636, 10],
    [5409, 11],
    [7551, 10],
  ],
  CCC: [
    [8033, 9],
    [9651, 11],
  ],
  RS5: [
    [3702.9, 11],
    [4343.8, 10],
    [4733.8, 9],
    [5192.7, 8],
    [5292.9, 7],
  ],
  BF7: [
    [500, 0],
    [1000, 4],
    [2000, 9],
    [3933.1, 13],
    [5300.2, 15],
    [6656.8, 16],
    [7319.5, 17],
  ],
};

const percent = (points: [number, number][], total = 30) => points.map(([x, y]) => ({ x, y: (100 * y) / total }));
const report = (points: [number, number][], bounds: { limit?: number; minimum?: number }[] = [], replicates = 100) =>
  scorePoints(
    points.map(([thinkingTokens, correct], index) => ({ thinkingTokens, correct, total: 30, ...bounds[index] })),
    { replicates, seed: 1 },
  );

describe('Table 3 of the s1 paper', () => {
  it.each([
    ['TCC', -23.767],
    ['TCC+BF', 13.158],
    ['SCC', 2.929],
    ['SCC+BF', 6.41],
    ['CCC', 25.182],
    ['RS5', -35.474],
    ['BF7', 14.82],
  ])('%s scales by %f points per doubling', (name, scaling) => {
    expect(report(vectors[name] ?? []).scaling.log2).toBeCloseTo(scaling, 3);
  });

  it('budget forcing scales by 15 whichever five neighbouring runs are taken', () => {
    const all = vectors.BF7 ?? [];
    expect(allPairsScaling(percent(all.slice(0, 5)), 'log2')).toBeCloseTo(14.805, 3);
    expect(allPairsScaling(percent(all.slice(-5)), 'log2')).toBeCloseTo(14.793, 3);
  });

  it.each([
    ['TCC', -4.82],
    ['TCC+BF', 6.72],
    ['SCC', 0.61],
    ['SCC+BF', 2.47],
    ['CCC', 4.12],
  ])('%s scales by %f points per 1,000 tokens, as the equation is printed', (name, scaling) => {
    expect(report(vectors[name] ?? []).scaling.linear).toBeCloseTo(scaling, 2);
  });

  it('gives the slopes of the other two benchmarks of Figure 1', () => {
    const math = [
      [498.7, 64],
      [983.5, 80],
      [1813.9, 85.6],
      [2868, 90.6],
      [3199.6, 93.2],
    ] as [number, number][];
    const gpqa = [
      [500, 75],
      [985.4, 98],
      [1742.3, 101],
      [3231.2, 114],
      [4648.9, 118],
    ] as [number, number][];
    expect(allPairsScaling(percent(math, 100), 'log2')).toBeCloseTo(10.364, 3);
    expect(allPairsScaling(percent(gpqa, 198), 'log2')).toBeCloseTo(6.158, 3);
  });

  it('gives about 13.48 for the seven points of Figure 4a', () => {
    const points = [...(vectors.BF7 ?? []).slice(1), [8465, 17]] as [number, number][];
    expect(allPairsScaling(percent(points), 'log2')).toBeCloseTo(13.48, 1);
  });

  const limited = (limits: number[]) => limits.map((limit) => ({ limit }));
  it.each([
    ['TCC', limited([1024, 2048, 4096, 8192, 16384]), 0.4],
    ['TCC+BF', limited([1024, 2048, 4096, 8192, 16384]), 1],
    ['SCC', limited([1600, 3200, 6400, 12800, 25600]), 0.6],
    ['SCC+BF', limited([1600, 3200, 6400, 12800, 25600]), 1],
    ['CCC', [{ limit: 6109 }, { minimum: 6109 }], 0.5],
  ])('%s keeps its bounds in a share of its runs', (name, bounds, share) => {
    expect(report(vectors[name] ?? [], bounds).control).toBe(share);
  });

  it.each([
    ['TCC', 40],
    ['TCC+BF', 40],
    ['SCC', 36.7],
    ['SCC+BF', 36.7],
    ['CCC', 36.7],
    ['BF7', 56.7],
  ])('%s performs at %f %', (name, accuracy) => {
    expect(report(vectors[name] ?? []).performance).toBeCloseTo(accuracy, 1);
  });

  it('rejection sampling performs at 40 % in the sixth run, which its Scaling leaves out', () => {
    expect(report([[2974.2, 12], ...(vectors.RS5 ?? [])]).performance).toBe(40);
    expect(report(vectors.RS5 ?? []).performance).toBeCloseTo(36.7, 1);
  });

  it.each([
    ['BF7', 4, 25],
    ['TCC', -279, 212],
    ['SCC', -72, 79],
    ['CCC', -63, 113],
  ])('%s could as well scale by %i or by %i', (name, low, high) => {
    const [from = 0, to = 0] = report(vectors[name] ?? [], [], 10_000).intervals.scaling.log2 ?? [];
    const tolerance = 0.03 * (high - low);
    expect(Math.abs(from - low)).toBeLessThan(tolerance);
    expect(Math.abs(to - high)).toBeLessThan(tolerance);
  });
});

const anyPoints = fc.uniqueArray(
  fc.record({ x: fc.integer({ min: 1, max: 40_000 }), y: fc.integer({ min: 0, max: 100 }) }),
  { minLength: 2, maxLength: 12, selector: ({ x }) => x },
);

/** Slopes between neighbours get large: six digits of them. */
const expectSame = (value: number, expected: number) =>
  expect(Math.abs(value - expected)).toBeLessThanOrEqual(1e-6 * Math.max(1, Math.abs(expected)));

describe('the measures', () => {
  it('of two points are the slope between them', () => {
    fc.assert(
      fc.property(
        fc.tuple(...[0, 1].map(() => fc.integer({ min: 1, max: 9_999 }))),
        fc.integer(),
        ([a = 1, b = 1], y) => {
          fc.pre(a !== b);
          const points = [
            { x: a, y: 0 },
            { x: b, y: y % 100 },
          ];
          const slope = (y % 100) / (Math.log2(b) - Math.log2(a));
          expectSame(allPairsScaling(points, 'log2'), slope);
          expectSame(leastSquaresScaling(points), slope);
        },
      ),
    );
  });

  it('do not depend on the order of the points', () => {
    fc.assert(
      fc.property(anyPoints, (points) => {
        const turned = points.toReversed();
        expectSame(allPairsScaling(turned, 'log2'), allPairsScaling(points, 'log2'));
        expectSame(leastSquaresScaling(turned), leastSquaresScaling(points));
        expect(performance(turned)).toBe(performance(points));
      }),
    );
  });

  it('per doubling do not change when all x are doubled', () => {
    fc.assert(
      fc.property(anyPoints, (points) => {
        const doubled = points.map(({ x, y }) => ({ x: 2 * x, y }));
        expectSame(allPairsScaling(doubled, 'log2'), allPairsScaling(points, 'log2'));
        expectSame(leastSquaresScaling(doubled), leastSquaresScaling(points));
      }),
    );
  });

  it('skip pairs of equal x, and are undefined where no pair is left', () => {
    const points = [
      { x: 10, y: 1 },
      { x: 10, y: 9 },
      { x: 20, y: 5 },
    ];
    expect(allPairsScaling(points, 'log2')).toBeCloseTo(0, 12);
    expect(allPairsScaling(points.slice(0, 2), 'log2')).toBeNaN();
    expect(leastSquaresScaling(points.slice(0, 2))).toBeNaN();
    expect(leastSquaresScaling(points.slice(0, 1))).toBeNaN();
    expect(closePairs(points)).toEqual([{ a: 0, b: 1, isEqual: true }]);
  });

  it('leave a run without any thinking out of the log2 axis only', () => {
    const points = [
      { x: 0, y: 0 },
      { x: 1_000, y: 10 },
      { x: 2_000, y: 30 },
    ];
    expect(allPairsScaling(points, 'log2')).toBeCloseTo(20, 9);
    expect(leastSquaresScaling(points)).toBeCloseTo(20, 9);
    expect(allPairsScaling(points, 'linear')).toBeCloseTo((10 + 15 + 20) / 3, 9);
  });

  it('name pairs that are closer than 0.1 in log2', () => {
    const at = (log2: number) => ({ x: 2 ** log2, y: 0 });
    expect(closePairs([at(8), at(8.09), at(8.3)])).toEqual([{ a: 0, b: 1, isEqual: false }]);
  });

  it('ask Control only of runs that have a bound', () => {
    const free = { x: 5, limit: null, minimum: null };
    expect(control([free])).toBeNaN();
    expect(control([free, { ...free, limit: 5 }, { ...free, limit: 4 }])).toBe(0.5);
  });
});

describe('a file of points', () => {
  it.each([
    ['{', /not JSON/],
    ['[]', /points\.json/],
    ['[{"thinkingTokens": 1, "correct": 2}]', /point 1, "total"/],
    [
      '[{"thinkingTokens": 1, "correct": 2, "total": 3}, {"thinkingTokens": 1, "correct": 4, "total": 3}]',
      /point 2: more/,
    ],
    ['[{"thinkingTokens": -1, "correct": 2, "total": 3}]', /point 1, "thinkingTokens"/],
  ])('such as %s is refused with the place', (text, message) => {
    expect(() => parsePoints(text, 'points.json')).toThrow(message);
  });

  it('of one point has a Performance and no Scaling', () => {
    const { scaling, performance: best, intervals } = report([[500, 15]]);
    expect([scaling.log2, scaling.leastSquares, intervals.scaling.log2, best]).toEqual([null, null, null, 50]);
  });
});
