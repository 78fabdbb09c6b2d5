import * as z from 'zod';

/** What a producer says of a row: a verdict, a number, a name; null where it could not tell. */
export const featureValueSchema = z.union([z.boolean(), z.number(), z.string()]).nullable();
export type FeatureValue = z.infer<typeof featureValueSchema>;

/**
 * A candidate of a training set, without its long texts: traces and attempts stay on disk until a row is written out.
 * Columns are those of s1's released data (s1-facts: `question, solution, cot_type, source_type, metadata`).
 */
export const rowSchema = z.object({
  /** First 16 hexadecimal digits of SHA-256 of the UTF-8 question. */
  id: z.string(),
  question: z.string(),
  /** The reference solution or answer; null where the source has none. */
  solution: z.string().nullable(),
  /** Name of the source in the curation file. */
  source: z.string(),
  /** Path of the data set it comes from, sometimes with sub-categories: `simplescaling/openaimath/Algebra`. */
  sourceType: z.string(),
  cotType: z.string(),
  /** The remaining fields of the source, as JSON. */
  metadata: z.string(),
  features: z.record(z.string(), featureValueSchema),
  /** Traces that came with the source: name, then where its line is in `texts/<name>.jsonl` (offset and length in bytes). */
  texts: z.record(z.string(), z.tuple([z.int(), z.int()])),
});
export type Row = z.infer<typeof rowSchema>;

export const stages = ['decontamination', 'deduplication', 'quality', 'difficulty', 'selection'] as const;
export type Stage = (typeof stages)[number];

/** Why a row was dropped, or how it came into the set. One sentence of it: `describeReason`. */
export type Reason =
  | { rule: 'contaminated'; ngram: string; in: string; question: string }
  | { rule: 'duplicate'; of: string }
  | { rule: 'near-duplicate'; of: string; similarity: number }
  | { rule: 'missing-feature'; features: string[] }
  | { rule: 'format'; found: string; name: string }
  | { rule: 'user'; name: string }
  | { rule: 'solved'; by: string[] }
  | { rule: 'pass-rate'; feature: string; value: number | null }
  | { rule: 'length'; feature: string; value: number | null }
  | { rule: 'by-hand'; note: string }
  | { rule: 'not-drawn' }
  /** Models are still being asked about it. */
  | { rule: 'undecided' }
  | { rule: 'seed'; seed: string }
  | {
      rule: 'drawn';
      /** Number of the draw, from 0; draws that hit a row already chosen count. */
      draw: number;
      domain: string;
      /** Which distribution the domain came from. */
      domains: string;
      /** Place of the row by length among those left in its domain, 0 = longest. */
      rank: number;
      /** Probability of the row within its domain at that draw. */
      probability: number;
    }
  | { rule: 'taken' };

/** What became of a row: the stage it was dropped at, or `selection` and `isKept`. */
export interface Decision {
  stage: Stage;
  isKept: boolean;
  reason: Reason;
}
