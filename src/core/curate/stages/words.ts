/** Whitespace as Python's `re` and `str.split` know it, so that words are those of the released code. */
// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts the separators U+001C to U+001F as white space
const pythonSpace = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]+/;
const spaces = new Uint8Array(1 << 16);
for (let code = 0; code < spaces.length; code++) spaces[code] = pythonSpace.test(String.fromCharCode(code)) ? 1 : 0;

/** @param code a UTF-16 code unit */
export const isSpace = (code: number): boolean => spaces[code] === 1;

/** s1-facts §6.3: lower case, stripped, whitespace collapsed; punctuation stays. */
export function wordsOf(text: string): string[] {
  return text
    .toLowerCase()
    .split(pythonSpace)
    .filter((word) => word !== '');
}
