/** Places in LaTeX text: what is inside which brackets. Answers are a model's, so nothing here trusts that they balance. */

const opening = '{[(';
const closing = '}])';

/** Index of the `}` that closes the `{` at `at`; -1 if there is none. Escaped braces do not count. */
export function closingBrace(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    if (text[index] === '\\') index++;
    else if (text[index] === '{') depth++;
    else if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}

/** Index of the bracket that closes the one at `at`, whichever kinds the two are; -1 if there is none. */
export function closingBracket(text: string, at: number): number {
  let depth = 0;
  for (let index = at; index < text.length; index++) {
    const symbol = bracketAt(text, index);
    if (text[index] === '\\') index++;
    if (symbol === 'open') depth++;
    if (symbol === 'close' && --depth === 0) return index;
  }
  return -1;
}

function bracketAt(text: string, index: number): 'open' | 'close' | null {
  const symbol = text[index] ?? '';
  if (symbol === '\\') return text[index + 1] === '{' ? 'open' : text[index + 1] === '}' ? 'close' : null;
  if (opening.includes(symbol)) return 'open';
  return closing.includes(symbol) && symbol !== '' ? 'close' : null;
}

/** Parts between matches of `separator` that are in no brackets and no environment; the separators are left out. */
export function splitOutside(text: string, separator: RegExp): string[] {
  const parts: string[] = [];
  const sticky = new RegExp(separator.source, 'y');
  let depth = 0;
  let from = 0;
  for (let index = 0; index < text.length; ) {
    sticky.lastIndex = index;
    const match = depth === 0 ? sticky.exec(text)?.[0] : undefined;
    if (match) {
      parts.push(text.slice(from, index));
      index += match.length;
      from = index;
      continue;
    }
    const symbol = bracketAt(text, index);
    if (symbol === 'open' || text.startsWith('\\begin', index)) depth++;
    if (symbol === 'close' || text.startsWith('\\end', index)) depth--;
    index += text[index] === '\\' ? 2 : 1;
  }
  return [...parts, text.slice(from)];
}

/** Replaces `\name{a}{b}…`, from the inside out; what does not balance stays. */
export function replaceCommand(
  text: string,
  names: readonly string[],
  count: number,
  write: (...parts: string[]) => string,
): string {
  const pattern = new RegExp(`\\\\(?:${names.join('|')})(?![A-Za-z])\\s*(?=\\{)`, 'g');
  let result = text;
  for (const { 0: command, index } of [...text.matchAll(pattern)].reverse()) {
    const parts: string[] = [];
    let at = index + command.length;
    for (; parts.length < count && result[at] === '{'; ) {
      const end = closingBrace(result, at);
      if (end === -1) break;
      parts.push(result.slice(at + 1, end));
      at = end + 1;
      if (parts.length < count) at += /^\s*/.exec(result.slice(at))?.[0].length ?? 0;
    }
    if (parts.length === count) result = result.slice(0, index) + write(...parts) + result.slice(at);
  }
  return result;
}
