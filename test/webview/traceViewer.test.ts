import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import { span, ViewerPage, wirePass, wireTrace } from './page';
import { themes } from './themes';

const axe = createRequire(import.meta.url).resolve('axe-core');

const hostile: [what: string, text: string][] = [
  ['markup', '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'],
  ['a link of VS Code', '[run](command:workbench.action.quit) $(trash)'],
  ['a direction override', '\u202eevil\u202c'],
  ['NULs and lone surrogates', 'a\u0000b\ud800c'],
];

let viewer: ViewerPage;
afterEach(() => viewer.close());
afterAll(() => ViewerPage.closeBrowser());

describe('the trace viewer', () => {
  beforeEach(async () => {
    viewer = await ViewerPage.open();
  });

  it('says that it is ready, and shows nothing before it is told', async () => {
    expect(await viewer.sent()).toEqual([{ type: 'ready' }]);
  });

  it('shows question, thinking, and in words what was forced and what was suppressed', async () => {
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace() });
    const thinking = viewer.page.getByRole('region', { name: 'Thinking' });
    expect(await viewer.page.getByRole('heading', { level: 1 }).innerText()).toBe('How many r in raspberry?');
    // Text that no frame has shown yet has no innerText (content-visibility).
    await expect.poll(() => thinking.innerText()).toContain('first thought');
    await expect.poll(() => thinking.locator('.cue').innerText()).toContain('forced cue 1');
    await expect.poll(() => thinking.locator('.suppressed').innerText()).toContain('end suppressed');
    expect(await viewer.page.locator('section.answer').isVisible()).toBe(false);
  });

  it('appends deltas without touching the text that is there', async () => {
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace() });
    const first = await viewer.page.locator('.segment').first().elementHandle();
    await viewer.send({ type: 'trace/delta', seq: 2, text: ' and again', tokens: 3, phase: 'thinking' });
    await expect
      .poll(() => viewer.page.getByRole('region', { name: 'Thinking' }).innerText())
      .toContain(', again and again');
    expect(await first?.evaluate((node) => node.isConnected)).toBe(true);
    await viewer.page.locator('.counts').filter({ hasText: '13 thinking tokens' }).waitFor();
  });

  it('asks for the whole trace when a delta is missing, and shows no wrong text', async () => {
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace() });
    await viewer.send({ type: 'trace/delta', seq: 3, text: 'LOST', tokens: 1, phase: 'thinking' });
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'trace/resync' });
    expect(await viewer.page.locator('body').innerText()).not.toContain('LOST');
  });

  it('offers what can be done in each state, by button and keyboard', async () => {
    const buttons = async () => viewer.page.locator('.actions vscode-button').allInnerTexts();
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace() });
    expect(await buttons()).toEqual(['Stop and Answer', 'Stop', 'Copy ▾', 'Save…', 'Show Source']);
    await viewer.send({
      type: 'trace/snapshot',
      seq: 2,
      trace: wireTrace({ state: 'interrupted', interruption: 'Gone.' }),
    });
    expect(await buttons()).toEqual(['Continue', 'Fork…', 'Probe', 'Copy ▾', 'Save…', 'Show Source', 'Shade ▾']);
    await viewer.send({ type: 'trace/snapshot', seq: 3, trace: wireTrace({ state: 'complete' }) });
    await viewer.page.keyboard.press('Tab');
    await viewer.page.keyboard.press('Enter');
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'action', action: 'waitAgain' });
    await viewer.send({ type: 'trace/snapshot', seq: 4, trace: wireTrace({ canAct: false }) });
    expect(await buttons()).toEqual(['Copy ▾', 'Save…', 'Show Source']);
  });

  it('follows a live trace until the reader scrolls up, and again after Jump to Latest', async () => {
    const long = Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n');
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace({ spans: [span({ text: long })] }) });
    const isAtEnd = () =>
      viewer.page.waitForFunction(() => {
        const { scrollTop, clientHeight, scrollHeight } = document.documentElement;
        return scrollHeight - scrollTop - clientHeight < 2;
      });
    await viewer.send({ type: 'trace/delta', seq: 2, text: '\nmore', tokens: 1, phase: 'thinking' });
    await isAtEnd();
    await viewer.page.evaluate(() => scrollTo({ top: 0 }));
    const jump = viewer.page.getByRole('button', { name: 'Jump to Latest' });
    await jump.waitFor();
    await viewer.send({ type: 'trace/delta', seq: 3, text: '\nmore', tokens: 1, phase: 'thinking' });
    expect(await viewer.page.evaluate(() => document.documentElement.scrollTop)).toBe(0);
    await jump.click();
    await isAtEnd();
    expect(await jump.isHidden()).toBe(true);
  });

  it('leaves the reader where they are when a pass ends, though text above is long', async () => {
    const text = Array.from({ length: 1_500 }, (_, line) => `line ${line} of a long thought\n`).join('');
    const trace = wireTrace({ spans: [span({ text })] });
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace });
    const settled = () =>
      viewer.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => setTimeout(done))));
    const place = () => viewer.page.evaluate(() => document.documentElement.scrollTop);
    for (const part of [0.2, 0.4, 0.6]) {
      await viewer.page.evaluate((top) => scrollTo({ top: top * document.documentElement.scrollHeight }), part);
      await settled();
    }
    const before = await place();
    const first = await viewer.page.locator('.segment').first().elementHandle();
    const spans = [...trace.spans, span({ kind: 'cue', text: 'Wait' })];
    await viewer.send({ type: 'trace/snapshot', seq: 2, trace: wireTrace({ spans }) });
    await settled();
    expect(await place()).toBe(before);
    expect(await first?.evaluate((node) => node.isConnected)).toBe(true);
    expect(await viewer.page.locator('.cue').count()).toBe(1);
  });

  it('lays text out in the same segments, whether it came at once or in pieces', async () => {
    const text = Array.from({ length: 400 }, (_, line) => `line ${line} of a long thought\n`).join('');
    const sizes = () =>
      viewer.page.locator('.segment').evaluateAll((all) => all.map((node) => node.textContent?.length));
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace({ spans: [span({ text: '' })] }) });
    for (let at = 0, seq = 2; at < text.length; at += 700, seq++) {
      const piece = text.slice(at, at + 700);
      await viewer.send({ type: 'trace/delta', seq, text: piece, tokens: 1, phase: 'thinking' });
    }
    const inPieces = await sizes();
    expect(Math.max(...inPieces.map(Number))).toBeLessThan(5_000);
    await viewer.send({ type: 'trace/snapshot', seq: 99, trace: wireTrace({ spans: [span({ text })] }) });
    expect(await sizes()).toEqual(inPieces);
  });

  it('has no Jump to Latest where nothing more comes', async () => {
    const long = Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n');
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace({ spans: [span({ text: long })] }) });
    await viewer.page.evaluate(() => scrollTo({ top: 10 }));
    const jump = viewer.page.getByRole('button', { name: 'Jump to Latest' });
    await jump.waitFor();
    await viewer.send({ type: 'trace/snapshot', seq: 2, trace: wireTrace({ state: 'complete' }) });
    await jump.waitFor({ state: 'hidden' });
  });

  it('yields to a reader who scrolls up in the very frame in which text arrives', async () => {
    const long = Array.from({ length: 200 }, (_, line) => `line ${line}`).join('\n');
    const message = { type: 'trace/snapshot', seq: 1, trace: wireTrace({ spans: [span({ text: long })] }) };
    await viewer.page.evaluate((data) => {
      dispatchEvent(new MessageEvent('message', { data }));
      scrollTo({ top: 10 });
    }, message);
    await viewer.page.getByRole('button', { name: 'Jump to Latest' }).waitFor({ timeout: 5_000 });
    expect(await viewer.page.evaluate(() => scrollY)).toBe(10);
  });

  it('shows how much of the limit is used, with and without a cap', async () => {
    for (const [seq, budgetFrom] of (['cap', 'context'] as const).entries()) {
      const trace = wireTrace({ thinkingTokens: 100, budget: 1_000, budgetFrom, cuesAt: [50] });
      await viewer.send({ type: 'trace/snapshot', seq, trace });
      expect(await viewer.page.locator('.bar-fill').evaluate((node) => node.style.width)).toBe('10%');
      expect(await viewer.page.locator('.bar-tick').evaluate((node) => node.style.left)).toBe('5%');
    }
  });

  it('announces milestones, never the text', async () => {
    const status = viewer.page.getByRole('status');
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: wireTrace() });
    expect(await status.textContent()).toBe('Thinking');
    await viewer.send({ type: 'trace/snapshot', seq: 2, trace: wireTrace({ state: 'complete', outcome: 'correct' }) });
    expect(await status.textContent()).toBe('Answer ready');
  });

  it.each(hostile)('shows %s of a model as text', async (_, text) => {
    const trace = wireTrace({
      question: text,
      spans: [span({ text }), span({ kind: 'cue', text })],
      answer: text,
      outcome: 'wrong',
    });
    await viewer.send({ type: 'trace/snapshot', seq: 1, trace: { ...trace, state: 'complete', warnings: [text] } });
    expect(await viewer.page.locator('img, script:not([nonce]), a').count()).toBe(0);
    expect(await viewer.page.evaluate(() => document.title)).not.toBe('owned');
    expect(viewer.violations).toEqual([]);
  });

  it.each(hostile)(
    'shows %s in notes, labels, probes, forks, steps, requests and alternatives as text',
    async (_, text) => {
      const steps = [{ at: { span: 0, characters: 0 }, kind: text, title: text }];
      const pass = wirePass({ purpose: text, ending: text, finishReason: text, stopReason: text });
      const spans = [span({ text })];
      const trace = wireTrace({ state: 'complete', spans, steps, passes: [pass] });
      await viewer.send({ type: 'trace/snapshot', seq: 1, trace });
      await viewer.send({
        type: 'trace/laboratory',
        probes: [{ thinkingTokens: 5, answer: text, isRight: null }],
        trajectory: text,
        notes: [{ id: text, label: text, text, part: text }],
        family: [true, false].map((isThis) => {
          return {
            id: text,
            depth: 0,
            isThis,
            outcome: text,
            answer: text,
            thinkingTokens: 5,
            about: text,
            canDelete: true,
          };
        }),
      });
      await viewer.page.getByText('Steps (1)').click();
      await viewer.page.getByText('Requests (1)').click();
      await viewer.page.getByText('Shade ▾').click();
      await viewer.page.getByRole('menuitem', { name: 'By Probability' }).click();
      const top: [string, number][] = [[text, -1]];
      const tokens = { index: 0, ends: [text.length], logprobs: [-3], entropies: [1], top: [top] };
      await viewer.send({ type: 'trace/logprobs', spans: [tokens] });
      await viewer.page.getByRole('region', { name: 'Thinking' }).focus();
      await viewer.page.keyboard.press('ArrowLeft');
      await viewer.page.locator('.token-card').waitFor();
      expect(await viewer.page.locator('img, script:not([nonce]), a').count()).toBe(0);
      expect(await viewer.page.evaluate(() => document.title)).not.toBe('owned');
      expect(viewer.violations).toEqual([]);
    },
  );

  it('lays a line of ten megabytes out in segments', async () => {
    await viewer.send({
      type: 'trace/snapshot',
      seq: 1,
      trace: wireTrace({ spans: [span({ text: 'x'.repeat(10_000_000) })] }),
    });
    expect(await viewer.page.locator('.segment').count()).toBeGreaterThan(2_000);
  });

  it('works under its own policy', () => {
    expect(viewer.violations).toEqual([]);
  });
});

