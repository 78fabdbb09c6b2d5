import * as z from 'zod';
import { shortHash } from '../base/seeds';

/** A question with what is known about it. The text goes to the model as it is, without trimming. */
export const problemSchema = z.object({
  id: z.string().min(1).optional(),
  question: z.string(),
  /** Reference answer; without it an outcome stays ungraded. */
  answer: z.string().optional(),
  choices: z.array(z.string()).optional(),
  source: z.string().optional(),
});
export type Problem = z.infer<typeof problemSchema>;

/** The problem's id, else the first 16 hexadecimal digits of SHA-256 of its question. */
export function problemKey(problem: Problem): string {
  return problem.id ?? shortHash(problem.question);
}
