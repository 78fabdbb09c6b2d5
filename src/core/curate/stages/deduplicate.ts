import type { Reason } from '../row';
import { nearDuplicates } from './minHash';

export interface DeduplicationRules {
  /** Drops questions that are equal to an earlier one, character by character. */
  exact: boolean;
  /** Drops questions whose word 5-grams overlap an earlier one's by at least this Jaccard similarity. */
  near: { similarity: number } | null;
}

type Candidate = { id: string; question: string };

/** Drops what was there before; the first of equal questions stays. @returns reasons by place in `rows` */
export function deduplicate(rows: readonly Candidate[], { exact, near }: DeduplicationRules): Map<number, Reason> {
  const dropped = new Map<number, Reason>();
  if (exact) {
    const first = new Map<string, string>();
    for (const [index, { id, question }] of rows.entries()) {
      const of = first.get(question);
      if (of === undefined) first.set(question, id);
      else dropped.set(index, { rule: 'duplicate', of });
    }
  }
  if (near === null) return dropped;
  const left = rows.flatMap((row, index) => (dropped.has(index) ? [] : [{ row, index }]));
  const questions = left.map(({ row }) => row.question);
  for (const [place, hit] of nearDuplicates(questions, near.similarity)) {
    const { index } = left[place] as (typeof left)[number];
    dropped.set(index, { rule: 'near-duplicate', of: left[hit.of]?.row.id ?? '', similarity: hit.similarity });
  }
  return dropped;
}
