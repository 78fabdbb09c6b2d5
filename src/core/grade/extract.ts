/**
 * The answer inside an answer text: the last `\boxed{…}`, else what follows the last `Answer:` or `answer is`, else the
 * whole text if it is one short line. (The released evaluation takes the whole text in any case: harness.ts.)
 */
export function extractAnswer(text: string): string | null {
  const boxed = lastBoxed(text);
  if (boxed !== null) return boxed.trim() || null;
  const labelled = [...text.matchAll(/answer\s*:\s*(.*)/gi)].at(-1)?.[1]?.trim();
  const said = labelled ?? [...text.matchAll(/\banswer is:?[ \t]+(.+)/gi)].at(-1)?.[1]?.trim();
  if (said !== undefined) return plain(said.replace(/^(?:the )?(?:final )?answer is:?\s+/i, '')) || null;
  const whole = text.trim();
  return whole !== '' && whole.length <= 100 && !whole.includes('\n') ? plain(whole) : null;
}

/** Without a full stop, and without the asterisks of `**Answer:** 5`. */
const plain = (text: string) =>
  text
    .replace(/^\*+\s*|\s*\*+$/g, '')
    .replace(/\.$/, '')
    .trim();

/** Content of the last `\boxed{…}` whose braces balance. */
function lastBoxed(text: string): string | null {
  const start = text.lastIndexOf('\\boxed{');
  if (start === -1) return null;
  const from = start + '\\boxed{'.length;
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}') depth--;
    if (depth === 0) return text.slice(from, at);
  }
  return null;
}
