import { aggregate } from '../aggregate/aggregate';
import type { Sample } from '../aggregate/vote';
import { createRandom, type Random } from '../base/random';
import { answerKey } from '../evaluate/outcome';
import { hasVerdict, isCorrect, type ProblemTable, samplesOf } from './problemTable';
import type { SampleRow } from './runSamples';

/** Random subsets per problem and k. The mean over them is unbiased whatever their number. */
const subsets = 100;

/** A sample as the aggregators take it; equal answers have equal texts. */
function toVote(row: SampleRow): Sample {
  const answer = row.answerKey ?? (row.answer === null ? null : answerKey(row.answer));
  return {
    answer,
    isCorrect: hasVerdict(row) ? isCorrect(row) : null,
    thinkingTokens: row.thinkingTokens,
    generatedTokens: row.generatedTokens,
    durationMs: row.durationMs,
  };
}

/** The votes of one condition, problem by problem; undefined where a sample lacks a verdict: a vote could not be judged. */
export function votesOf(table: ProblemTable, condition: number): Sample[][] | undefined {
  const problems = samplesOf(table, condition);
  const planned = table.conditions[condition]?.samples;
  const isWhole = problems.every((samples) => samples.length === planned && samples.every(hasVerdict));
  return isWhole && problems.length > 0 ? problems.map((samples) => samples.map(toVote)) : undefined;
}

const sameText = (answer: string) => answer;

const majorityScore = (votes: readonly Sample[], k: number) =>
  aggregate(votes, { name: 'majority', k, key: sameText }).score ?? 0;

/** maj@k of each problem, unbiased: over random k-subsets of its samples, in random order. k = 1: the share of correct ones. */
export function expectedMajority(problems: readonly (readonly Sample[])[], k: number, seed: number): number[] {
  if (k === 1) return averages(problems);
  const random = createRandom(seed, 2);
  return problems.map((votes) => {
    let sum = 0;
    for (let subset = 0; subset < subsets; subset++) sum += majorityScore(drawn(votes, k, random), k);
    return sum / subsets;
  });
}

/** maj@k of each problem over its first k samples: what the released evaluation of s1 reports. */
export const firstMajority = (problems: readonly (readonly Sample[])[], k: number): number[] =>
  problems.map((votes) => majorityScore(votes, k));

/** pass@k of each problem, unbiased. Over its first k samples alone it is the `cov@k` of the released evaluation. */
export const expectedPass = (problems: readonly (readonly Sample[])[], k: number): number[] =>
  problems.map((votes) => aggregate(votes, { name: 'pass@k', k }).score ?? 0);

export const firstCoverage = (problems: readonly (readonly Sample[])[], k: number): number[] =>
  expectedPass(
    problems.map((votes) => votes.slice(0, k)),
    k,
  );

/** avg@n of each problem. */
const averages = (problems: readonly (readonly Sample[])[]): number[] =>
  problems.map((votes) => aggregate(votes, { name: 'avg@k' }).score ?? 0);

/** k of the items in random order: a Fisher-Yates shuffle that stops after k. */
function drawn<T>(items: readonly T[], k: number, random: Random): T[] {
  const pool = [...items];
  for (let at = 0; at < k; at++) {
    const other = at + Math.floor(random() * (pool.length - at));
    [pool[at], pool[other]] = [pool[other] as T, pool[at] as T];
  }
  return pool.slice(0, k);
}
