import { quantile } from 'simple-statistics';
import { type Outcome, outcomeSchema } from '../evaluate/outcome';
import { wilsonInterval } from '../evaluate/statistics';
import { type BootstrapOptions, bootstrapMeans, type Estimate, type Interval, withExtremes } from './bootstrap';
import { isWithin } from './measures';
import { accuracyOf, hasVerdict, isComplete, type ProblemTable, samplesOf } from './problemTable';
import type { ConditionRow, SampleRow } from './runSamples';
import { expectedMajority, expectedPass, firstCoverage, firstMajority, votesOf } from './votes';

/** Tokens or milliseconds of the samples that were made. */
export interface Distribution {
  mean: number;
  min: number;
  p5: number;
  p50: number;
  p95: number;
  max: number;
}

/** Chances with k samples, 0..1. The released evaluation looks at the first k samples only; the others use all n. */
export interface AtK {
  k: number;
  pass: Estimate;
  majority: Estimate;
  firstMajority: number;
  firstCoverage: number;
}

/** What one condition came to on one problem set. */
export interface OutcomeRow {
  condition: ConditionRow;
  samples: number;
  outcomes: Record<Outcome, number>;
  /** Samples that the condition should have and has not. */
  missing: number;
  /** False: it holds errors, ungraded or missing samples, and gets no verdict. */
  isComplete: boolean;
  /** correct / (correct + wrong + no-answer + truncated), 0..1. */
  accuracy: number | null;
  interval: Interval | null;
  intervalBy: 'wilson' | 'problem-bootstrap';
  /** The accuracy if every truncated sample had been right: what a higher limit could give at most. */
  ifTruncatedWereRight: number | null;
  thinkingTokens: Distribution | null;
  generatedTokens: Distribution | null;
  durationMs: Distribution | null;
  steps: Distribution | null;
  paperThinkingTokens: Distribution | null;
  /** Generated tokens per correct answer. Null where none is correct. */
  tokensPerCorrect: number | null;
  /** Of single samples; null without a limit or minimum. Overshoot: tokens over the limit, of those samples that exceed it. */
  sampleControl: { within: number; overshootP50: number | null; overshootP95: number | null } | null;
  /** Null at one sample per problem, or where a sample has no verdict. */
  atK: AtK[] | null;
  variance: Variance | null;
}

/** Of correctness (0 or 1): between problems, and between samples of one problem. */
export interface Variance {
  between: number;
  within: number;
  /** Share of the variance that lies between problems: more samples do not reduce it, more problems do. */
  intraclass: number | null;
}

export function outcomeRows(table: ProblemTable, options: BootstrapOptions): OutcomeRow[] {
  return table.conditions.map((_, index) => outcomeRow(table, index, options));
}

function outcomeRow(table: ProblemTable, index: number, options: BootstrapOptions): OutcomeRow {
  const condition = table.conditions[index] as ConditionRow;
  const problems = samplesOf(table, index);
  const rows = problems.flat();
  const made = rows.filter(({ outcome }) => outcome !== 'error');
  const outcomes = countOutcomes(rows);
  const verdicts = rows.filter(hasVerdict).length;
  const generated = made.reduce((sum, row) => sum + row.generatedTokens, 0);
  const accuracy = accuracyOf(rows);
  return {
    condition,
    samples: rows.length,
    outcomes,
    missing: condition.samples * problems.length - rows.length,
    isComplete: isComplete(table, index),
    accuracy,
    ...accuracyInterval(condition, problems, options),
    ifTruncatedWereRight: verdicts === 0 ? null : (outcomes.correct + outcomes.truncated) / verdicts,
    thinkingTokens: distribution(made.map((row) => row.thinkingTokens)),
    generatedTokens: distribution(made.map((row) => row.generatedTokens)),
    durationMs: distribution(made.map((row) => row.durationMs)),
    steps: distribution(made.flatMap(({ steps }) => steps ?? [])),
    paperThinkingTokens: distribution(made.flatMap(({ paperThinkingTokens }) => paperThinkingTokens ?? [])),
    tokensPerCorrect: outcomes.correct === 0 ? null : generated / outcomes.correct,
    sampleControl: sampleControl(condition, made),
    atK: atKs(table, index, options),
    variance: varianceOf(problems, condition.samples),
  };
}

