import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { gradeAnswer } from './gradeAnswer';
import type { RuleGrader } from './graderSpec';

/** A line of a file of pairs: what a model wrote, the reference, and, where it is known, whether they are the same. */
const pairSchema = z.object({
  given: z.string(),
  wanted: z.string(),
  choices: z.array(z.string()).optional(),
  isSame: z.boolean().optional(),
});

export interface GradedPair extends z.infer<typeof pairSchema> {
  extracted: string | null;
  isCorrect: boolean | null;
}

/** @throws SecondThoughtError `invalid-file`, naming the line */
export function gradePairs(text: string, from: string, grader: RuleGrader): GradedPair[] {
  const lines = text.split('\n').flatMap((line, index) => (line.trim() === '' ? [] : [{ line, number: index + 1 }]));
  return lines.map(({ line, number }) => {
    const pair = pairSchema.safeParse(jsonOf(line));
    if (!pair.success) {
      throw new SecondThoughtError('invalid-file', `Line ${number} of ${from} is no pair of answers.`, {
        remedy: 'Each line is like {"given": "\\\\frac12", "wanted": "0.5"}; "isSame" may say what is right.',
      });
    }
    const { given, wanted, choices } = pair.data;
    const problem = { question: '', answer: wanted, ...(choices ? { choices } : {}) };
    return { ...pair.data, ...gradeAnswer(given, problem, grader) };
  });
}

function jsonOf(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}
