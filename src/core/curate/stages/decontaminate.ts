import type { Reason } from '../row';
import { NgramHashes, NgramPlaces, SharedNgrams } from './ngrams';
import { wordsOf } from './words';

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
  /** Bytes at most for finding n-grams that several sources share. It decides nothing: with too few it takes longer. */
  memory?: number | undefined;
}

type Candidate = { readonly question: string; source: string; sourceType: string };

const usualMemory = 256 * 2 ** 20;
/** About 50 n-grams to a row, and eight cells to an n-gram. */
const bytesForRow = 512;

/**
 * s1 §2.2, released `data/`: a question is dropped if any of its word n-grams occurs in any test question. After a source is
 * accepted its questions join the test questions, so later sources are compared with earlier ones. Shorter questions than an
 * n-gram are never dropped.
 *
 * Questions are read twice, in order, and none is kept: first to find the n-grams that more than one source has, which are few,
 * then to compare those. A hit is compared word by word before it counts.
 * @param rows source by source, in the order of the sources
 * @returns a reason for each dropped row, by its place in `rows`
 */
export function decontaminate(
  rows: readonly Candidate[],
  tests: readonly TestSet[],
  { ngram, earlierSources, exempt, memory = usualMemory }: DecontaminationRules,
): Map<number, Reason> {
  const tested = tests.flatMap(({ name, questions }) => questions.map((question) => ({ name, question })));
  const isCompared = ({ sourceType }: Candidate) => !exempt.some((text) => sourceType.includes(text));
  const runs = [...runsOfSources(rows)];
  const hashes = new NgramHashes(ngram);
  const shared = earlierSources ? sharedNgrams() : undefined;
  const pool = new NgramPlaces();

  function sharedNgrams(): SharedNgrams {
    const filter = new SharedNgrams(runs.length + 1, Math.min(memory, bytesForRow * rows.length));
    const mark = (question: string, group: number) => {
      hashes.read(question);
      for (let at = 0; at < hashes.count; at++) {
        filter.mark(hashes.first[at] as number, hashes.second[at] as number, group);
      }
    };
    for (const { question } of tested) mark(question, 1);
    for (const [run, [first, end]] of runs.entries()) {
      for (let index = first; index < end; index++) {
        const row = rows[index] as Candidate;
        if (isCompared(row)) mark(row.question, run + 2);
      }
    }
    return filter;
  }

  /** Texts are numbered: the test questions, then the rows. */
  const textOf = (text: number) =>
    text < tested.length
      ? (tested[text] as (typeof tested)[number])
      : { name: rows[text - tested.length]?.source ?? '', question: rows[text - tested.length]?.question ?? '' };
  const isShared = (at: number) =>
    shared === undefined || shared.has(hashes.first[at] as number, hashes.second[at] as number);
  const join = (question: string, text: number) => {
    hashes.read(question);
    for (let at = 0; at < hashes.count; at++) {
      if (isShared(at)) pool.add(hashes.first[at] as number, hashes.second[at] as number, text, at);
    }
  };
  /** The first n-gram that the pool has; null: none, and none that another source has either. */
  const look = (question: string): Extract<Reason, { rule: 'contaminated' }> | null | undefined => {
    hashes.read(question);
    let found: null | undefined = null;
    for (let at = 0; at < hashes.count; at++) {
      if (!isShared(at)) continue;
      found = undefined;
      const place = pool.find(hashes.first[at] as number, hashes.second[at] as number);
      if (!place) continue;
      const [own, { name, question: other }] = [
        wordsOf(question)
          .slice(at, at + ngram)
          .join(' '),
        textOf(place.text),
      ];
      if (
        own ===
        wordsOf(other)
          .slice(place.at, place.at + ngram)
          .join(' ')
      ) {
        return { rule: 'contaminated', ngram: own, in: name, question: other };
      }
    }
    return found;
  };

  for (const [text, { question }] of tested.entries()) join(question, text);
  const dropped = new Map<number, Reason>();
  for (const [first, end] of runs) {
    const joining: number[] = [];
    for (let index = first; index < end; index++) {
      const row = rows[index] as Candidate;
      const found = isCompared(row) ? look(row.question) : null;
      if (found) dropped.set(index, found);
      else if (found === undefined) joining.push(index);
    }
    if (earlierSources) for (const index of joining) join(rows[index]?.question ?? '', tested.length + index);
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
