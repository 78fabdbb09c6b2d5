import type { Reason } from '../row';
import { NgramSet } from './ngrams';
import { WordList, wordsOf } from './words';

export interface TestSet {
  name: string;
  questions: string[];
}

export interface DecontaminationRules {
  /** Words of an n-gram; 8 in the paper. */
  ngram: number;
  /** Whether a source's rows are also compared with those of the sources before it. */
  earlierSources: boolean;
  /** Rows whose `sourceType` holds one of these texts are neither compared nor compared with (AIME in the released code). */
  exempt: readonly string[];
}

type Candidate = { question: string; source: string; sourceType: string };

/**
 * s1 §2.2, released `data/`: a question is dropped if any of its word n-grams occurs in any test question. After a source is
 * accepted its questions join the test questions, so later sources are compared with earlier ones. Shorter questions than an
 * n-gram are never dropped.
 * @param rows source by source, in the order of the sources
 * @returns a reason for each dropped row, by its place in `rows`
 */
export function decontaminate(
  rows: readonly Candidate[],
  tests: readonly TestSet[],
  { ngram, earlierSources, exempt }: DecontaminationRules,
): Map<number, Reason> {
  const list = new WordList();
  // About six characters to a word; a guess that is too small costs time only.
  const characters = earlierSources ? rows.reduce((sum, { question }) => sum + question.length, 0) : 0;
  const set = new NgramSet(list, ngram, characters / 6);
  const pool: { start: number; name: string; question: string }[] = [];
  const join = (place: { start: number; end: number }, name: string, question: string) => {
    pool.push({ start: place.start, name, question });
    set.addAll(place.start, place.end);
  };
  for (const { name, questions } of tests) for (const question of questions) join(list.add(question), name, question);

  const dropped = new Map<number, Reason>();
  for (const [first, end] of runsOfSources(rows)) {
    const accepted: { start: number; end: number; row: Candidate }[] = [];
    for (let index = first; index < end; index++) {
      const row = rows[index] as Candidate;
      if (exempt.some((text) => row.sourceType.includes(text))) continue;
      const place = list.add(row.question);
      const found = set.find(place.start, place.end);
      if (!found) {
        accepted.push({ ...place, row });
        continue;
      }
      const { name, question } = holder(pool, found.hit);
      const from = found.at - place.start;
      const words = wordsOf(row.question).slice(from, from + ngram);
      dropped.set(index, { rule: 'contaminated', ngram: words.join(' '), in: name, question });
      list.length = place.start; // nothing points into it
    }
    if (earlierSources) for (const { row, ...place } of accepted) join(place, row.source, row.question);
  }
  return dropped;
}

/** First and last place (exclusive) of each source's rows. */
function* runsOfSources(rows: readonly Candidate[]): Iterable<[number, number]> {
  let first = 0;
  for (let index = 1; index <= rows.length; index++) {
    if (index < rows.length && rows[index]?.source === rows[first]?.source) continue;
    if (index > first) yield [first, index];
    first = index;
  }
}

/** The pool's question that a place of the word list lies in: the last one that starts at or before it. */
function holder<T extends { start: number }>(pool: readonly T[], place: number): T {
  let low = 0;
  let high = pool.length - 1;
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((pool[middle]?.start ?? 0) <= place) low = middle;
    else high = middle - 1;
  }
  return pool[low] as T;
}
