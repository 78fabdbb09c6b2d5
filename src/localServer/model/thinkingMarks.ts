import type { ThinkingMarks } from '../generation/thinkingBudget';

/** Families by the token that only their vocabularies have, and how they open and end thinking: think tags before s1. */
const families = [
  { token: '<think>', start: '<think>', end: '</think>' },
  { token: '<|im_start|>', start: '<|im_start|>think', end: '<|im_start|>answer' },
];

/** What vLLM is told by `--reasoning-config`, read from the vocabulary; null for a model of no known family. */
export function findThinkingMarks(tokenize: (text: string) => number[]): ThinkingMarks | null {
  const family = families.find(({ token }) => tokenize(token).length === 1);
  return family ? { start: tokenize(family.start), end: tokenize(family.end) } : null;
}
