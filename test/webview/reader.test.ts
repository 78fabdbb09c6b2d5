import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireLogprobs, WireProbe, WireTrace } from '../../src/protocol/traceViewer';
import { span, ViewerPage, wireTrace } from './page';

let viewer: ViewerPage;
beforeEach(async () => {
  viewer = await ViewerPage.open();
});
afterEach(async () => {
  const { violations } = viewer;
  await viewer.close();
  expect(violations).toEqual([]);
});
afterAll(() => ViewerPage.closeBrowser());

let seq = 0;
const show = (changes: Partial<WireTrace>) =>
  viewer.send({ type: 'trace/snapshot', seq: ++seq, trace: wireTrace({ state: 'complete', ...changes }) });
const showProbes = (probes: WireProbe[]) =>
  viewer.send({ type: 'trace/laboratory', probes, trajectory: 'never right', notes: [], family: [] });
const slider = (name: string) => viewer.page.getByRole('slider', { name });
const thinking = () => viewer.page.getByRole('region', { name: 'Thinking' });

const lines = (name: string) => Array.from({ length: 300 }, (_, line) => `${name} line ${line}\n`).join('');
/** 2,002 thinking tokens, two cues, an answer: many windows high. */
const long: Partial<WireTrace> = {
  thinkingTokens: 2_002,
  answerTokens: 900,
  budget: 2_500,
  cuesAt: [1_000, 1_501],
  spans: [
    span({ text: lines('first'), tokens: 1_000, index: 1 }),
    span({ kind: 'suppressed', text: '<|im_start|>', index: 2 }),
    span({ kind: 'cue', text: 'Wait', index: 3 }),
    span({ text: lines('second'), tokens: 500, index: 4 }),
    span({ kind: 'cue', text: 'Hmm', index: 5 }),
    span({ text: lines('third'), tokens: 500, index: 6 }),
    span({ phase: 'answer', text: lines('answer'), tokens: 900, index: 7 }),
  ],
  steps: [
    { at: { span: 1, characters: 0 }, kind: 'text', title: 'first line 0' },
    { at: { span: 3, characters: 0 }, kind: 'cue', title: 'Wait second line 0' },
    { at: { span: 6, characters: lines('third').indexOf('third line 200') }, kind: 'check', title: 'third line 200' },
  ],
  loops: [{ from: { span: 6, characters: 0 }, to: { span: 6, characters: 400 } }],
};

/** Whether a text of the trace is inside the window. */
const inWindow = (text: string) =>
  viewer.page.evaluate((wanted) => {
    for (const segment of document.querySelectorAll('.segment')) {
      for (const node of segment.childNodes) {
        const at = node.textContent?.indexOf(wanted) ?? -1;
        if (at === -1) continue;
        const range = document.createRange();
        if (node instanceof Text) range.setStart(node, at);
        else range.selectNode(node);
        const { top } = range.getBoundingClientRect();
        return top > 0 && top < innerHeight;
      }
    }
    return false;
  }, text);

