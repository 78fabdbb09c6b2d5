import { extractAnswer, isEquivalent } from '../../evaluate/outcome';
import type { FeatureValue, Row } from '../row';

/** Whether an attempt answers a row, by rule; null without a reference. The only place here that knows the rule grader. */
export function gradeByRule({ question, solution }: Pick<Row, 'question' | 'solution'>, attempt: string): FeatureValue {
  if (solution === null) return null;
  const given = extractAnswer(attempt);
  return given !== null && isEquivalent(given, { question, answer: extractAnswer(solution) ?? solution });
}

/** The judge's task in our words; its form is the contract of s1's grader (released `grading.txt`, paper Figure 8). */
const judgeTask = `You compare an attempt at a problem with the correct answer and decide whether the attempt is correct.
If the answer is a number or a choice, only the final answer counts, in whatever form it is written. If the correct answer is a
proof or an explanation, judge whether the reasoning of the attempt holds and arrives at the same.
Explain your reasoning first. Then write a last line that is exactly "Yes" or "No".`;

export function judgeQuestion({ question, solution }: Pick<Row, 'question' | 'solution'>, attempt: string): string {
  return `${judgeTask}\n\n## Problem\n${question}\n\n## Attempt\n${attempt}\n\n## Correct answer\n${solution ?? ''}`;
}

/** The verdict of a judge's reply; null where its last line is neither `Yes` nor `No`. */
export function readVerdict(reply: string): FeatureValue {
  const last = reply.trimEnd().split('\n').at(-1)?.trim();
  return last === 'Yes' ? true : last === 'No' ? false : null;
}
