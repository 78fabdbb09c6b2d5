import { linearRegression } from 'simple-statistics';

/** A run in the figure: mean thinking tokens (or another cost), and accuracy in percent. */
export interface Point {
  x: number;
  y: number;
}

/** How x enters Scaling: the paper prints `linear` (its equation 2), but its Table 3 is `log2`. */
export type Axis = 'log2' | 'linear';

/** Pairs closer than this in log2 (7 % of x) have slopes that are mostly noise: they are named. */
export const closeInLog2 = 0.1;

/** Slopes on the linear axis are per this many tokens (or milliseconds). */
const linearUnit = 1_000;

const onAxis = (x: number, axis: Axis) => (axis === 'log2' ? Math.log2(x) : x / linearUnit);

/**
 * Scaling (s1 paper §3.2, equation 2): the mean slope over all pairs of runs, in percentage points per doubling of x, or per
 * 1,000 on the linear axis. Pairs of equal x are skipped, and on the log2 axis runs with x = 0. NaN where no pair is left.
 */
export function allPairsScaling(points: readonly Point[], axis: Axis): number {
  let sum = 0;
  let pairs = 0;
  const placed = points.map(({ x, y }) => ({ at: onAxis(x, axis), y })).filter(({ at }) => Number.isFinite(at));
  for (const [index, a] of placed.entries()) {
    for (let other = index + 1; other < placed.length; other++) {
      const b = placed[other];
      if (!b || a.at === b.at) continue;
      sum += (b.y - a.y) / (b.at - a.at);
      pairs++;
    }
  }
  return sum / pairs; // 0 / 0: NaN
}

/** Slope of the least-squares line on log2 x: percentage points per doubling. NaN for fewer than two different x. */
export function leastSquaresScaling(points: readonly Point[]): number {
  const placed = points.filter(({ x }) => x > 0).map(({ x, y }) => [Math.log2(x), y]);
  return placed.some(([at]) => at !== placed[0]?.[0]) ? linearRegression(placed).m : Number.NaN;
}

/** Performance (equation 3): the highest accuracy, in percent. NaN without points. */
export const performance = (points: readonly Point[]): number =>
  points.length === 0 ? Number.NaN : Math.max(...points.map(({ y }) => y));

export interface Bounded {
  x: number;
  /** Null: none was set. */
  limit: number | null;
  minimum: number | null;
}

/** Whether a number of tokens keeps the bounds, which belong to it: 1024 of 1024 is kept (s1 paper App. E.1). */
export const isWithin = ({ x, limit, minimum }: Bounded): boolean => x <= (limit ?? x) && x >= (minimum ?? x);

/** Control (equation 1): the share, 0..1, of the runs with a bound that kept it. NaN where none has one. */
export function control(runs: readonly Bounded[]): number {
  const bounded = runs.filter(({ limit, minimum }) => limit !== null || minimum !== null);
  return bounded.filter(isWithin).length / bounded.length;
}

/** Pairs of points, by index, that lie closer than 0.1 in log2; `isEqual`: at the same x, skipped by Scaling. */
export function closePairs(points: readonly Point[]): { a: number; b: number; isEqual: boolean }[] {
  return points.flatMap(({ x }, a) =>
    points.slice(a + 1).flatMap((other, offset) => {
      const isEqual = other.x === x;
      const isClose = isEqual || Math.abs(Math.log2(other.x) - Math.log2(x)) < closeInLog2;
      return isClose ? [{ a, b: a + 1 + offset, isEqual }] : [];
    }),
  );
}