describe('the ruler', () => {
  it('shows the cap, the cues and the answers of probes where they are', async () => {
    await show(long);
    await showProbes([
      { thinkingTokens: 500, answer: '2', isRight: false },
      { thinkingTokens: 1_000, answer: '3', isRight: true },
    ]);
    const left = (selector: string) =>
      viewer.page.locator(selector).evaluateAll((all) => all.map((node) => (node as HTMLElement).style.left));
    expect(await left('.bar-tick')).toEqual(['40%', '60.04%']);
    expect(await left('.bar-cap')).toEqual(['100%']);
    expect(await left('.probe-cell')).toEqual(['0%', '20%']);
    expect(await viewer.page.locator('.probe-cell').nth(1).innerText()).toMatch(/^3\s+1,000/);
  });

  it('is as long as an ended thought that left most of its limit, and names the limit', async () => {
    await show({ ...long, budget: 32_000, budgetFrom: 'context' });
    expect(await viewer.page.locator('.bar-fill').evaluate((node) => node.style.width)).toBe('100%');
    expect(await viewer.page.locator('.ruler-limit').innerText()).toBe('what fits 32,000 →');
    expect(await viewer.page.locator('.bar-cap').count()).toBe(0);
  });

  it('goes to a place by keys, says in words where it is, and stays in view', async () => {
    await show(long);
    const ruler = slider('Place in the thinking');
    await ruler.focus();
    await viewer.page.keyboard.press('End');
    await expect.poll(() => inWindow('third line 299')).toBe(true);
    expect(await ruler.getAttribute('aria-valuenow')).toBe('2002');
    expect(await ruler.getAttribute('aria-valuetext')).toBe(
      '2,002 of 2,002 thinking tokens, after “298 third line 299”',
    );
    await viewer.page.keyboard.press('Home');
    await viewer.page.keyboard.press('PageUp');
    await expect.poll(() => ruler.getAttribute('aria-valuenow')).toBe('200');
    await expect.poll(() => inWindow('first line 60')).toBe(true);
    expect(await viewer.page.locator('.ruler').evaluate((node) => node.getBoundingClientRect().top)).toBe(0);
  });

  it('goes where it is clicked, and takes hold of the place there', async () => {
    await show(long);
    const box = await viewer.page.locator('.ruler .bar').boundingBox();
    if (!box) throw new Error('no bar');
    await viewer.page.mouse.click(box.x + 0.5 * box.width, box.y + 2);
    await expect.poll(() => inWindow('second line 150')).toBe(true);
    await viewer.page.locator('.place vscode-button').click();
    const sent = (await viewer.sent()).at(-1) as { at: { span: number; characters: number } };
    expect(sent.at.span).toBe(4);
    expect(sent.at.characters / lines('second').length).toBeCloseTo(249 / 500, 1);
  });

  it('follows the reader who scrolls', async () => {
    await show(long);
    const ruler = slider('Place in the thinking');
    const before = Number(await ruler.getAttribute('aria-valuenow'));
    await viewer.page.evaluate(() => scrollTo({ top: document.documentElement.scrollHeight / 2 }));
    await expect.poll(async () => Number(await ruler.getAttribute('aria-valuenow'))).toBeGreaterThan(before + 300);
  });
});

describe('the map', () => {
  it('is there for a long trace only', async () => {
    await show({});
    expect(await slider('Map').isVisible()).toBe(false);
    await show(long);
    await slider('Map').waitFor();
  });

  it('goes from landmark to landmark by arrow keys, and says what each is', async () => {
    await show(long);
    await showProbes([
      { thinkingTokens: 500, answer: '2', isRight: false },
      { thinkingTokens: 1_200, answer: '3', isRight: true },
    ]);
    await slider('Map').focus();
    await viewer.page.keyboard.press('Home');
    const said: (string | null)[] = [];
    for (let step = 0; step < 5; step++) {
      await viewer.page.keyboard.press('ArrowDown');
      said.push(await viewer.page.getByRole('status').textContent());
    }
    expect(said).toEqual(['forced cue 1 “Wait”', 'answer becomes 3', 'forced cue 2 “Hmm”', 'loop', 'answer']);
    await expect.poll(() => inWindow('answer line 0')).toBe(true);
    await viewer.page.keyboard.press('ArrowUp');
    await viewer.page.keyboard.press('ArrowUp');
    await expect.poll(() => inWindow('Hmm')).toBe(true);
  });

  it('goes where it is clicked and where it is dragged to', async () => {
    await show(long);
    const box = await slider('Map').boundingBox();
    if (!box) throw new Error('no map');
    const at = (share: number) => [box.x + 8, box.y + share * box.height] as const;
    await viewer.page.mouse.move(...at(0.1));
    await viewer.page.mouse.down();
    await expect.poll(() => inWindow('first line 120')).toBe(true);
    await viewer.page.mouse.move(...at(0.98));
    await viewer.page.mouse.up();
    await expect.poll(() => inWindow('answer line 280')).toBe(true);
    await expect.poll(() => slider('Map').getAttribute('aria-valuetext')).toMatch(/answer$/);
  });
});

describe('the steps', () => {
  it('are listed with what each is, and lead to their places by keyboard', async () => {
    await show(long);
    await viewer.page.getByText('Steps (3)').click();
    const rows = viewer.page.locator('.outline-button');
    expect(await rows.allInnerTexts()).toEqual([
      expect.stringContaining('first line 0'),
      expect.stringMatching(/Wait second line 0\s*after a cue/),
      expect.stringMatching(/third line 200\s*check/),
    ]);
    await rows.first().focus();
    await viewer.page.keyboard.press('End');
    await viewer.page.keyboard.press('Enter');
    await expect.poll(() => inWindow('third line 200')).toBe(true);
  });
});

