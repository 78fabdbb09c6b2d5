import type { Outcome } from '../evaluate/outcome';
import { wilsonInterval } from '../evaluate/statistics';
import { type BootstrapOptions, bootstrapMeans, type Interval } from './bootstrap';
import { holm, mcnemarExact, neededProblems, signFlip } from './pairedTests';
import { accuracyOf, hasVerdict, isComplete, type ProblemTable, problemTables, samplesOf } from './problemTable';
import type { ConditionRow, RunSamples, SampleRow } from './runSamples';

export interface CompareOptions extends BootstrapOptions {
  /** The difference in accuracy that a study should be able to see, e.g. 0.03. */
  smallestDifference: number;
}

/** What became of a problem from A to B. `unanswered`: truncated or without an answer. */
export type FlipKind = 'wrong-to-right' | 'unanswered-to-right' | 'right-to-wrong' | 'right-to-unanswered';

export interface Flip {
  problemKey: string;
  kind: FlipKind;
  from: Outcome;
  to: Outcome;
  /** The two traces to read side by side. */
  traceA: string | null;
  traceB: string | null;
}

export type Verdict = 'better' | 'worse' | 'inconclusive';

/** B against A on the problems of one set that both have. */
export interface Comparison {
  problemSet: string;
  a: string;
  b: string;
  sharedProblems: number;
  /** Problems that only one of them has a verdict on, or that are not finished yet. */
  otherProblems: number;
  /** Accuracies on the shared problems, and B − A, 0..1. */
  accuracyA: number;
  accuracyB: number;
  difference: number;
  /** Of the difference: problems resampled in pairs. */
  interval: Interval | null;
  test: 'mcnemar-exact' | 'sign-flip';
  pValue: number;
  /** Adjusted for this many comparisons made together. */
  holmPValue: number;
  comparisons: number;
  /** More tokens per sample under B, as a mean over the shared problems. */
  extraThinkingTokens: number;
  extraGeneratedTokens: number;
  flips: Flip[];
  /** Mean squared difference per problem; at one sample the share of problems that flip. */
  discordance: number;
  /** Problems needed to see `smallestDifference`. */
  neededProblems: number;
  smallestDifference: number;
  /** Null where none may be given: see `noVerdictBecause`. */
  verdict: Verdict | null;
  noVerdictBecause: string | null;
}

/** Compares pairs of conditions, on every problem set apart. All of it counts as one family for Holm. */
export function compareConditions(
  run: RunSamples,
  pairs: readonly (readonly [a: ConditionRow, b: ConditionRow])[],
  options: CompareOptions,
): Comparison[] {
  const found = pairs.flatMap(([a, b]) =>
    problemTables(run, [a, b]).map((table) => compareInTable(table, [0, 1], options)),
  );
  return asFamily(found);
}

/**
 * Each condition with the next higher number of cues of the same method: what more cues bought. The natural run has none; it
 * is where a method without one of its own begins, e.g. another cue word.
 */
export function cueSteps({ conditions }: Pick<RunSamples, 'conditions'>): [ConditionRow, ConditionRow][] {
  const own = conditions.filter(({ replicateOf }) => replicateOf === null);
  const natural = own.filter(({ role }) => role === 'natural');
  const extended = own.filter(({ role, cues }) => role === 'extended' && cues !== null);
  return [...new Set(extended.map(({ method }) => method))].flatMap((name) => {
    const [start] = [...natural.filter(({ method }) => method === name), ...natural];
    const steps = extended.filter(({ method }) => method === name).sort((a, b) => (a.cues ?? 0) - (b.cues ?? 0));
    const from = start ? [start, ...steps] : steps;
    return from
      .slice(1)
      .map((condition, index): [ConditionRow, ConditionRow] => [from[index] as ConditionRow, condition]);
  });
}

/** Adjusts the p-values of comparisons that are made together, and gives the verdicts. */
export function asFamily(comparisons: readonly Comparison[]): Comparison[] {
  const adjusted = holm(comparisons.map(({ pValue }) => pValue));
  return comparisons.map((comparison, index) => {
    const holmPValue = adjusted[index] ?? 1;
    const verdict = comparison.noVerdictBecause === null ? verdictOf(comparison.difference, holmPValue) : null;
    return { ...comparison, holmPValue, comparisons: comparisons.length, verdict };
  });
}

const verdictOf = (difference: number, pValue: number): Verdict =>
  pValue >= 0.05 || difference === 0 ? 'inconclusive' : difference > 0 ? 'better' : 'worse';

