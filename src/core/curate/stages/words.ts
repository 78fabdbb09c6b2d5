/** Whitespace as Python's `re` and `str.split` know it, so that words are those of the released code. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts the separators U+001C to U+001F as white space
const pythonSpace = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const spaces = new Uint8Array(1 << 16);
for (let code = 0; code < spaces.length; code++) spaces[code] = pythonSpace.test(String.fromCharCode(code)) ? 1 : 0;

/** s1-facts §6.3: lower case, stripped, whitespace collapsed; punctuation stays. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(pythonSpace)
    .filter((word) => word !== '');
}

/**
 * Texts as numbers: equal words have equal numbers, so that comparing n-grams compares no characters and is exact.
 * All words lie behind one another in one typed array. Words are told apart in place, character by character, because a
 * substring for each of millions of words costs more than all the rest.
 */
export class WordList {
  /** Word numbers of all texts. */
  words = new Int32Array(1 << 16);
  length = 0;
  /** Characters of all different words, and where each begins. */
  #characters = new Uint16Array(1 << 16);
  #starts = new Int32Array(1 << 12);
  #count = 0;
  /** Open hash table of word numbers plus one. */
  #table = new Int32Array(1 << 14);

  /** Appends a text. @returns where it starts and ends in `words` */
  add(text: string): { start: number; end: number } {
    const start = this.length;
    const lower = text.toLowerCase();
    const size = lower.length;
    for (let at = 0; at < size; ) {
      let hash = 0x811c9dc5;
      const from = at;
      for (; at < size; at++) {
        const code = lower.charCodeAt(at);
        if (spaces[code] === 1) break;
        hash = Math.imul(hash ^ code, 0x01000193);
      }
      if (at > from) this.#append(this.#numberOf(lower, from, at, mixed(hash)));
      at++;
    }
    return { start, end: this.length };
  }

  #append(number: number): void {
    if (this.length === this.words.length) this.words = grown(this.words, Int32Array);
    this.words[this.length++] = number;
  }

  #numberOf(text: string, from: number, to: number, hash: number): number {
    const mask = this.#table.length - 1;
    for (let slot = hash & mask; ; slot = (slot + 1) & mask) {
      const number = (this.#table[slot] as number) - 1;
      if (number >= 0 && !this.#isWord(number, text, from, to)) continue;
      if (number >= 0) return number;
      return this.#learn(text, from, to, slot);
    }
  }

  #isWord(number: number, text: string, from: number, to: number): boolean {
    const start = this.#starts[number] as number;
    if ((this.#starts[number + 1] as number) - start !== to - from) return false;
    for (let i = 0; i < to - from; i++) if (this.#characters[start + i] !== text.charCodeAt(from + i)) return false;
    return true;
  }

  #learn(text: string, from: number, to: number, slot: number): number {
    const start = this.#starts[this.#count] as number;
    const end = start + to - from;
    while (end > this.#characters.length) this.#characters = grown(this.#characters, Uint16Array);
    for (let i = 0; i < to - from; i++) this.#characters[start + i] = text.charCodeAt(from + i);
    const number = this.#count++;
    if (this.#count + 1 >= this.#starts.length) this.#starts = grown(this.#starts, Int32Array);
    this.#starts[this.#count] = end;
    this.#table[slot] = number + 1;
    if (2 * this.#count > this.#table.length) this.#rehash();
    return number;
  }

  #rehash(): void {
    const table = new Int32Array(2 * this.#table.length);
    const mask = table.length - 1;
    for (let number = 0; number < this.#count; number++) {
      let hash = 0x811c9dc5;
      const end = this.#starts[number + 1] as number;
      for (let at = this.#starts[number] as number; at < end; at++)
        hash = Math.imul(hash ^ (this.#characters[at] as number), 0x01000193);
      let slot = mixed(hash) & mask;
      while (table[slot] !== 0) slot = (slot + 1) & mask;
      table[slot] = number + 1;
    }
    this.#table = table;
  }
}

/** FNV-1a's low bits, mixed. */
const mixed = (hash: number): number => Math.imul(hash ^ (hash >>> 15), 0x85ebca6b) >>> 8;

function grown<Items extends Int32Array | Uint16Array>(items: Items, Kind: new (length: number) => Items): Items {
  const larger = new Kind(2 * items.length);
  larger.set(items);
  return larger;
}
