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

  constructor(list: WordList, n: number) {
    this.#list = list;
    this.#n = n;
    this.#table = new Int32Array(1 << 16);
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
    let hash = 0;
    for (let i = 0; i < this.#n; i++) hash = Math.imul(hash ^ (words[at + i] as number), 0x9e3779b1) ^ (hash >>> 15);
    let slot = (hash ^ (hash >>> 13)) & this.#mask;
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
