/** Whitespace as Python's `re` and `str.split` know it, so that words are those of the released code. */
const pythonSpace = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;

/** s1-facts §6.3: lower case, stripped, whitespace collapsed; punctuation stays. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(pythonSpace)
    .filter((word) => word !== '');
}

/**
 * Texts as numbers: equal words have equal numbers, so that comparing n-grams compares no characters and is exact.
 * All words lie behind one another in one typed array.
 */
export class WordList {
  readonly #numbers = new Map<string, number>();
  /** Word numbers of all texts. */
  words = new Int32Array(1 << 16);
  length = 0;

  /** Appends a text. @returns where it starts and ends in `words` */
  add(text: string): { start: number; end: number } {
    const start = this.length;
    for (const word of wordsOf(text)) {
      let number = this.#numbers.get(word);
      if (number === undefined) {
        number = this.#numbers.size;
        this.#numbers.set(word, number);
      }
      if (this.length === this.words.length) this.#grow();
      this.words[this.length++] = number;
    }
    return { start, end: this.length };
  }

  #grow(): void {
    const larger = new Int32Array(2 * this.words.length);
    larger.set(this.words);
    this.words = larger;
  }
}