/** One comparison by itself, of two conditions (by index) of a table; its verdict comes with `asFamily`. */
export function compareInTable(table: ProblemTable, [a, b]: [number, number], options: CompareOptions): Comparison {
  const pairs = table.problemKeys
    .map((problemKey, p) => ({ problemKey, a: samplesOf(table, a)[p] ?? [], b: samplesOf(table, b)[p] ?? [] }))
    .filter((pair) => pair.a.some(hasVerdict) && pair.b.some(hasVerdict));
  const accuracies = (side: 'a' | 'b') => pairs.map((pair) => accuracyOf(pair[side]) ?? 0);
  const [ofA, ofB] = [accuracies('a'), accuracies('b')];
  const differences = ofB.map((accuracy, index) => accuracy - (ofA[index] ?? 0));
  const isSingle = table.conditions[a]?.samples === 1 && table.conditions[b]?.samples === 1;
  const count = (wanted: number) => differences.filter((difference) => difference === wanted).length;
  const discordance = mean(differences.map((difference) => difference ** 2));
  const extra = (of: 'thinkingTokens' | 'generatedTokens') =>
    mean(pairs.map((pair) => meanTokens(pair.b, of) - meanTokens(pair.a, of)));
  return {
    problemSet: table.problemSet,
    a: table.conditions[a]?.name ?? '',
    b: table.conditions[b]?.name ?? '',
    sharedProblems: pairs.length,
    otherProblems: table.problemKeys.length - pairs.length + table.unfinishedProblems,
    accuracyA: mean(ofA),
    accuracyB: mean(ofB),
    difference: mean(differences),
    interval: differenceInterval(differences, options),
    test: isSingle ? 'mcnemar-exact' : 'sign-flip',
    pValue: isSingle ? mcnemarExact(count(-1), count(1)) : signFlip(differences, options.seed),
    holmPValue: 1,
    comparisons: 1,
    extraThinkingTokens: extra('thinkingTokens'),
    extraGeneratedTokens: extra('generatedTokens'),
    flips: pairs.flatMap((pair) => flipOf(pair.problemKey, pair.a, pair.b) ?? []),
    discordance,
    neededProblems: neededProblems(options.smallestDifference, discordance),
    smallestDifference: options.smallestDifference,
    verdict: null,
    noVerdictBecause: reasonForNone(table, [a, b], pairs.length),
  };
}

function reasonForNone(table: ProblemTable, indices: [number, number], shared: number): string | null {
  if (!table.isFinished) return 'the run is not finished';
  if (shared === 0) return 'they share no problem with a verdict';
  const incomplete = indices.filter((index) => !isComplete(table, index)).map((index) => table.conditions[index]?.name);
  if (incomplete.length === 0) return null;
  return `${incomplete.map((name) => `"${name}"`).join(' and ')} holds errors, ungraded or missing samples`;
}

const mean = (values: readonly number[]) =>
  values.length === 0 ? 0 : values.reduce((sum, value) => sum + value, 0) / values.length;

function meanTokens(samples: readonly SampleRow[], of: 'thinkingTokens' | 'generatedTokens'): number {
  return mean(samples.filter(({ outcome }) => outcome !== 'error').map((row) => row[of]));
}

/** Where no problem differs nothing can be resampled: then the most that Wilson's interval allows to have been missed. */
function differenceInterval(differences: readonly number[], options: BootstrapOptions): Interval | null {
  if (differences.length === 0) return null;
  const [estimate] = bootstrapMeans([differences], options);
  if (estimate?.interval) return estimate.interval;
  const [, missed] = wilsonInterval(0, differences.length);
  const value = estimate?.value ?? 0;
  return [Math.max(-1, value - missed), Math.min(1, value + missed)];
}

/**
 * A problem flips when its most frequent outcome does: right where more than half of its samples are. At one sample per
 * problem that is the outcome itself. The traces are the first ones with that outcome.
 */
function flipOf(problemKey: string, a: readonly SampleRow[], b: readonly SampleRow[]): Flip | undefined {
  const [before, after] = [typical(a), typical(b)];
  const [wasRight, isRight] = [before.outcome === 'correct', after.outcome === 'correct'];
  if (wasRight === isRight) return undefined;
  const other = wasRight ? after : before;
  const failed = other.outcome === 'wrong' ? 'wrong' : 'unanswered';
  const kind = wasRight ? (`right-to-${failed}` as const) : (`${failed}-to-right` as const);
  const traces = { traceA: before.traceId, traceB: after.traceId };
  return { problemKey, kind, from: before.outcome, to: after.outcome, ...traces };
}

function typical(samples: readonly SampleRow[]): SampleRow {
  const verdicts = samples.filter(hasVerdict);
  const having = (outcome: Outcome) => verdicts.filter((row) => row.outcome === outcome);
  const right = having('correct');
  if (2 * right.length > verdicts.length) return right[0] as SampleRow;
  const others = (['wrong', 'truncated', 'no-answer'] as const).map(having);
  const [most] = others.sort((one, two) => two.length - one.length);
  return most?.[0] as SampleRow;
}
