import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireLaboratory } from '../../src/protocol/traceViewer';
import { span, ViewerPage, wireTrace } from './page';
import { themes } from './themes';

const axe = createRequire(import.meta.url).resolve('axe-core');

let viewer: ViewerPage;
afterEach(() => viewer.close());
afterAll(() => ViewerPage.closeBrowser());

const ended = (changes: Parameters<typeof wireTrace>[0] = {}) =>
  wireTrace({
    state: 'complete',
    outcome: 'correct',
    answer: '3',
    status: 'The model ended its thinking.',
    spans: [
      span({ text: '\nfirst thought is $x_1 = 2$ here\n', tokens: 9, index: 3 }),
      span({ kind: 'suppressed', text: '<|im_start|>', index: 4 }),
      span({ kind: 'cue', text: 'Wait', index: 5 }),
      span({ text: ', again it is three\n', tokens: 6, pass: 1, index: 6 }),
      span({ kind: 'marker', phase: 'answer', text: '<|im_start|>answer', index: 8 }),
      span({ phase: 'answer', text: '\nThe answer is 3', tokens: 5, pass: 2, index: 9 }),
    ],
    ...changes,
  });

const known: WireLaboratory = {
  type: 'trace/laboratory',
  probes: [
    { thinkingTokens: 16, answer: '2', isRight: false },
    { thinkingTokens: 32, answer: '2', isRight: false },
    { thinkingTokens: 48, answer: null, isRight: false },
    { thinkingTokens: 128, answer: '3', isRight: true },
  ],
  trajectory: 'first right at 128 thinking tokens · settled at 128 · 2 changes · 4 probes, 20 tokens',
  notes: [{ id: 'n1', label: 'slip', text: 'forgets the carry', part: 'tokens 50–60' }],
  family: [
    {
      id: 'a',
      depth: 0,
      isThis: true,
      outcome: 'correct',
      answer: '3',
      thinkingTokens: 128,
      about: 'the first',
      canDelete: false,
    },
    {
      id: 'b',
      depth: 1,
      isThis: false,
      outcome: 'wrong',
      answer: '2',
      thinkingTokens: 60,
      about: 'cue "Hmm" after “…12 * 3 is”',
      canDelete: true,
    },
  ],
};

/** Puts the caret behind the first occurrence of a text in the page. */
async function pointBehind(text: string, from?: string): Promise<void> {
  await viewer.page.evaluate(
    ([wanted, first]) => {
      const find = (words: string): [Node, number] => {
        const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
        for (let node = walker.nextNode(); node; node = walker.nextNode()) {
          const at = node.parentElement?.closest('.spans') ? (node.textContent?.indexOf(words) ?? -1) : -1;
          if (at !== -1) return [node, at];
        }
        throw new Error(`"${words}" is not in the page`);
      };
      const [node, at] = find(wanted as string);
      const range = document.createRange();
      range.setStart(node, at + (wanted as string).length);
      if (first) range.setStart(...find(first));
      range.setEnd(node, at + (wanted as string).length);
      getSelection()?.removeAllRanges();
      getSelection()?.addRange(range);
    },
    [text, from],
  );
}

const last = async () => (await viewer.sent()).at(-1);

