import * as z from 'zod';
import type { GivenTrace } from '../collect';
import { type FeatureValue, featureValueSchema } from '../row';

/** A line of `replies.jsonl`: what a model said about a row, and what was made of it. */
export const replySchema = z.object({
  /** The row. */
  id: z.string(),
  sample: z.int().nonnegative(),
  /** Null: the reply does not keep to the form. */
  value: featureValueSchema,
  thinking: z.string(),
  attempt: z.string(),
  thinkingTokens: z.int().nonnegative(),
  generatedTokens: z.int().nonnegative(),
  /** Of all requests; replies of earlier versions do not say. */
  promptTokens: z.int().nonnegative().optional(),
  durationMs: z.number().nonnegative().optional(),
  traceId: z.string().nullable(),
  /** Why there is no reply; it is asked for again by the next run. */
  error: z.string().optional(),
});
export type Reply = z.infer<typeof replySchema>;

/** What a reply says; null where it does not keep to the form. */
export type ReadReply = (reply: GivenTrace) => FeatureValue;

/** A reply without text: a value that no model wrote, or a failure. */
export const emptyReply = {
  value: null,
  thinking: '',
  attempt: '',
  thinkingTokens: 0,
  generatedTokens: 0,
  traceId: null,
};
