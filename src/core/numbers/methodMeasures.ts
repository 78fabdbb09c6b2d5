import type { Estimate, Interval, Means, Quantity, TableBootstrap } from './bootstrap';
import { asFamily, type CompareOptions, type Comparison, compareInTable } from './compare';
import {
  type Axis,
  allPairsScaling,
  closePairs,
  control,
  isWithin,
  leastSquaresScaling,
  type Point,
  performance,
} from './measures';
import { accuracyOf, isComplete, type ProblemTable, samplesOf } from './problemTable';
import type { ConditionRow } from './runSamples';
import { splitHalfValue } from './splitHalf';

/** Slopes: percentage points per doubling, or per 1,000 tokens (1 s) for `linear`. */
export interface Scaling extends Record<Axis, Estimate> {
  leastSquares: Estimate;
}

/** A condition as a point of the figure. */
export interface MeasuredPoint {
  name: string;
  role: ConditionRow['role'];
  /** Mean of the quantity on the x axis. */
  x: Estimate;
  /** In percent. */
  accuracy: Estimate;
}

/** The points of one side of the natural run, which is the first or last of them. */
export interface Part {
  points: string[];
  scaling: Scaling;
  /** By the interval of the least-squares slope; null where no verdict may be given. */
  direction: 'rises' | 'falls' | 'unclear' | null;
}

/** Control, Scaling and Performance of one method on one problem set, with their intervals (s1 paper §3.2). */
export interface MethodMeasures {
  method: string;
  quantity: Quantity;
  points: MeasuredPoint[];
  /** Of conditions, by their mean thinking tokens, 0..1. */
  control: Estimate;
  /** Of single samples, 0..1. */
  sampleControl: number | null;
  scaling: Scaling;
  /** In percent. The split-half value is free of the luck of the best. */
  performance: Estimate & { name: string | null; splitHalf: number | null };
  /** Pairs closer than 0.1 in log2 x. Those with equal x count for no slope. */
  closePairs: { a: string; b: string; isEqual: boolean }[];
  /** Below the natural length. Capped conditions that do not end below it are not part of it. */
  capped: Part | null;
  extended: Part | null;
  /** Every other point against the natural run. */
  gains: Comparison[];
  /** The number of cues (0: the natural run) with the highest accuracy, and what more cues lost from there, in points. */
  best: { cues: number; name: string; accuracy: number; splitHalf: number | null } | null;
  dropAfterBest: (Estimate & { name: string; cues: number }) | null;
  /** Null: verdicts may be given. */
  noVerdictBecause: string | null;
}

interface Context {
  table: ProblemTable;
  bootstrap: TableBootstrap;
  quantity: Quantity;
  options: CompareOptions;
}

export function measureMethods(context: Context): MethodMeasures[] {
  const methods = [...new Set(context.table.conditions.map(({ method }) => method))];
  return methods.map((method) => measureMethod(method, context));
}

function measureMethod(method: string, context: Context): MethodMeasures {
  const { table, bootstrap, quantity } = context;
  const { conditions } = table;
  const natural = conditions.findIndex((condition) => condition.method === method && isNatural(condition));
  const measured = conditions.flatMap((condition, index) => {
    const isPoint = condition.replicateOf === null && (index === natural || !isNatural(condition));
    return condition.method === method && isPoint && hasPoint(bootstrap.means, index) ? [index] : [];
  });
  const nameOf = (index: number) => conditions[index]?.name ?? '';
  const named = (point: number) => nameOf(measured[point] ?? -1);
  const base = measured.includes(natural) ? natural : undefined;
  const at = bootstrap.means[quantity];
  const isBelow = (index: number) => base === undefined || (at[index] ?? 0) < (at[base] ?? 0);
  const withRole = (role: ConditionRow['role']) => measured.filter((index) => conditions[index]?.role === role);
  const noVerdictBecause = reasonForNone(table, measured);
  const part = (indices: number[]) =>
    partOf(base === undefined ? indices : [base, ...indices], indices.length, noVerdictBecause, context);
  return {
    method,
    quantity,
    points: measured.map((index) => ({
      name: nameOf(index),
      role: conditions[index]?.role ?? 'other',
      x: bootstrap.estimate((means) => means[quantity][index] ?? Number.NaN),
      accuracy: bootstrap.estimate((means) => 100 * (means.accuracy[index] ?? Number.NaN)),
    })),
    control: bootstrap.estimate((means) => control(measured.map((index) => bounded(means, conditions, index)))),
    sampleControl: sampleControl(table, measured),
    scaling: scalingOf(measured, context),
    performance: bestOf(measured, context),
    closePairs: closePairs(pointsOf(bootstrap.means, measured, quantity)).map(({ a, b, isEqual }) => ({
      a: named(a),
      b: named(b),
      isEqual,
    })),
    capped: part(withRole('capped').filter(isBelow)),
    extended: part(withRole('extended')),
    gains: base === undefined ? [] : gainsOver(base, measured, context),
    ...bestNumberOfCues(base, withRole('extended'), context),
    noVerdictBecause,
  };
}

/** A second natural run, e.g. one that is sampled for votes, varies no compute: it is no point. */
const isNatural = ({ role, replicateOf }: ConditionRow) => role === 'natural' && replicateOf === null;

