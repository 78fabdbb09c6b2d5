import { wordsOf } from './words';

const shingleWords = 5;
const bands = 16;
const rowsPerBand = 4;
const hashes = bands * rowsPerBand;

/** Odd multipliers and offsets of the hash family, from a fixed generator: equal input, equal result. */
const multipliers = new Uint32Array(hashes);
const offsets = new Uint32Array(hashes);
for (let i = 0, state = 1; i < hashes; i++) {
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  multipliers[i] = state | 1;
  state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
  offsets[i] = state;
}

/**
 * Near duplicates: MinHash over word 5-grams, locality-sensitive hashing into 16 bands of 4 (Broder 1997; Leskovec et al.,
 * Mining of Massive Datasets, ch. 3), then the true Jaccard similarity of each candidate pair. A pair at similarity 0.8 is
 * missed once in 5,000.
 * @returns for each dropped text the earlier text that it is like, by place; texts that were dropped are no measure for others
 */
export function nearDuplicates(
  count: number,
  textOf: (place: number) => string,
  similarity: number,
): Map<number, { of: number; similarity: number }> {
  const dropped = new Map<number, { of: number; similarity: number }>();
  const buckets = Array.from({ length: bands }, () => new Map<string, number[]>());
  for (let index = 0; index < count; index++) {
    const shingles = shinglesOf(textOf(index));
    if (shingles.size === 0) continue;
    const keys = bandKeys(shingles);
    const seen = new Set<number>();
    for (const [band, key] of keys.entries()) for (const other of buckets[band]?.get(key) ?? []) seen.add(other);
    const best = [...seen]
      .sort((a, b) => a - b)
      .map((of) => ({ of, similarity: jaccard(shingles, shinglesOf(textOf(of))) }))
      .find((pair) => pair.similarity >= similarity);
    if (best) {
      dropped.set(index, best);
      continue;
    }
    for (const [band, key] of keys.entries()) {
      const bucket = buckets[band]?.get(key);
      if (bucket) bucket.push(index);
      else buckets[band]?.set(key, [index]);
    }
  }
  return dropped;
}

/** Word 5-grams; of a shorter text all its words as one. */
function shinglesOf(text: string): Set<string> {
  const words = wordsOf(text);
  const count = Math.max(words.length > 0 ? 1 : 0, words.length - shingleWords + 1);
  return new Set(Array.from({ length: count }, (_, at) => words.slice(at, at + shingleWords).join(' ')));
}

function bandKeys(shingles: ReadonlySet<string>): string[] {
  const least = new Uint32Array(hashes).fill(0xffffffff);
  for (const shingle of shingles) {
    const hash = fnv(shingle);
    for (let i = 0; i < hashes; i++) {
      const value = (Math.imul(hash, multipliers[i] as number) + (offsets[i] as number)) >>> 0;
      if (value < (least[i] as number)) least[i] = value;
    }
  }
  return Array.from({ length: bands }, (_, band) => least.slice(band * rowsPerBand, (band + 1) * rowsPerBand).join());
}

/** FNV-1a over UTF-16 code units, with a final mix. */
function fnv(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) hash = Math.imul(hash ^ text.charCodeAt(i), 0x01000193);
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  return (hash ^ (hash >>> 13)) >>> 0;
}

function jaccard(a: ReadonlySet<string>, b: ReadonlySet<string>): number {
  let shared = 0;
  for (const one of a) if (b.has(one)) shared++;
  return shared / (a.size + b.size - shared);
}
