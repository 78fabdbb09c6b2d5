import * as z from 'zod';

/** Design: first match wins, in this order. `interrupted` is a state, not an outcome, and gives null. */
export const outcomeSchema = z.enum(['error', 'ungraded', 'correct', 'wrong', 'truncated', 'no-answer']);
export type Outcome = z.infer<typeof outcomeSchema>;

/** What a language model was asked about an answer, and said (matcher.ts). */
export const matchedSchema = z.object({
  /** Name of the language model; null: it was not connected. */
  model: z.string().nullable(),
  /** What the default grader makes of the same answer, who asks nobody. */
  rule: outcomeSchema,
  /** Null: there was nothing to ask, or no reply. */
  reply: z.string().nullable(),
  /** Tokens that the model read and wrote for this; 0 where its reply was kept from an earlier time. */
  promptTokens: z.int().nonnegative(),
  generatedTokens: z.int().nonnegative(),
  isKept: z.boolean(),
  /** Why there is no reply: the outcome is `ungraded`. */
  failure: z.string().optional(),
});
export type Matched = z.infer<typeof matchedSchema>;

export const gradeSchema = z.object({
  outcome: outcomeSchema.nullable(),
  /** The answer found in the answer text, as the model wrote it; null if there is none. */
  extracted: z.string().nullable(),
  matched: matchedSchema.optional(),
});
export type Grade = z.infer<typeof gradeSchema>;
