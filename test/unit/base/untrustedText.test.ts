import fc from 'fast-check';
import { marked } from 'marked';
import { describe, expect, it } from 'vitest';
import { printable, toLabel, toMarkdown } from '../../../src/core/base/untrustedText';

describe('text of a model on a terminal', () => {
  it.each([
    ['\u001b[2J\u001b]0;owned\u0007', 'escape sequences'],
    ['a\rb', 'carriage returns'],
    ['\u202eevil', 'direction overrides'],
    ['\u0000\u009b31m', 'NULs and eight-bit controls'],
  ])('%j is shown without its %s', (text) => {
    expect(printable(text)).toMatch(/\ufffd/);
    expect(printable(text)).not.toMatch(/(?![\n\t])\p{Cc}|[\u202a-\u202e]/u);
  });

  it('keeps lines, tabs and other languages', () => {
    expect(printable('a\n\tб中🙂')).toBe('a\n\tб中🙂');
  });
});

/** What a reader sees of Markdown, by the renderer that VS Code uses. Every tag but paragraphs and line breaks stays. */
function shown(markdown: string): string {
  return (marked.parse(markdown, { async: false, gfm: true }) as string)
    .replace(/<\/?p>/g, '')
    .replace(/<br>/g, '\n')
    .replace(/&#(\d+);/g, (_, code) => String.fromCodePoint(Number(code)))
    .replaceAll('&nbsp;', ' ')
    .replace(/\n$/, '');
}

const hostile = [
  '<img src=x onerror=alert(1)>',
  '[run](command:workbench.action.quit)',
  '![x](https://example.com/x.png)',
  '$(error) $(sync~spin)',
  'https://example.com www.example.com a@example.com',
  '</details><script>',
  '    indented\n```\nfence\n```\n~~~',
  '# heading\n- list\n1. one\n> quote\n| a | b |\n|---|---|\n***',
  '&lt;b&gt; &#60;',
  '[ref]: command:x\n[ref]',
  'line\n===\nline\n---\n\n\nend  ',
];

describe('text of a model as Markdown', () => {
  /** A tab is four spaces, and an empty line holds one so that it is not the end of a paragraph. */
  const asShown = (text: string) => printable(text).replaceAll('\t', '    ').replace(/^$/gm, ' ');
  const isShownAsItIs = (text: string) => {
    expect(shown(toMarkdown(text))).toBe(asShown(text));
  };

  it.each(hostile)('%j is shown as it is and does nothing', isShownAsItIs);

  it('is shown as it is, whatever it is', () => {
    const pieces = fc.constantFrom(
      ...hostile,
      '\n',
      ' ',
      '\t',
      '`',
      '*',
      '_',
      '~',
      '\\',
      '\u0000',
      '\ud800',
      'é',
      '🙂',
    );
    const texts = fc.oneof(
      fc.string({ unit: 'grapheme' }),
      fc.array(pieces).map((parts) => parts.join('')),
    );
    fc.assert(fc.property(texts, isShownAsItIs), { seed: 1, numRuns: 500 });
  });
});

describe('text of a model as a label', () => {
  it('is one line without icons and links, and not longer than asked', () => {
    const text = 'a\n$(error) [x](command:y) \u001b[2J\u202e';
    expect(toLabel(text)).toBe('a $\u200b(error) [x]\u200b(command:y) \ufffd[2J\ufffd');
    expect([...toLabel('🙂'.repeat(10_000_000 / 2), 10)]).toHaveLength(10);
  });
});
