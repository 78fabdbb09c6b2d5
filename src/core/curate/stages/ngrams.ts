import { isSpace } from './words';

/**
 * Two independent hashes of 32 bits of each word n-gram of a text. Words are told apart in place, character by character, because
 * a substring for each of millions of words costs more than all the rest.
 */
export class NgramHashes {
  /** n-grams of the text that was read last; their hashes are in `first` and `second`. */
  count = 0;
  first = new Int32Array(1 << 10);
  second = new Int32Array(1 << 10);
  readonly #n: number;
  #words = [new Int32Array(1 << 10), new Int32Array(1 << 10)] as [Int32Array, Int32Array];

  /** @param n words of an n-gram */
  constructor(n: number) {
    this.#n = n;
  }

  read(text: string): void {
    const words = this.#readWords(text.toLowerCase());
    const [a, b] = this.#words;
    this.count = Math.max(0, words - this.#n + 1);
    if (this.count > this.first.length) {
      this.first = new Int32Array(2 * this.count);
      this.second = new Int32Array(2 * this.count);
    }
    for (let at = 0; at < this.count; at++) {
      this.first[at] = hashOf(a, at, at + this.#n, 0x1b873593);
      this.second[at] = hashOf(b, at, at + this.#n, 0x2545f491) | 1; // odd: steps through a table of a power of two
    }
  }

  /** FNV-1a, and a second hash with other steps. @returns how many words there are */
  #readWords(lower: string): number {
    let count = 0;
    for (let at = 0; at < lower.length; at++) {
      const from = at;
      let [a, b] = [0x811c9dc5, 0x3c6ef372];
      for (; at < lower.length; at++) {
        const code = lower.charCodeAt(at);
        if (isSpace(code)) break;
        a = Math.imul(a ^ code, 0x01000193);
        b = Math.imul(b + code, 0x5bd1e995);
        b ^= b >>> 15;
      }
      if (at === from) continue;
      if (count === this.#words[0].length) this.#words = this.#words.map(doubled) as [Int32Array, Int32Array];
      this.#words[0][count] = a;
      this.#words[1][count++] = b;
    }
    return count;
  }
}

function doubled(items: Int32Array): Int32Array<ArrayBuffer> {
  const larger = new Int32Array(2 * items.length);
  larger.set(items);
  return larger;
}

/** MurmurHash3 (32 bit, Appleby) over words: low bits that depend on all words keep tables free of clusters. */
function hashOf(words: Int32Array, from: number, to: number, factor: number): number {
  let hash = 0;
  for (let at = from; at < to; at++) {
    let word = Math.imul(words[at] as number, 0xcc9e2d51);
    word = Math.imul((word << 15) | (word >>> 17), factor);
    hash ^= word;
    hash = (Math.imul((hash << 13) | (hash >>> 19), 5) + 0xe6546b64) | 0;
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return hash ^ (hash >>> 16);
}

const probes = 3;

/**
 * Tells n-grams that occur in several groups of texts from most of those that do not, in memory of a fixed size: a Bloom filter
 * (Bloom 1970) whose cells hold the one group that was seen there, or that there were several. It may take an n-gram for a
 * shared one, and never the other way round.
 */
export class SharedNgrams {
  readonly #cells: Uint8Array | Uint16Array;
  readonly #several: number;
  readonly #mask: number;

  /** @param groups how many there are @param bytes of memory at most, a power of two is used */
  constructor(groups: number, bytes: number) {
    const isWide = groups > 254;
    this.#several = isWide ? 0xffff : 0xff;
    if (groups >= this.#several) throw new RangeError(`${groups} groups are too many to tell apart`);
    const size = 2 ** Math.floor(Math.log2(Math.max(1 << 16, isWide ? bytes / 2 : bytes)));
    this.#cells = isWide ? new Uint16Array(size) : new Uint8Array(size);
    this.#mask = size - 1;
  }

  /** @param group from 1 */
  mark(first: number, second: number, group: number): void {
    for (let probe = 0; probe < probes; probe++) {
      const cell = (first + Math.imul(probe, second)) & this.#mask;
      const seen = this.#cells[cell] as number;
      if (seen === 0) this.#cells[cell] = group;
      else if (seen !== group) this.#cells[cell] = this.#several;
    }
  }

  has(first: number, second: number): boolean {
    for (let probe = 0; probe < probes; probe++) {
      if (this.#cells[(first + Math.imul(probe, second)) & this.#mask] !== this.#several) return false;
    }
    return true;
  }
}

const slotWords = 4;

/** Where n-grams were seen first: an open hash table of both hashes, the text and the place in it. */
export class NgramPlaces {
  #slots = new Int32Array(slotWords << 16);
  #mask = (1 << 16) - 1;
  #count = 0;

  /** The first text that has an n-gram stays: it is what a hit names. */
  add(first: number, second: number, text: number, at: number): void {
    if (2 * this.#count > this.#mask) this.#grow();
    const slot = this.#slotOf(first, second);
    if (this.#slots[slot + 2] !== 0) return;
    this.#slots.set([first, second, text + 1, at], slot);
    this.#count++;
  }

  /** Where an n-gram with these hashes was seen. */
  find(first: number, second: number): { text: number; at: number } | undefined {
    const slot = this.#slotOf(first, second);
    const text = (this.#slots[slot + 2] as number) - 1;
    return text < 0 ? undefined : { text, at: this.#slots[slot + 3] as number };
  }

  /** The slot that holds these hashes, or the empty one where they belong. */
  #slotOf(first: number, second: number): number {
    for (let at = first & this.#mask; ; at = (at + 1) & this.#mask) {
      const slot = at * slotWords;
      if (this.#slots[slot + 2] === 0) return slot;
      if (this.#slots[slot] === first && this.#slots[slot + 1] === second) return slot;
    }
  }

  #grow(): void {
    const old = this.#slots;
    this.#mask = 2 * this.#mask + 1;
    this.#slots = new Int32Array(slotWords * (this.#mask + 1));
    for (let slot = 0; slot < old.length; slot += slotWords) {
      if (old[slot + 2] === 0) continue;
      this.#slots.set(old.subarray(slot, slot + slotWords), this.#slotOf(old[slot] as number, old[slot + 1] as number));
    }
  }
}
