import type { Reason } from '../row';

/**
 * What the released notebook takes for a badly formatted question (s1-facts §6.5): a drawing in Asymptote, a missing image,
 * `p1.` to `p999.`, or bold problem numbers.
 * `[asy]` questions of AIME are kept, and for them the other rules do not count either, as in the released code.
 */
export function formatFault({ question, sourceType }: { question: string; sourceType: string }): Reason | undefined {
  const hasDrawing = question.includes('[asy]');
  if (hasDrawing && sourceType.includes('AIME')) return undefined;
  if (hasDrawing) return fault('asy', '[asy]');
  if (question.includes('![Image]')) return fault('image', '![Image]');
  const number = /p[1-9]\d{0,2}\./.exec(question)?.[0];
  if (number !== undefined) return fault('problem-number', number);
  const bold = boldNumber(question);
  return bold === undefined ? undefined : fault('bold-number', bold);
}

const fault = (name: string, found: string): Reason => ({ rule: 'format', name, found: found.slice(0, 80) });

// biome-ignore lint/suspicious/noControlCharactersInRegex: Python counts the separators U+001C to U+001F as white space
const spaceOrBracket = /[\t-\r\x1c-\x20\x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000\]]/;
const digit = /\p{Nd}/u;

/**
 * The first match of Python's `\*\*(?=.*\d)[^\s\]]*\*\*`: a `**…**` without space or `]`, with a digit somewhere later on the
 * same line. By hand, because the expression takes quadratic time on long lines.
 */
function boldNumber(text: string): string | undefined {
  for (let start = text.indexOf('**'); start !== -1; start = text.indexOf('**', start + 1)) {
    const end = text.indexOf('**', start + 2);
    if (end === -1) return undefined;
    if (spaceOrBracket.test(text.slice(start + 2, end))) continue;
    const lineEnd = text.indexOf('\n', start);
    if (digit.test(text.slice(start + 2, lineEnd === -1 ? undefined : lineEnd))) return text.slice(start, end + 2);
  }
  return undefined;
}
