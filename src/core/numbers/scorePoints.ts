import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { createRandom, type Random } from '../base/random';
import { type BootstrapOptions, type Estimate, percentileInterval } from './bootstrap';
import { allPairsScaling, closePairs, control, leastSquaresScaling, type Point, performance } from './measures';
import { units } from './words';

const pointSchema = z.strictObject({
  name: z.string().optional(),
  /** Mean over the run's samples. */
  thinkingTokens: z.number().nonnegative(),
  correct: z.number().nonnegative(),
  total: z.number().positive(),
  /** Thinking tokens at most, and at least; with either, Control counts the point. */
  limit: z.number().nonnegative().optional(),
  minimum: z.number().nonnegative().optional(),
});
export type GivenPoint = z.infer<typeof pointSchema>;

/** The three measures of given points, e.g. of a published table. */
export interface PointsReport {
  points: (GivenPoint & { accuracy: number })[];
  /** Share, 0..1; undefined where no point has a limit. */
  control?: number;
  scaling: { log2: number | null; linear: number | null; leastSquares: number | null };
  performance: number;
  /** 95 %: each point's number of correct answers drawn anew from its binomial, tokens as given. Points are not paired. */
  intervals: {
    scaling: { log2: Estimate['interval']; linear: Estimate['interval']; leastSquares: Estimate['interval'] };
    performance: Estimate['interval'];
  };
  /** By index, closer than 0.1 in log2 tokens. Those with equal tokens are skipped. */
  closePairs: { a: number; b: number; isEqual: boolean }[];
  units: typeof units;
}

/** @throws SecondThoughtError `invalid-file` */
export function parsePoints(text: string, fileName: string): GivenPoint[] {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw new SecondThoughtError('invalid-file', `${fileName} is not JSON.`, { remedy: format });
  }
  const parsed = z.array(pointSchema).min(1).safeParse(value);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const [index, ...field] = issue?.path ?? [];
    const where =
      index === undefined ? '' : `, point ${Number(index) + 1}${field.length > 0 ? `, "${field.join('.')}"` : ''}`;
    throw new SecondThoughtError('invalid-file', `${fileName}${where}: ${issue?.message ?? 'invalid'}.`, {
      remedy: format,
    });
  }
  const impossible = parsed.data.findIndex(({ correct, total }) => correct > total);
  if (impossible === -1) return parsed.data;
  throw new SecondThoughtError('invalid-file', `${fileName}, point ${impossible + 1}: more correct than there are.`, {
    remedy: 'correct is at most total.',
  });
}

const format =
  'It is a list like [{"thinkingTokens": 1000, "correct": 4, "total": 30}]; "limit", "minimum" and "name" may be added.';

export function scorePoints(given: readonly GivenPoint[], { replicates, seed }: BootstrapOptions): PointsReport {
  const points = given.map((point) => ({ x: point.thinkingTokens, y: (100 * point.correct) / point.total }));
  const drawn = drawnAccuracies(given, { replicates, seed });
  const scratch = points.map((point) => ({ ...point }));
  const intervalOf = (statistic: (points: readonly Point[]) => number) => {
    const values = Float64Array.from({ length: replicates }, (_, replicate) => {
      for (const [index, point] of scratch.entries()) point.y = drawn[replicate * points.length + index] ?? 0;
      return statistic(scratch);
    });
    return percentileInterval(values);
  };
  const measures = {
    log2: (list: readonly Point[]) => allPairsScaling(list, 'log2'),
    linear: (list: readonly Point[]) => allPairsScaling(list, 'linear'),
    leastSquares: leastSquaresScaling,
  };
  const each = <T>(of: (measure: (list: readonly Point[]) => number) => T) => ({
    log2: of(measures.log2),
    linear: of(measures.linear),
    leastSquares: of(measures.leastSquares),
  });
  const kept = control(
    given.map(({ thinkingTokens, limit = null, minimum = null }) => ({ x: thinkingTokens, limit, minimum })),
  );
  return {
    points: given.map((point, index) => ({ ...point, accuracy: points[index]?.y ?? 0 })),
    ...(Number.isFinite(kept) ? { control: kept } : {}),
    scaling: each((measure) => finite(measure(points))),
    performance: performance(points),
    intervals: { scaling: each(intervalOf), performance: intervalOf(performance) },
    closePairs: closePairs(points),
    units,
  };
}

const finite = (value: number) => (Number.isFinite(value) ? value : null);

/** Row per replicate: the accuracy, in percent, of each point. */
function drawnAccuracies(given: readonly GivenPoint[], { replicates, seed }: BootstrapOptions): Float64Array {
  const random = createRandom(seed, 4);
  return Float64Array.from({ length: replicates * given.length }, (_, at) => {
    const { correct, total } = given[at % given.length] as GivenPoint;
    return (100 * binomial(Math.round(total), correct / total, random)) / Math.round(total);
  });
}

/** Above this the normal approximation is as good as the draw. */
const tossesAtMost = 1_000;

function binomial(n: number, p: number, random: Random): number {
  if (n <= tossesAtMost) {
    let successes = 0;
    for (let toss = 0; toss < n; toss++) if (random() < p) successes++;
    return successes;
  }
  const normal = Math.sqrt(-2 * Math.log(1 - random())) * Math.cos(2 * Math.PI * random());
  return Math.min(n, Math.max(0, Math.round(n * p + normal * Math.sqrt(n * p * (1 - p)))));
}
