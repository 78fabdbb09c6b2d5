import type { Sample } from '../aggregate/vote';
import { bootstrapMeans, type Estimate, withExtremes } from './bootstrap';
import type { CompareOptions } from './compare';
import { powersOfTwo } from './outcomeTable';
import { isComplete, type ProblemTable } from './problemTable';
import { splitHalfValue } from './splitHalf';
import { expectedMajority, votesOf } from './votes';

/** maj@k of the same model for as many generated tokens as a condition spends. */
export interface VotePoint {
  /** The condition whose tokens are spent on votes. */
  condition: string;
  /** Its mean generated tokens per sample. */
  budget: number;
  k: number;
  /** k times the mean of a vote: at most the budget. */
  generatedTokens: number;
  accuracy: Estimate;
}

export interface EqualTokens {
  /** The condition whose samples vote. */
  voter: string;
  points: VotePoint[];
  /** Conditions worth more votes than half of the samples measured: how many samples a problem would be needed. */
  missing: { condition: string; k: number; samplesNeeded: number }[];
}

/** The best measured way to spend at most this many generated tokens a problem. */
export interface PlannedSplit {
  tokens: number;
  /** So many samples of this condition, by majority; 1: a single sample. Null: nothing measured is so cheap. */
  best: { condition: string; k: number; generatedTokens: number; accuracy: Estimate; splitHalf: number | null } | null;
  options: { condition: string; k: number; generatedTokens: number; accuracy: number }[];
}

interface Voter {
  name: string;
  samples: number;
  meanTokens: number;
  votes: Sample[][];
}

/**
 * Longer or more: what the tokens of each condition buy when they are spent on votes of the same model instead. k =
 * ⌊budget / mean generated tokens of a vote⌋, over random k-subsets of at least 2k samples, since subsets of fewer are
 * nearly the same samples. The condition with the most samples votes; null where none has two.
 */
export function equalTokens(table: ProblemTable, options: CompareOptions): EqualTokens | null {
  const voters = votersOf(table);
  const [voter] = voters.filter(({ samples }) => samples > 1).sort((a, b) => b.samples - a.samples);
  if (!voter) return null;
  const affordable = voters
    .map(({ name, meanTokens }) => ({
      condition: name,
      budget: meanTokens,
      k: Math.floor(meanTokens / voter.meanTokens + 1e-9),
    }))
    .filter(({ k }) => k >= 1);
  const measured = affordable.filter(({ k }) => voter.samples >= 2 * k).sort((a, b) => a.budget - b.budget);
  const columns = measured.map(({ k }) => expectedMajority(voter.votes, k, options.seed));
  const estimates = bootstrapMeans(columns, options);
  return {
    voter: voter.name,
    points: measured.map((point, index) => ({
      ...point,
      generatedTokens: point.k * voter.meanTokens,
      accuracy: withExtremes(estimates[index] as Estimate, columns[index] ?? []),
    })),
    missing: affordable
      .filter(({ k }) => voter.samples < 2 * k)
      .map(({ condition, k }) => ({ condition, k, samplesNeeded: 2 * k })),
  };
}

/** For each number of generated tokens a problem, the best of all measured conditions × votes that cost no more. */
export function planSplits(table: ProblemTable, budgets: readonly number[], options: CompareOptions): PlannedSplit[] {
  const choices = votersOf(table).flatMap(({ name, samples, meanTokens, votes }) =>
    [1, ...powersOfTwo(samples / 2).slice(1)]
      .filter((k) => k === 1 || samples >= 2 * k)
      .map((k) => ({
        condition: name,
        k,
        generatedTokens: k * meanTokens,
        values: expectedMajority(votes, k, options.seed),
      })),
  );
  return budgets.map((tokens) => {
    const affordable = choices.filter(({ generatedTokens }) => generatedTokens <= tokens + 1e-9);
    const valued = affordable.map((choice) => ({ ...choice, accuracy: mean(choice.values) }));
    const [best] = [...valued].sort((a, b) => b.accuracy - a.accuracy || a.generatedTokens - b.generatedTokens);
    const all = valued.map(({ values: _, ...choice }) => choice);
    if (!best) return { tokens, best: null, options: all };
    const { values, ...chosen } = best;
    const [estimate] = bootstrapMeans([values], options);
    const accuracy = withExtremes(estimate as Estimate, values);
    const splitHalf = splitHalfValue(
      affordable.map((choice) => choice.values),
      options.seed,
    );
    return { tokens, best: { ...chosen, accuracy, splitHalf }, options: all };
  });
}

const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;

/** Complete conditions with what a sample of each costs. */
function votersOf(table: ProblemTable): Voter[] {
  return table.conditions.flatMap(({ name, samples, replicateOf }, index) => {
    const votes = replicateOf === null && isComplete(table, index) ? votesOf(table, index) : undefined;
    if (!votes) return [];
    return [{ name, samples, meanTokens: mean(votes.flat().map((vote) => vote.generatedTokens)), votes }];
  });
}