function countOutcomes(rows: readonly SampleRow[]): Record<Outcome, number> {
  const entries = outcomeSchema.options.map((outcome) => [
    outcome,
    rows.filter((row) => row.outcome === outcome).length,
  ]);
  return Object.fromEntries(entries) as Record<Outcome, number>;
}

/** Wilson's at one sample per problem: then samples are independent. Else problems are resampled with all their samples. */
function accuracyInterval(
  { samples }: ConditionRow,
  problems: SampleRow[][],
  options: BootstrapOptions,
): Pick<OutcomeRow, 'interval' | 'intervalBy'> {
  const shares = problems.flatMap((rows) => accuracyOf(rows) ?? []);
  if (samples === 1) {
    const correct = shares.filter((share) => share === 1).length;
    return { interval: shares.length > 0 ? wilsonInterval(correct, shares.length) : null, intervalBy: 'wilson' };
  }
  const [estimate = { value: null, interval: null }] = bootstrapMeans([shares], options);
  return { interval: withExtremes(estimate, shares).interval, intervalBy: 'problem-bootstrap' };
}

function distribution(values: number[]): Distribution | null {
  if (values.length === 0) return null;
  const [min = 0, p5 = 0, p50 = 0, p95 = 0, max = 0] = quantile(values, [0, 0.05, 0.5, 0.95, 1]);
  return { mean: values.reduce((sum, value) => sum + value, 0) / values.length, min, p5, p50, p95, max };
}

function sampleControl({ limit, minimum }: ConditionRow, made: readonly SampleRow[]): OutcomeRow['sampleControl'] {
  if ((limit === null && minimum === null) || made.length === 0) return null;
  const within = made.filter((row) => isWithin({ x: row.thinkingTokens, limit, minimum })).length / made.length;
  const over = made.map((row) => row.thinkingTokens - (limit ?? Infinity)).filter((tokens) => tokens > 0);
  const [overshootP50 = null, overshootP95 = null] = over.length === 0 ? [] : quantile(over, [0.5, 0.95]);
  return { within, overshootP50, overshootP95 };
}

/** k = 1, 2, 4, … up to all samples. */
function atKs(table: ProblemTable, index: number, options: BootstrapOptions): AtK[] | null {
  const samples = table.conditions[index]?.samples ?? 1;
  const votes = samples > 1 ? votesOf(table, index) : undefined;
  if (!votes) return null;
  const ks = [...powersOfTwo(samples - 1), samples];
  const columns = ks.flatMap((k) => [expectedPass(votes, k), expectedMajority(votes, k, options.seed)]);
  const estimates = bootstrapMeans(columns, options);
  const mean = (values: number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  return ks.map((k, at) => ({
    k,
    pass: withExtremes(estimates[2 * at] as Estimate, columns[2 * at] ?? []),
    majority: withExtremes(estimates[2 * at + 1] as Estimate, columns[2 * at + 1] ?? []),
    firstMajority: mean(firstMajority(votes, k)),
    firstCoverage: mean(firstCoverage(votes, k)),
  }));
}

/** 1, 2, 4, … up to a number. */
export const powersOfTwo = (highest: number): number[] =>
  Array.from({ length: Math.floor(Math.log2(highest)) + 1 }, (_, exponent) => 2 ** exponent);

/**
 * One-way analysis of variance (Searle, Casella & McCulloch 1992, §3.6) over the problems whose samples all have verdicts:
 * within is the mean square inside problems, between what the mean square between problems holds beyond it, at least 0.
 */
export function varianceOf(problems: readonly (readonly SampleRow[])[], k: number): Variance | null {
  const shares = problems
    .filter((rows) => rows.length === k && rows.every(hasVerdict))
    .map((rows) => accuracyOf(rows) ?? 0);
  if (k < 2 || shares.length < 2) return null;
  const mean = shares.reduce((sum, share) => sum + share, 0) / shares.length;
  const ofMeans = shares.reduce((sum, share) => sum + (share - mean) ** 2, 0) / (shares.length - 1);
  const within = shares.reduce((sum, share) => sum + share * (1 - share), 0) * (k / (k - 1) / shares.length);
  const between = Math.max(0, ofMeans - within / k);
  return { between, within, intraclass: between + within === 0 ? null : between / (between + within) };
}