describe('a place in a trace', () => {
  beforeEach(async () => {
    viewer = await ViewerPage.open();
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: ended() });
    await viewer.page.locator('.math-shown').waitFor({ state: 'attached' });
  });

  it('is named by the span and the characters before it, whatever is typeset, marked or hidden around it', async () => {
    const button = viewer.page.locator('.place vscode-button');
    await pointBehind('first');
    await button.click();
    expect(await last()).toEqual({ type: 'place', at: { span: 3, characters: '\nfirst'.length } });
    await pointBehind(' here');
    await button.click();
    expect(await last()).toEqual({
      type: 'place',
      at: { span: 3, characters: '\nfirst thought is $x_1 = 2$ here'.length },
    });
    await pointBehind(', again');
    await button.click();
    expect(await last()).toEqual({ type: 'place', at: { span: 6, characters: ', again'.length } });
    await pointBehind('answer is', 'The');
    await button.click();
    expect(await last()).toEqual({
      type: 'place',
      at: { span: 9, characters: '\nThe answer is'.length },
      from: { span: 9, characters: 1 },
    });
  });

  it('has its button beside the text, where it covers no word', async () => {
    const long = 'So the sum of both is as it was before, and nothing more. '.repeat(40);
    const spans = [span({ text: `${long}so here it ends${long}`, tokens: 999, index: 3 })];
    await viewer.send({ type: 'trace/snapshot', seq: 2, trace: ended({ spans }) });
    await pointBehind('so here it');
    const covered = await viewer.page.evaluate(() => {
      const button = document.querySelector('.place vscode-button')?.getBoundingClientRect();
      const range = document.createRange();
      const texts = [...document.querySelectorAll('.segment')].flatMap((segment) =>
        [...segment.childNodes].flatMap((node) => {
          range.selectNodeContents(node);
          return [...range.getClientRects()];
        }),
      );
      if (!button || texts.length === 0) throw new Error('nothing is shown');
      return texts.filter(
        (box) =>
          box.left < button.right && box.right > button.left && box.top < button.bottom && box.bottom > button.top,
      ).length;
    });
    expect(covered).toBe(0);
  });

  it('behind a cue is the end of the cue', async () => {
    await pointBehind('Wait');
    await viewer.page.locator('.place vscode-button').click();
    expect(await last()).toEqual({ type: 'place', at: { span: 5, characters: 4 } });
  });

  it('is reached by arrow keys, said aloud, and taken hold of with f', async () => {
    await viewer.page.getByRole('region', { name: 'Thinking' }).focus();
    for (let step = 0; step < 3; step++) await viewer.page.keyboard.press('ArrowLeft');
    await expect.poll(() => viewer.page.getByRole('status').innerText()).toMatch(/^After “.*again it is”$/);
    await viewer.page.keyboard.press('f');
    const sent = (await last()) as { type: string; at: { span: number; characters: number } };
    expect(sent.at.span).toBe(6);
    expect(', again it is three'.slice(0, sent.at.characters).trim()).toBe(', again it is');
  });

  it('walks over marks and formulas, to the first word and no further', async () => {
    const spans: number[] = [];
    await viewer.page.getByRole('region', { name: 'Thinking' }).focus();
    for (let step = 0; step < 16; step++) {
      await viewer.page.keyboard.press('ArrowLeft');
      await viewer.page.keyboard.press('f');
      const sent = (await last()) as { at?: { span: number } };
      if (sent.at) spans.push(sent.at.span);
    }
    expect([...new Set(spans)]).toEqual([6, 5, 4, 3]);
    expect(await last()).toEqual({ type: 'place', at: { span: 3, characters: '\nfirst'.length } });
  });

  it('cannot be taken hold of while the trace runs', async () => {
    await viewer.send({ type: 'trace/snapshot', seq: 2, trace: ended({ state: 'running', canExamine: false }) });
    await pointBehind('first');
    expect(await viewer.page.locator('.place').isVisible()).toBe(false);
  });
});

describe('the laboratory', () => {
  it('shows answers along the thinking, notes and forks, and opens what is clicked', async () => {
    viewer = await ViewerPage.open();
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: ended() });
    expect(await viewer.page.locator('.laboratory').innerText()).toBe('');
    await viewer.send(known);
    expect(await viewer.page.locator('.probe-cell').allInnerTexts()).toEqual([
      expect.stringMatching(/^2\s+32/),
      expect.stringMatching(/^–\s+48/),
      expect.stringMatching(/^3\s+128/),
    ]);
    await viewer.page.getByRole('button', { name: 'cue "Hmm" after “…12 * 3 is”', exact: true }).click();
    expect(await last()).toEqual({ type: 'open', traceId: 'b' });
    await viewer.page.getByRole('button', { name: 'Compare this trace with: cue "Hmm" after “…12 * 3 is”' }).click();
    expect(await last()).toEqual({ type: 'compare', traceId: 'b' });
    await viewer.page.getByRole('button', { name: 'Delete the fork: cue "Hmm" after “…12 * 3 is”' }).click();
    expect(await last()).toEqual({ type: 'deleteFork', traceId: 'b' });
    await viewer.page.getByRole('button', { name: 'Remove the note slip' }).click();
    expect(await last()).toEqual({ type: 'removeNote', noteId: 'n1' });
    expect(viewer.violations).toEqual([]);
  });

  it.each(Object.keys(themes) as (keyof typeof themes)[])('has no accessibility violation in %s', async (theme) => {
    viewer = await ViewerPage.open(theme);
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: ended() });
    await viewer.send(known);
    await pointBehind(', again');
    await viewer.page.evaluate(readFileSync(axe, 'utf8'));
    const faults = await viewer.page.evaluate(async () => {
      const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: { id: string }[] }> } };
      return (await axe.run()).violations.map(({ id }) => id);
    });
    expect(faults).toEqual([]);
  });
});