/** Everything that is folded or switched off at first. */
async function openAll(): Promise<void> {
  await viewer.page.getByText('Steps (1)').click();
  await viewer.page.getByText('Requests (1)').click();
  await viewer.page.getByText('Shade ▾').click();
  await viewer.page.getByRole('menuitem', { name: 'By Entropy' }).click();
  await viewer.send({
    type: 'trace/logprobs',
    spans: [{ index: 0, ends: [1, 3, 5], logprobs: [-3, -1, null], entropies: [1, 0, null], top: [[], [], []] }],
  });
  await viewer.page.getByRole('slider', { name: 'Map' }).waitFor();
}

describe.each(Object.keys(themes) as (keyof typeof themes)[])('in the theme %s', (theme) => {
  it('has no serious accessibility fault, running, complete and interrupted', async () => {
    viewer = await ViewerPage.open(theme);
    // The checker is put in through the debugger, which the page's policy does not bind.
    await viewer.page.evaluate(await import('node:fs').then(({ readFileSync }) => readFileSync(axe, 'utf8')));
    const states = [
      wireTrace(),
      wireTrace({
        state: 'complete',
        outcome: 'wrong',
        answer: '2',
        spans: [span({ text: 'x\n'.repeat(999) }), span({ phase: 'answer', text: '2', index: 1 })],
        steps: [{ at: { span: 0, characters: 0 }, kind: 'check', title: 'x' }],
        passes: [wirePass({})],
      }),
      wireTrace({ state: 'complete', outcome: 'correct', answer: '3' }),
      wireTrace({ state: 'interrupted', interruption: 'The connection was lost.', warnings: ['A note.'] }),
    ];
    for (const [index, trace] of states.entries()) {
      await viewer.send({ type: 'trace/snapshot', seq: index + 1, trace });
      if (trace.steps.length > 0) await openAll();
      const faults = await viewer.page.evaluate(async () => {
        type Fault = { id: string; impact: string; nodes: { html: string }[] };
        const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Fault[] }> } };
        const { violations } = await axe.run();
        return violations
          .filter(({ impact }) => impact === 'serious' || impact === 'critical')
          .map(({ id, nodes }) => `${id}: ${nodes.map((node) => node.html).join(' ')}`);
      });
      expect(faults).toEqual([]);
    }
  });
});
