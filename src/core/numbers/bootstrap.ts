import { quantileSorted } from 'simple-statistics';
import { createRandom } from '../base/random';
import { wilsonInterval } from '../evaluate/statistics';
import { hasVerdict, isCorrect, type ProblemTable } from './problemTable';

/** 95 %, low and high. */
export type Interval = [low: number, high: number];

/** A number and its interval; null where it is not defined, or the data cannot bear an interval. */
export interface Estimate {
  value: number | null;
  interval: Interval | null;
}

export interface BootstrapOptions {
  replicates: number;
  seed: number;
}

/** What is on the x axis: tokens, or milliseconds for `latency`. */
export type Quantity = 'thinking' | 'generated' | 'latency';

/** Means of each condition, over the problems as measured or as drawn for one replicate. NaN where there is nothing. */
export interface Means extends Record<Quantity, Float64Array> {
  /** 0..1 */
  accuracy: Float64Array;
}

/**
 * Draws problems with replacement, as many as there are, again and again: the cluster bootstrap (Cameron, Gelbach & Miller
 * 2008; Efron & Tibshirani 1993, §8). All values of a problem go together, so what belongs together stays paired.
 * @param values row per problem, `width` values each
 * @returns row per replicate: the sums of the drawn rows
 */
export function resampledSums(
  values: Float64Array,
  width: number,
  { replicates, seed }: BootstrapOptions,
): Float64Array {
  const problems = values.length / width;
  const random = createRandom(seed, 0);
  const sums = new Float64Array(replicates * width);
  const row = new Float64Array(width);
  for (let replicate = 0; replicate < replicates; replicate++) {
    row.fill(0);
    for (let draw = 0; draw < problems; draw++) {
      const from = Math.floor(random() * problems) * width;
      for (let at = 0; at < width; at++) row[at] = (row[at] as number) + (values[from + at] as number);
    }
    sums.set(row, replicate * width);
  }
  return sums;
}

/** The middle 95 % of the replicates; null where more than one in twenty is undefined. */
export function percentileInterval(values: Float64Array): Interval | null {
  const defined = [...values.filter(Number.isFinite).sort()];
  if (defined.length === 0 || defined.length < 0.95 * values.length) return null;
  return [quantileSorted(defined, 0.025), quantileSorted(defined, 0.975)];
}

/**
 * The mean of each column with its interval, the problems being resampled for all columns together.
 * @param columns one value per problem each; where no two values of a column differ, it has no interval
 */
export function bootstrapMeans(columns: readonly (readonly number[])[], options: BootstrapOptions): Estimate[] {
  const problems = columns[0]?.length ?? 0;
  const width = columns.length;
  if (problems === 0) return columns.map(() => ({ value: null, interval: null }));
  const values = new Float64Array(problems * width);
  for (const [at, column] of columns.entries()) {
    for (const [problem, value] of column.entries()) values[problem * width + at] = value;
  }
  const sums = resampledSums(values, width, options);
  return columns.map((column, at) => {
    const replicates = Float64Array.from(
      { length: options.replicates },
      (_, r) => (sums[r * width + at] ?? 0) / problems,
    );
    const value = column.reduce((sum, one) => sum + one, 0) / problems;
    const isSpread = column.some((one) => one !== column[0]);
    return { value, interval: isSpread ? percentileInterval(replicates) : null };
  });
}

/**
 * A mean of shares (0..1 per problem) with its interval. Where all problems have the same share nothing can be resampled:
 * at 0 or 1 Wilson's interval of that many problems stands in, which is wider than the samples deserve.
 */
export function withExtremes(estimate: Estimate, shares: readonly number[]): Estimate {
  const { value, interval } = estimate;
  if (interval !== null || (value !== 0 && value !== 1)) return estimate;
  return { value, interval: wilsonInterval(value * shares.length, shares.length) };
}

/** Replicates of a whole table: of each the means of all conditions. */
export class TableBootstrap {
  readonly means: Means;
  readonly #sums: Float64Array;
  readonly #conditions: number;
  readonly #replicates: number;
  readonly #problems: number;

  constructor(table: ProblemTable, options: BootstrapOptions) {
    const values = tableSums(table);
    this.#problems = table.problemKeys.length;
    this.#conditions = table.conditions.length;
    this.#replicates = options.replicates;
    this.#sums = resampledSums(values, this.#conditions * fields, options);
    const total = new Float64Array(this.#conditions * fields);
    for (const [at, value] of values.entries()) total[at % total.length] = (total[at % total.length] ?? 0) + value;
    this.means = emptyMeans(this.#conditions);
    fillMeans(this.means, total, 0);
  }

  /**
   * A number made from the means of the conditions, with its interval: computed anew from each replicate. One problem
   * alone, or replicates that do not differ, give no interval.
   * @param statistic must not keep the means it is given: they are overwritten
   */
  estimate(statistic: (means: Means) => number): Estimate {
    const value = statistic(this.means);
    if (!Number.isFinite(value)) return { value: null, interval: null };
    if (this.#problems < 2) return { value, interval: null };
    const scratch = emptyMeans(this.#conditions);
    const replicates = new Float64Array(this.#replicates);
    for (let replicate = 0; replicate < this.#replicates; replicate++) {
      fillMeans(scratch, this.#sums, replicate * this.#conditions * fields);
      replicates[replicate] = statistic(scratch);
    }
    const interval = percentileInterval(replicates);
    return { value, interval: interval && interval[0] < interval[1] ? interval : null };
  }
}

const fields = 6;

/** Per problem and condition: correct, with verdict, with tokens (an error has none), thinking, generated, milliseconds. */
function tableSums({ cells, problemKeys, conditions }: ProblemTable): Float64Array {
  const sums = new Float64Array(problemKeys.length * conditions.length * fields);
  for (const [c, problems] of cells.entries()) {
    for (const [p, samples] of problems.entries()) {
      const made = samples.filter(({ outcome }) => outcome !== 'error');
      const sum = (of: 'thinkingTokens' | 'generatedTokens' | 'durationMs') =>
        made.reduce((total, row) => total + row[of], 0);
      sums.set(
        [
          samples.filter(isCorrect).length,
          samples.filter(hasVerdict).length,
          made.length,
          sum('thinkingTokens'),
          sum('generatedTokens'),
          sum('durationMs'),
        ],
        (p * conditions.length + c) * fields,
      );
    }
  }
  return sums;
}

const emptyMeans = (conditions: number): Means => ({
  accuracy: new Float64Array(conditions),
  thinking: new Float64Array(conditions),
  generated: new Float64Array(conditions),
  latency: new Float64Array(conditions),
});

function fillMeans(means: Means, sums: Float64Array, from: number): void {
  for (let c = 0, at = from; c < means.accuracy.length; c++, at += fields) {
    const made = sums[at + 2] as number;
    means.accuracy[c] = (sums[at] as number) / (sums[at + 1] as number);
    means.thinking[c] = (sums[at + 3] as number) / made;
    means.generated[c] = (sums[at + 4] as number) / made;
    means.latency[c] = (sums[at + 5] as number) / made;
  }
}
