import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { beforeEach, describe, expect, it } from 'vitest';
import { runViewerTests } from './runViewerTests';
import { themes } from './themes';
import { condition, largeRun, sample, smallReport, smallRun, status } from './wireRun';

const axe = createRequire(import.meta.url).resolve('axe-core');
const tests = runViewerTests();
const { cell, drawn, field, focused, last, open, press, progress, shownCount } = tests;

describe('the header', () => {
  beforeEach(() => open());

  it('says that the page is ready, and shows nothing before it is told', async () => {
    expect(await tests.viewer.sent()).toEqual([{ type: 'ready' }]);
    expect(await tests.viewer.page.locator('main').isVisible()).toBe(false);
  });

  it('says how far the run is, how fast, how long it takes and what failed', async () => {
    await tests.viewer.send(smallRun({ status: status({ planned: 20_000, finished: 5_000, errors: 3 }) }));
    const text = await tests.viewer.page.locator('.state-line').innerText();
    for (const part of [
      'Running',
      '5,000 of 20,000 samples',
      '25.0 %',
      '812 tokens/s',
      '3 min 20 s left',
      '8 in flight',
    ])
      expect(text).toContain(part);
    expect(text).toContain('3 failed');
    expect(await tests.viewer.page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('5000');
  });

  it('offers what can be done in each state, and keeps the focus when that changes', async () => {
    const buttons = () => tests.viewer.page.locator('.header vscode-button').allInnerTexts();
    const always = ['Open Study', 'Copy as CLI Command'];
    await tests.viewer.send(smallRun({ status: status({ state: 'running' }) }));
    expect(await buttons()).toEqual(['Pause', ...always]);
    await press('Tab', 'Enter');
    expect(await last()).toEqual({ type: 'run/action', action: 'pause' });
    await progress([], { state: 'paused' });
    await expect.poll(buttons).toEqual(['Resume', ...always]);
    await press('Enter');
    expect(await last()).toEqual({ type: 'run/action', action: 'resume' });
    await progress([], { state: 'failed', message: 'The disk is full.' });
    await tests.viewer.page.getByText('The disk is full.').waitFor();
    expect(await buttons()).toEqual(['Resume', ...always]);
    await progress([], { state: 'finished' });
    await expect.poll(buttons).toEqual(always);
  });

  it('announces milestones, never samples', async () => {
    const said = () => tests.viewer.page.getByRole('status').textContent();
    await tests.viewer.send(smallRun({ report: null, status: status({ finished: 1, planned: 8 }) }));
    expect(await said()).toBe('Running');
    await progress([sample(0, 0)], { finished: 4, planned: 8 });
    await expect.poll(said).toBe('50 percent done');
    await progress([sample(0, 1)], { finished: 5, planned: 8 });
    await drawn();
    expect(await said()).toBe('50 percent done');
    await tests.viewer.send({ type: 'run/report', report: smallReport() });
    expect(await said()).toBe('Numbers ready');
    await progress([], { finished: 8, planned: 8, state: 'finished' });
    await expect.poll(said).toBe('Finished');
  });
});

describe('a run that goes on', () => {
  beforeEach(() => open());

  it('fills cells and counts, and replaces a sample that is known', async () => {
    await tests.viewer.send(smallRun({ samples: [], status: status({ finished: 0 }) }));
    expect(await cell(0, 0).getAttribute('aria-label')).toBe('natural: not made yet');
    await progress([sample(0, 0, { outcome: 'error', traceId: null, error: 'lost' })]);
    await expect.poll(() => cell(0, 0).innerText()).toBe('!');
    await progress([sample(0, 0)]);
    await expect.poll(() => cell(0, 0).innerText()).toBe('✓');
    const row = tests.viewer.page.getByRole('table', { name: 'Conditions' }).getByRole('row', { name: /natural/ });
    expect((await row.locator('td').allInnerTexts()).slice(0, 3)).toEqual(['1 of 3', '40.0 [30.0, 50.0]', '1']);
  });

  it('moves neither scroll nor focus nor filter, though rows come above', async () => {
    const run = largeRun(1_000, 20);
    const made = run.samples.filter(({ problem }) => problem >= 400);
    await tests.viewer.send({ ...run, samples: made, status: status({ planned: 20_000, finished: made.length }) });
    await field('Outcome').selectOption('truncated');
    await tests.viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 1_000 }));
    await drawn();
    const inSight = () =>
      tests.viewer.page.evaluate(() => {
        const box = document.querySelector('.map')?.getBoundingClientRect();
        const at = document.elementFromPoint((box?.left ?? 0) + 300, (box?.top ?? 0) + 200);
        return at?.closest<HTMLElement>('.map-row')?.dataset.problem;
      });
    await tests.viewer.page.locator('.map').scrollIntoViewIfNeeded();
    await field('Question').focus();
    const before = await inSight();
    const top = await tests.viewer.page.evaluate(() => scrollY);
    const count = await shownCount();
    await progress(run.samples.filter(({ problem }) => problem < 400));
    await expect.poll(shownCount).not.toBe(count);
    expect(await inSight()).toBe(before);
    expect(before).not.toBeUndefined();
    expect(await tests.viewer.page.evaluate(() => scrollY)).toBe(top);
    expect(await tests.viewer.page.evaluate(() => document.activeElement?.matches('input[type="search"]'))).toBe(true);
    expect(await field('Outcome').inputValue()).toBe('truncated');
  });

  it('keeps the focused cell though it no longer matches the filter', async () => {
    await tests.viewer.send(smallRun());
    await field('Outcome').selectOption('truncated');
    await cell(2, 0).focus();
    await progress([sample(2, 0)]);
    await expect.poll(() => cell(2, 0).innerText()).toBe('✓');
    expect(await focused()).toContain('natural: Correct');
    expect(await shownCount()).toBe('0 of 3 problems');
  });

  it('keeps the reader where they are when the numbers come, and when all is sent again', async () => {
    const run = largeRun(300, 20);
    await tests.viewer.send({ ...run, report: null });
    await tests.viewer.page.locator('.map').scrollIntoViewIfNeeded();
    await cell(2, 2).focus();
    const top = () => tests.viewer.page.locator('.map').evaluate((map) => Math.round(map.getBoundingClientRect().top));
    await drawn();
    const before = await top();
    await tests.viewer.send({ type: 'run/report', report: run.report ?? smallReport() });
    await drawn();
    expect(Math.abs((await top()) - before)).toBeLessThan(3);
    const label = await focused();
    await tests.viewer.send(run);
    await drawn();
    expect(await focused()).toBe(label);
    expect(Math.abs((await top()) - before)).toBeLessThan(3);
  });

  it('shows what comes in one frame at once', async () => {
    await tests.viewer.send(smallRun({ samples: [], status: status({ finished: 0 }) }));
    const writes = await tests.viewer.page.evaluate(
      (messages) =>
        new Promise<number>((done) => {
          let count = 0;
          const counts = document.querySelector('.counts');
          if (counts) new MutationObserver((all) => (count += all.length)).observe(counts, { childList: true });
          for (const data of messages) dispatchEvent(new MessageEvent('message', { data }));
          requestAnimationFrame(() => requestAnimationFrame(() => done(count)));
        }),
      Array.from({ length: 64 }, (_, at) => ({
        type: 'run/progress',
        samples: [sample(at % 3, at % 2, { sample: at })],
        status: status({ finished: at, planned: 64 }),
      })),
    );
    expect(writes).toBe(1);
    expect(await tests.viewer.page.locator('.counts').innerText()).toContain('63 of 64');
  });
});

