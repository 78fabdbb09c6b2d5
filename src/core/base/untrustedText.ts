/**
 * Text of a model, a server or a file, made fit for a place where it could do something. Nothing it says may move a
 * cursor, run a command, load anything, or pass for text of ours. Pages need none of this: there it enters as text nodes.
 */

const unprintable = /(?![\n\t])\p{Cc}|\p{Cs}|[\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069]/gu;

/** For a terminal: control characters, lone surrogates and bidirectional overrides are shown as `�`. */
export function printable(text: string): string {
  return text.replace(unprintable, '\ufffd');
}

/**
 * For Markdown: the result shows exactly this text. Everything but letters, digits and single spaces becomes a character
 * reference, so no link, HTML, icon, list, code or automatic link can arise from it.
 */
export function toMarkdown(text: string): string {
  return printable(text).split('\n').map(lineToMarkdown).join('  \n');
}

function lineToMarkdown(line: string): string {
  const encoded = line
    .replaceAll('\t', '    ')
    .replace(/[^\p{L}\p{M}\p{N} ]/gu, (character) => `&#${character.codePointAt(0)};`)
    .replace(/^ +| {2,}| $/g, (spaces) => '&nbsp;'.repeat(spaces.length));
  return encoded === '' ? '&nbsp;' : encoded;
}

/**
 * For labels and notifications: one line of at most `limit` characters. VS Code turns `$(name)` in labels into icons and
 * `[text](target)` in notifications into links; a zero-width space takes both apart.
 */
export function toLabel(text: string, limit = 120): string {
  const line = printable(text.slice(0, 2 * limit + 1_000))
    .replace(/\s+/g, ' ')
    .trim();
  const characters = [...line];
  const short = characters.length > limit ? `${characters.slice(0, limit - 1).join('')}…` : line;
  return short.replaceAll('$(', '$\u200b(').replaceAll('](', ']\u200b(');
}
