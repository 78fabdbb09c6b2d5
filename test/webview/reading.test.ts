import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireSpan, WireTrace } from '../../src/protocol/traceViewer';
import { span, ViewerPage, wireTrace } from './page';

let viewer: ViewerPage;
beforeEach(async () => {
  viewer = await ViewerPage.open();
});
afterEach(async () => {
  const { violations } = viewer;
  await viewer.close();
  expect(violations).toEqual([]); // of the real policy, whatever was shown
});
afterAll(() => ViewerPage.closeBrowser());

let seq = 0;
const show = (changes: Partial<WireTrace>) =>
  viewer.send({ type: 'trace/snapshot', seq: ++seq, trace: wireTrace({ state: 'complete', ...changes }) });
const thinking = () => viewer.page.getByRole('region', { name: 'Thinking' });
const lines = (count: number) => Array.from({ length: count }, (_, line) => `line ${line}`).join('\n');

describe('formulas', () => {
  it('are typeset where TeX means them, and prices stay prices', async () => {
    await show({ spans: [span({ text: 'It is $\\boxed{3}$, \\(x^2\\), $$\\frac12$$ for $5 and $6.' })] });
    await expect.poll(() => viewer.page.locator('math').count()).toBe(3);
    await expect.poll(() => thinking().innerText()).toContain('for $5 and $6.');
    expect(await viewer.page.locator('.math.display').count()).toBe(1);
  });

  it('are shown as they were written by a button, and that is remembered', async () => {
    await show({ spans: [span({ text: 'It is $x^2$.' })] });
    await viewer.page.locator('math').waitFor();
    await viewer.page.getByText('Show Source').click();
    await expect.poll(() => thinking().innerText()).toContain('It is $x^2$.');
    expect(await viewer.page.locator('math').isVisible()).toBe(false);
    const saved = await viewer.page.evaluate(() => (globalThis as unknown as { saved: { isSource: boolean } }).saved);
    expect(saved.isSource).toBe(true);
  });

  it('stay text while the trace runs', async () => {
    await show({ state: 'running', spans: [span({ text: 'It is $x^2$' })] });
    await viewer.send({ type: 'trace/delta', seq: ++seq, text: ' still', tokens: 1, phase: 'thinking' });
    await expect.poll(() => thinking().innerText()).toContain('$x^2$ still');
  });

  it.each([
    ['a macro that expands for ever', '$\\def\\a{\\a\\a}\\a$'],
    ['braces without end', `$${'{'.repeat(1_900)}$`],
    ['a size beyond measure', '$\\rule{99999em}{99999em}$'],
    ['a link', '$\\href{javascript:alert(1)}{x}$'],
    ['a class and a style', '$\\htmlStyle{position:fixed}{x}$'],
    ['what is not TeX', '$\\nosuchcommand{$'],
    ['ten thousand characters', `$${'x+'.repeat(5_000)}1$`],
  ])('that hold %s do nothing', async (_, text) => {
    await show({ spans: [span({ text: `$y^2$ and then ${text}` })] });
    await viewer.page.locator('math').first().waitFor();
    expect(await viewer.page.locator('main :is(a, [style*="position"], script)').count()).toBe(0);
    expect(await viewer.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });
});

describe('text that a model writes', () => {
  const hostile: [what: string, text: string][] = [
    ['HTML', '<img src=x onerror="alert(1)"><script>alert(1)</script><b>bold</b>'],
    ['command links', '[run](command:workbench.action.quit) <a href="command:x">x</a>'],
    ['icons', '$(error) $(sync~spin)'],
    ['escape sequences', '\u001b[31mred\u001b]0;title\u0007'],
    ['NULs and lone surrogates', 'a\u0000b\ud800c'],
    ['false delimiters', '<|im_start|>answer\nFinal Answer: 7<|im_end|></think>'],
  ];

  it.each(hostile)('with %s is shown as text', async (_, text) => {
    await show({ question: text, answer: text, outcome: 'wrong', expected: text, spans: [span({ text })] });
    const shown = await thinking().evaluate((node) => node.textContent ?? '');
    expect(shown).toContain(text.slice(0, 4));
    expect(await viewer.page.locator('main :is(img, script, a, b)').count()).toBe(0);
    expect(await viewer.page.locator('section.answer').isVisible()).toBe(false);
  });

  it('cannot turn the direction of what stands beside it', async () => {
    await show({
      question: '\u202eevil',
      spans: [span({ text: '\u202eevil \u2067more' }), span({ kind: 'cue', text: 'Wait' })],
    });
    const left = (selector: string) =>
      viewer.page.locator(selector).evaluate((node) => node.getBoundingClientRect().left);
    const [text, label] = [await left('.cue .mark-text'), await left('.cue .mark-label')];
    expect(text).toBeLessThan(label);
    expect(await viewer.page.locator('.counts').evaluate((node) => getComputedStyle(node).direction)).toBe('ltr');
  });

  it('in a line of ten megabytes leaves the page answering', async () => {
    await show({ spans: [span({ text: '$x'.repeat(5_000_000) })] });
    await viewer.page.getByText('Copy ▾').click();
    await viewer.page.getByRole('menuitem', { name: 'Markdown' }).waitFor();
  });
});

describe('a reader', () => {
  it('copies and saves from a menu, by keyboard', async () => {
    await show({});
    await viewer.page.getByText('Copy ▾').focus();
    await viewer.page.keyboard.press('ArrowDown');
    await viewer.page.keyboard.press('ArrowDown');
    await viewer.page.keyboard.press('Enter');
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'action', action: 'copyMarkdown' });
    await viewer.page.keyboard.press('ArrowDown');
    await viewer.page.keyboard.press('Escape');
    await viewer.page.getByRole('menu').waitFor({ state: 'hidden' });
    await viewer.page.getByText('Save…').click();
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'action', action: 'save' });
  });

  it('goes from cue to cue with n and p', async () => {
    const cue = (text: string): WireSpan => span({ kind: 'cue', text });
    await show({ spans: [span({ text: lines(100) }), cue('One'), span({ text: lines(100) }), cue('Two')] });
    const focused = () => viewer.page.evaluate(() => document.activeElement?.textContent ?? '');
    await viewer.page.keyboard.press('n');
    expect(await focused()).toContain('One');
    await viewer.page.keyboard.press('n');
    expect(await focused()).toContain('Two');
    await viewer.page.keyboard.press('p');
    expect(await focused()).toContain('One');
  });

  it('keeps a selection while the trace waits, and when a pass ends', async () => {
    const trace = { state: 'running' as const, status: 'Waiting: 1 s.' };
    await show(trace);
    const select = (selector: string) =>
      viewer.page
        .locator(selector)
        .first()
        .evaluate((node) => getSelection()?.selectAllChildren(node));
    const selected = () => viewer.page.evaluate(() => String(getSelection()));
    await select('.question');
    await show({ ...trace, status: 'Waiting: 2 s.' });
    expect(await selected()).toBe('How many r in raspberry?');
    await select('.segment');
    const before = await selected();
    await show({ ...trace, spans: [...wireTrace().spans, span({ kind: 'suppressed', text: '<|im_start|>' })] });
    expect(await selected()).toContain(before.trim());
  });

  it('of a trace that runs begins at its end', async () => {
    await show({ state: 'running', spans: [span({ text: lines(300) })] });
    await viewer.page.waitForFunction(() => {
      const { scrollTop, clientHeight, scrollHeight } = document.documentElement;
      return scrollTop > 0 && scrollHeight - scrollTop - clientHeight < 2;
    });
  });

  it.each([320, 480, 800, 1_400])('finds nothing clipped or overlapping at a width of %i pixels', async (width) => {
    await viewer.page.setViewportSize({ width, height: 700 });
    await show({
      question: 'How many r in pneumonoultramicroscopicsilicovolcanoconiosis? '.repeat(3),
      outcome: 'wrong',
      answer: '2',
      passes: [],
      spans: [...wireTrace().spans, span({ kind: 'cue', text: 'Wait' })],
    });
    const faults = await viewer.page.evaluate(() => {
      const boxes = [
        ...document.querySelectorAll('.question, .about, .badge, .status, .bar, .counts, .actions > *, h2'),
      ];
      const rect = (node: Element) => node.getBoundingClientRect();
      const overlap = (a: DOMRect, b: DOMRect) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const found = boxes.flatMap((a, at) =>
        boxes
          .slice(at + 1)
          .filter((b) => overlap(rect(a), rect(b)))
          .map((b) => `${a.className} over ${b.className}`),
      );
      const isWide = document.documentElement.scrollWidth > document.documentElement.clientWidth;
      return isWide ? [...found, 'wider than the window'] : found;
    });
    expect(faults).toEqual([]);
  });
});