describe('texts of others', () => {
  beforeEach(() => open());

  it.each([
    ['markup', '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>'],
    ['a link of VS Code', '[run](command:workbench.action.quit) $(trash)'],
    ['a direction override', '\u202eevil\u202c'],
    ['NULs and lone surrogates', 'a\u0000b\ud800c'],
    ['a formula of a spreadsheet', '=HYPERLINK("http://x","y")'],
  ])('with %s stay text wherever they stand', async (_, text) => {
    const run = smallRun({
      title: text,
      about: text,
      conditions: [condition(text, { key: 'a' }), condition(`${text} `.repeat(40), { key: 'b' })],
      problems: [{ problemSet: text, key: text, question: text.repeat(50) }],
      samples: [
        sample(0, 0, { outcome: 'wrong', answer: text }),
        sample(0, 1, { outcome: 'error', traceId: null, error: text }),
      ],
      status: status({ state: 'failed', message: text }),
      report: smallReport({ sentences: [text], measures: [{ name: text, value: text, interval: text, note: text }] }),
    });
    await tests.viewer.send(run);
    await cell(0, 1).click();
    await cell(0, 0).focus();
    await field('Condition').selectOption('a');
    expect(await tests.viewer.page.locator('main :is(img, script, a, iframe)').count()).toBe(0);
    expect(await tests.viewer.page.evaluate(() => document.title)).not.toBe('owned');
    expect(await tests.viewer.page.locator('h1').textContent()).toBe(text);
    expect(await tests.viewer.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  it('in places that the lists lack are left out', async () => {
    await tests.viewer.send(smallRun({ samples: [sample(99, 0), sample(0, 99), sample(-1, 0), sample(0, 0)] }));
    expect(await tests.viewer.page.locator('.conditions tbody td').first().innerText()).toBe('1 of 3');
  });
});

it('says what to expect of a run without problems', async () => {
  await open();
  await tests.viewer.send(smallRun({ conditions: [], problems: [], samples: [], report: null, status: null }));
  expect(await tests.viewer.page.locator('main').innerText()).toContain('0 problems');
});

describe.each([600, 900, 1_400])('at a width of %i pixels', (width) => {
  it.each([
    ['3 × 2', smallRun()],
    ['1,000 × 20', largeRun(1_000, 20)],
  ])('nothing is clipped or overlaps with %s', async (_, run) => {
    await open('light', width);
    await tests.viewer.send(run);
    await drawn();
    const faults = await tests.viewer.page.evaluate(() => {
      const found: string[] = [];
      const root = document.documentElement;
      if (root.scrollWidth > root.clientWidth) found.push('wider than the window');
      const rect = (node: Element) => node.getBoundingClientRect();
      const overlap = (a: DOMRect, b: DOMRect) =>
        a.left < b.right - 1 && b.left < a.right - 1 && a.top < b.bottom - 1 && b.top < a.bottom - 1;
      const groups = [
        '.title, .about, .badge, .counts, .bar, .actions > *, h2, .tools > *, .picture, .legend, .readout, .filters > *, .map, .details',
        '.point-label',
        '.sort, .condition-name',
        '.map-head > *',
      ];
      for (const selector of groups) {
        const boxes = [...document.querySelectorAll(selector)].filter((node) => rect(node).width > 0);
        for (const [at, a] of boxes.entries())
          for (const b of boxes.slice(at + 1))
            if (!a.contains(b) && !b.contains(a) && overlap(rect(a), rect(b)) && !isSticky(a, b))
              found.push(`${a.className} ${a.textContent} over ${b.className} ${b.textContent}`);
      }
      function isSticky(a: Element, b: Element): boolean {
        return [a, b].some((node) => getComputedStyle(node).position === 'sticky');
      }
      for (const cut of document.querySelectorAll(
        '.scroll-box, .map-condition span, .map-cell, .sort, td, .details-title',
      ))
        if (cut.scrollWidth > cut.clientWidth + 1 && cut.clientWidth > 0)
          found.push(
            `${cut.className} ${cut.textContent?.slice(0, 60)} is cut by ${cut.scrollWidth - cut.clientWidth}`,
          );
      return found;
    });
    expect(faults).toEqual([]);
  });
});

describe.each(Object.keys(themes) as (keyof typeof themes)[])('in the theme %s', (theme) => {
  it('has no accessibility fault, before the numbers, running and finished, with a menu open', async () => {
    await open(theme);
    // The checker is put in through the debugger, which the page's policy does not bind.
    await tests.viewer.page.evaluate(readFileSync(axe, 'utf8'));
    const faults = () =>
      tests.viewer.page.evaluate(async () => {
        type Fault = { id: string; nodes: { html: string; target: unknown; failureSummary: string }[] };
        const { axe } = globalThis as unknown as { axe: { run(): Promise<{ violations: Fault[] }> } };
        const { violations } = await axe.run();
        return violations.map(
          ({ id, nodes }) =>
            `${id}: ${nodes
              .slice(0, 3)
              .map((node) => node.html)
              .join(' ')}`,
        );
      });
    await tests.viewer.send(smallRun({ samples: [], report: null, status: status({ finished: 0 }) }));
    expect(await faults()).toEqual([]);
    await tests.viewer.send(largeRun(40, 20));
    await cell(2, 3).click();
    await tests.viewer.page.getByText('Figure as a table').click();
    await tests.viewer.page.getByText('Copy Figure ▾').click();
    expect(await faults()).toEqual([]);
  });
});
