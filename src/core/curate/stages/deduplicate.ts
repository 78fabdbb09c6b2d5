import type { Reason } from '../row';
import { nearDuplicates } from './minHash';

export interface DeduplicationRules {
  /** Drops questions that are equal to an earlier one, character by character. */
  exact: boolean;
  /** Drops questions whose word 5-grams overlap an earlier one's by at least this Jaccard similarity. */
  near: { similarity: number } | null;
}

type Candidate = { readonly id: string; readonly question: string };

/** Drops what was there before; the first of equal questions stays. @returns reasons by place in `rows` */
export function deduplicate(rows: readonly Candidate[], { exact, near }: DeduplicationRules): Map<number, Reason> {
  const dropped = new Map<number, Reason>();
  if (exact) {
    const seen = new Set<string>(); // an id is the hash of the question
    for (const [index, { id }] of rows.entries()) {
      if (seen.has(id)) dropped.set(index, { rule: 'duplicate', of: id });
      else seen.add(id);
    }
  }
  if (near === null) return dropped;
  const left = [...rows.keys()].filter((index) => !dropped.has(index));
  const textOf = (place: number) => rows[left[place] as number]?.question ?? '';
  for (const [place, hit] of nearDuplicates(left.length, textOf, near.similarity)) {
    const of = rows[left[hit.of] as number]?.id ?? '';
    dropped.set(left[place] as number, { rule: 'near-duplicate', of, similarity: hit.similarity });
  }
  return dropped;
}
