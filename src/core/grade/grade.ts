import * as z from 'zod';

/** Design: first match wins, in this order. `interrupted` is a state, not an outcome, and gives null. */
export const outcomeSchema = z.enum(['error', 'ungraded', 'correct', 'wrong', 'truncated', 'no-answer']);
export type Outcome = z.infer<typeof outcomeSchema>;

export const gradeSchema = z.object({
  outcome: outcomeSchema.nullable(),
  /** The answer found in the answer text, as the model wrote it; null if there is none. */
  extracted: z.string().nullable(),
});
export type Grade = z.infer<typeof gradeSchema>;
