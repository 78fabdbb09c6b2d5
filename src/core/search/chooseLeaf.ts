import { bestOfN, majority, type Sample, weightedMajority } from '../aggregate/vote';
import { answerKey, extractAnswer } from '../evaluate/outcome';
import { answerText, branchSpans, spansBeforeChoice, type Trace } from '../traces/trace';
import type { TreeNode } from './tree';

/** The answer of a leaf, as a grader reads it; null if there is none. */
export function leafAnswer(trace: Trace, { answer }: TreeNode): string | null {
  if (answer === null) return null;
  const text = answerText({
    spans: branchSpans({ ...trace, spans: spansBeforeChoice(trace) }, answer),
    dialect: trace.dialect,
  });
  const extracted = extractAnswer(text);
  return extracted === null ? null : answerKey(extracted, trace.problem.choices);
}

/**
 * The leaf whose answer is given: by votes, by votes that count as much as their score, or the best score (s1 facts §5.6).
 * If no leaf has an answer, the best of those that tried. Null if none did.
 */
export function chooseLeaf(trace: Trace, leaves: TreeNode[]): TreeNode | null {
  const { choose, rules } = trace.condition.search;
  const tried = leaves.filter(({ answer }) => answer !== null);
  const byScore = [...tried].sort((a, b) => (b.score ?? 0) - (a.score ?? 0));
  const samples = (rules === 'published' ? tried : byScore).map((leaf) => ({ leaf, ...toSample(trace, leaf) }));
  const same = (answer: string) => answer; // keys already
  const select = {
    majority: () => majority(samples, same),
    'weighted-majority': () => weightedMajority(samples, same),
    best: () => bestOfN(samples),
  }[choose];
  const chosen = select();
  return samples.find((sample) => sample === chosen)?.leaf ?? byScore[0] ?? null;
}

function toSample(trace: Trace, leaf: TreeNode): Sample {
  const unused = { isCorrect: null, generatedTokens: 0, thinkingTokens: 0, durationMs: 0 };
  return { ...unused, answer: leafAnswer(trace, leaf), weight: leaf.score ?? 0 };
}