const hasPoint = ({ accuracy, thinking }: Means, index: number) =>
  Number.isFinite(accuracy[index]) && Number.isFinite(thinking[index]);

function reasonForNone(table: ProblemTable, measured: readonly number[]): string | null {
  if (!table.isFinished) return 'the run is not finished';
  const incomplete = measured.filter((index) => !isComplete(table, index));
  if (incomplete.length === 0) return null;
  const names = incomplete.map((index) => `"${table.conditions[index]?.name}"`).join(', ');
  return `errors, ungraded or missing samples in ${names}`;
}

function gainsOver(natural: number, measured: readonly number[], { table, options }: Context): Comparison[] {
  const others = measured.filter((index) => index !== natural);
  return asFamily(others.map((index) => compareInTable(table, [natural, index], options)));
}

const bounded = (means: Means, conditions: readonly ConditionRow[], index: number) => ({
  x: means.thinking[index] ?? 0,
  limit: conditions[index]?.limit ?? null,
  minimum: conditions[index]?.minimum ?? null,
});

function sampleControl({ conditions, cells }: ProblemTable, measured: readonly number[]): number | null {
  const kept = measured.flatMap((index) => {
    const { limit = null, minimum = null } = conditions[index] ?? {};
    if (limit === null && minimum === null) return [];
    const made = (cells[index] ?? []).flat().filter(({ outcome }) => outcome !== 'error');
    return made.map(({ thinkingTokens }) => isWithin({ x: thinkingTokens, limit, minimum }));
  });
  return kept.length === 0 ? null : kept.filter(Boolean).length / kept.length;
}

const pointsOf = (means: Means, indices: readonly number[], quantity: Quantity): Point[] =>
  indices.map((index) => ({ x: means[quantity][index] ?? 0, y: 100 * (means.accuracy[index] ?? 0) }));

function scalingOf(indices: readonly number[], { bootstrap, quantity }: Context): Scaling {
  const slope = (of: (points: Point[]) => number) =>
    bootstrap.estimate((means) => of(pointsOf(means, indices, quantity)));
  return {
    log2: slope((points) => allPairsScaling(points, 'log2')),
    linear: slope((points) => allPairsScaling(points, 'linear')),
    leastSquares: slope(leastSquaresScaling),
  };
}

function partOf(indices: number[], own: number, noVerdictBecause: string | null, context: Context): Part | null {
  if (own === 0 || indices.length < 2) return null;
  const scaling = scalingOf(indices, context);
  const points = indices.map((index) => context.table.conditions[index]?.name ?? '');
  return { points, scaling, direction: noVerdictBecause === null ? directionOf(scaling.leastSquares.interval) : null };
}

function directionOf(interval: Interval | null): Part['direction'] {
  if (interval === null) return null;
  if (interval[0] > 0) return 'rises';
  return interval[1] < 0 ? 'falls' : 'unclear';
}

function bestOf(indices: readonly number[], { table, bootstrap, options }: Context): MethodMeasures['performance'] {
  const estimate = bootstrap.estimate((means) => performance(pointsOf(means, indices, 'thinking')));
  const accuracies = indices.map((index) => bootstrap.means.accuracy[index] ?? 0);
  const best = indices[accuracies.indexOf(Math.max(...accuracies))];
  const name = best === undefined ? null : (table.conditions[best]?.name ?? null);
  return { ...estimate, name, splitHalf: splitHalfPercent(indices, table, options.seed) };
}

function splitHalfPercent(indices: readonly number[], table: ProblemTable, seed: number): number | null {
  const shares = indices.map((index) => samplesOf(table, index).map((samples) => accuracyOf(samples)));
  if (shares.some((values) => values.includes(null))) return null;
  const value = splitHalfValue(shares as number[][], seed);
  return value === null ? null : 100 * value;
}

function bestNumberOfCues(
  natural: number | undefined,
  extended: number[],
  { table, bootstrap, options }: Context,
): Pick<MethodMeasures, 'best' | 'dropAfterBest'> {
  const cuesOf = (index: number) => (index === natural ? 0 : table.conditions[index]?.cues);
  const numbered = [...(natural === undefined ? [] : [natural]), ...extended]
    .filter((index) => typeof cuesOf(index) === 'number')
    .sort((a, b) => (cuesOf(a) ?? 0) - (cuesOf(b) ?? 0));
  const { accuracy } = bootstrap.means;
  const [best] = [...numbered].sort((a, b) => (accuracy[b] ?? 0) - (accuracy[a] ?? 0));
  const last = numbered.at(-1);
  if (best === undefined || last === undefined || numbered.length < 2) return { best: null, dropAfterBest: null };
  const named = (index: number) => ({ name: table.conditions[index]?.name ?? '', cues: cuesOf(index) ?? 0 });
  const splitHalf = splitHalfPercent(numbered, table, options.seed);
  const drop = () => bootstrap.estimate(({ accuracy: of }) => 100 * ((of[last] ?? 0) - (of[best] ?? 0)));
  return {
    best: { ...named(best), accuracy: 100 * (accuracy[best] ?? 0), splitHalf },
    dropAfterBest: best === last ? null : { ...named(last), ...drop() },
  };
}
