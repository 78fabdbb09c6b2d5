import type { WordList } from './words';

/**
 * A set of word n-grams: an open hash table of places in a word list. A place is compared word by word before it counts, so
 * that equal hashes of different n-grams are never taken for a hit.
 */
export class NgramSet {
  readonly #list: WordList;
  readonly #n: number;
  /** Places plus one; 0 is empty. */
  #table: Int32Array;
  #mask: number;
  #count = 0;

  /** @param expected n-grams that will come, about: saves growing */
  constructor(list: WordList, n: number, expected = 0) {
    this.#list = list;
    this.#n = n;
    this.#table = new Int32Array(2 ** Math.min(30, Math.ceil(Math.log2(2 * expected + 65_536))));
    this.#mask = this.#table.length - 1;
  }

  /** Adds every n-gram between two places of the word list. */
  addAll(start: number, end: number): void {
    const { words } = this.#list;
    this.#reserve(Math.max(0, end - start - this.#n + 1));
    for (let at = start; at + this.#n <= end; at++) {
      const slot = this.#slot(words, at);
      if (this.#table[slot] !== 0) continue; // the first one stays: it is what a hit names
      this.#table[slot] = at + 1;
      this.#count++;
    }
  }

  /** The first n-gram between two places that is in the set: where it is, and where its equal in the set is. */
  find(start: number, end: number): { at: number; hit: number } | undefined {
    const { words } = this.#list;
    for (let at = start; at + this.#n <= end; at++) {
      const place = this.#table[this.#slot(words, at)] ?? 0;
      if (place !== 0) return { at, hit: place - 1 };
    }
    return undefined;
  }

  /** The slot that holds this n-gram, or the empty one where it belongs. */
  #slot(words: Int32Array, at: number): number {
    let slot = hashOf(words, at, at + this.#n) & this.#mask;
    for (;;) {
      const place = this.#table[slot] as number;
      if (place === 0 || this.#isSame(words, place - 1, at)) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  #isSame(words: Int32Array, a: number, b: number): boolean {
    for (let i = 0; i < this.#n; i++) if (words[a + i] !== words[b + i]) return false;
    return true;
  }

  /** Keeps the table at most half full. */
  #reserve(more: number): void {
    if (2 * (this.#count + more) <= this.#table.length) return;
    const old = this.#table;
    let size = old.length;
    while (2 * (this.#count + more) > size) size *= 2;
    this.#table = new Int32Array(size);
    this.#mask = size - 1;
    const { words } = this.#list;
    for (const place of old) if (place !== 0) this.#table[this.#slot(words, place - 1)] = place;
  }
}

/** MurmurHash3 (32 bit, Appleby) over word numbers: low bits that depend on all words keep the table free of clusters. */
function hashOf(words: Int32Array, from: number, to: number): number {
  let hash = 0;
  for (let at = from; at < to; at++) {
    let word = Math.imul(words[at] as number, 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), 0x1b873593);
    hash ^= word;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