const known: WireLogprobs = {
  type: 'trace/logprobs',
  spans: [
    {
      index: 3,
      ends: [6, 14, 18],
      logprobs: [-0.01, -1.2, -4],
      entropies: [0.05, 0.9, 2.5],
      top: [
        [['first', -0.01]],
        [
          [' guess', -0.5],
          [' thought', -1.2],
        ],
        [[' <b>', -0.2]],
      ],
    },
  ],
};
const short: Partial<WireTrace> = { spans: [span({ text: 'first! thought $x^2$ so it is', tokens: 3, index: 3 })] };

/** The shaded texts, by level. */
const shaded = () =>
  viewer.page.evaluate(() =>
    [1, 2, 3, 4].map((level) =>
      [...(CSS.highlights.get(`shade-${level}`) ?? [])].map(({ startContainer, startOffset, endOffset }) =>
        startContainer.textContent?.slice(startOffset, endOffset),
      ),
    ),
  );

async function shade(how: string): Promise<void> {
  await viewer.page.getByText('Shade ▾').click();
  await viewer.page.getByRole('menuitem', { name: how }).click();
}

describe('shading', () => {
  it('asks for the tokens when it is switched on, and colours them by probability or by entropy', async () => {
    await show(short);
    expect((await viewer.sent()).map(({ type }) => type)).not.toContain('logprobs');
    await shade('By Probability');
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'logprobs' });
    await viewer.send(known);
    await expect.poll(shaded).toEqual([[], [' thought'], [], [' ']]); // the formula behind it is typeset
    await shade('By Entropy');
    await expect.poll(shaded).toEqual([[], [' thought'], [], [' ']]);
    expect(await viewer.page.locator('.legend').innerText()).toContain('Entropy at each token');
    await shade('Not at All');
    await expect.poll(shaded).toEqual([[], [], [], []]);
  });

  it('moves nothing: neither the text nor what is around it', async () => {
    await show(long);
    await shade('By Probability');
    await viewer.send({ type: 'trace/logprobs', spans: [] });
    await shade('Not at All');
    const boxes = () =>
      viewer.page.evaluate(() =>
        [...document.querySelectorAll('.spans, .segment, .ruler, .mark')].map((node) => {
          const { x, y, width, height } = node.getBoundingClientRect();
          return [x, y + scrollY, width, height];
        }),
      );
    const before = await boxes();
    await viewer.page.evaluate(() => scrollTo({ top: 0 }));
    await shade('By Probability');
    await viewer.send({
      type: 'trace/logprobs',
      spans: [{ index: 1, ends: [5, 10], logprobs: [-3, -1], entropies: [1, 1], top: [[], []] }],
    });
    await expect.poll(async () => (await shaded()).flat().length).toBe(2);
    expect(await boxes()).toEqual(before);
  });

  it('says how to record what was not recorded', async () => {
    await show(short);
    await shade('By Probability');
    await viewer.send({ type: 'trace/logprobs', spans: null });
    await expect.poll(() => viewer.page.locator('.legend').innerText()).toContain('--logprobs');
    expect(await viewer.page.getByRole('status').textContent()).toContain('secondThought.logprobs');
  });

  it('tells of the token under the pointer, and of the one before the caret, aloud', async () => {
    await show(short);
    await shade('By Probability');
    await viewer.send(known);
    await expect.poll(async () => (await shaded()).flat().length).toBeGreaterThan(0);
    const box = await thinking().locator('.segment').boundingBox();
    if (!box) throw new Error('nothing is shown');
    await viewer.page.mouse.move(box.x + 90, box.y + 12); // in the second word
    const card = viewer.page.locator('.token-card');
    await card.waitFor();
    expect(await card.locator('.token-about').innerText()).toBe('30 % · −log p 1.20 · entropy ≥ 0.90 nats');
    expect(await card.locator('.token-row').allInnerTexts()).toEqual([
      expect.stringMatching(/␣guess\s*61 %/),
      expect.stringMatching(/␣thought\s*30 %/),
    ]);
    await thinking().focus();
    await viewer.page.evaluate(() =>
      getSelection()?.collapse(document.querySelector('.segment')?.firstChild ?? null, 0),
    );
    await viewer.page.keyboard.press('ArrowRight');
    await viewer.page.keyboard.press('ArrowRight');
    await expect
      .poll(() => viewer.page.getByRole('status').textContent())
      .toBe('After “first! thought”, probability 30 %, entropy 0.90');
  });

  it('is remembered with the page, and asked for again', async () => {
    await show(short);
    await shade('By Entropy');
    await viewer.reload();
    await show(short);
    await expect.poll(async () => (await viewer.sent()).map(({ type }) => type)).toContain('logprobs');
  });
});
