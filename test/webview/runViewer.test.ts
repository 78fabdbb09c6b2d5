import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, beforeEach, describe, expect, it } from 'vitest';
import type { WireSample } from '../../src/protocol/runViewer';
import { ViewerPage } from './page';
import { themes } from './themes';
import { condition, largeRun, sample, smallReport, smallRun, status } from './wireRun';

const axe = createRequire(import.meta.url).resolve('axe-core');

let viewer: ViewerPage<'runViewer'>;
const open = async (theme: keyof typeof themes = 'dark', width = 900) => {
  viewer = await ViewerPage.openPage('runViewer', theme, { width, height: 800 });
};
afterEach(async () => {
  const { violations } = viewer;
  await viewer.close();
  expect(violations).toEqual([]); // of the real policy, whatever was shown
});
afterAll(() => ViewerPage.closeBrowser());

const cell = (problem: number, at: number) =>
  viewer.page.locator(`.map-row[data-problem="${problem}"] [data-condition="${at}"]`);
const field = (name: string) => viewer.page.getByLabel(name, { exact: true });
const shownCount = () => viewer.page.locator('.shown-count').innerText();
const last = async () => (await viewer.sent()).at(-1);
const press = async (...keys: string[]) => {
  for (const key of keys) await viewer.page.keyboard.press(key);
};
/** Two frames: what was sent has been drawn. */
const drawn = () =>
  viewer.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done))));
const progress = (samples: WireSample[], parts: Parameters<typeof status>[0] = {}) =>
  viewer.send({ type: 'run/progress', samples, status: status(parts) });
const focused = () =>
  viewer.page.evaluate(() => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent);

describe('the header', () => {
  beforeEach(() => open());

  it('says that the page is ready, and shows nothing before it is told', async () => {
    expect(await viewer.sent()).toEqual([{ type: 'ready' }]);
    expect(await viewer.page.locator('main').isVisible()).toBe(false);
  });

  it('says how far the run is, how fast, how long it takes and what failed', async () => {
    await viewer.send(smallRun({ status: status({ planned: 20_000, finished: 5_000, errors: 3 }) }));
    const text = await viewer.page.locator('.state-line').innerText();
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
    expect(await viewer.page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('5000');
  });

  it('offers what can be done in each state, and keeps the focus when that changes', async () => {
    const buttons = () => viewer.page.locator('.header vscode-button').allInnerTexts();
    const always = ['Open Study', 'Copy as CLI Command'];
    await viewer.send(smallRun({ status: status({ state: 'running' }) }));
    expect(await buttons()).toEqual(['Pause', ...always]);
    await press('Tab', 'Enter');
    expect(await last()).toEqual({ type: 'run/action', action: 'pause' });
    await progress([], { state: 'paused' });
    await expect.poll(buttons).toEqual(['Resume', ...always]);
    await press('Enter');
    expect(await last()).toEqual({ type: 'run/action', action: 'resume' });
    await progress([], { state: 'failed', message: 'The disk is full.' });
    await viewer.page.getByText('The disk is full.').waitFor();
    expect(await buttons()).toEqual(['Resume', ...always]);
    await progress([], { state: 'finished' });
    await expect.poll(buttons).toEqual(always);
  });

  it('announces milestones, never samples', async () => {
    const said = () => viewer.page.getByRole('status').textContent();
    await viewer.send(smallRun({ report: null, status: status({ finished: 1, planned: 8 }) }));
    expect(await said()).toBe('Running');
    await progress([sample(0, 0)], { finished: 4, planned: 8 });
    await expect.poll(said).toBe('50 percent done');
    await progress([sample(0, 1)], { finished: 5, planned: 8 });
    await drawn();
    expect(await said()).toBe('50 percent done');
    await viewer.send({ type: 'run/report', report: smallReport() });
    expect(await said()).toBe('Numbers ready');
    await progress([], { finished: 8, planned: 8, state: 'finished' });
    await expect.poll(said).toBe('Finished');
  });
});

describe('the numbers', () => {
  beforeEach(() => open());

  it('are said to be computed until they are there', async () => {
    await viewer.send(smallRun({ report: null }));
    const region = viewer.page.getByRole('region', { name: 'What the numbers say' });
    expect(await region.innerText()).toContain('being computed');
    await viewer.send({ type: 'run/report', report: smallReport() });
    expect(await region.innerText()).toContain('Wait ×2 is 20 points better');
    expect(await region.getByRole('row', { name: /Scaling/ }).innerText()).toContain('[0.02, 0.27]');
  });

  it('stand beside the outcomes of each condition, which are kept apart', async () => {
    await viewer.send(smallRun());
    const row = viewer.page.getByRole('table', { name: 'Conditions' }).getByRole('row', { name: /natural/ });
    expect(await row.locator('td').allInnerTexts()).toEqual(
      ['3', '40.0 [30.0, 50.0]', '1', '1', '1', '0', '0', '0', '50', '120'], //
    );
  });

  it('sort the conditions, down, up and back to the order of the study', async () => {
    await viewer.send(smallRun());
    const names = () => viewer.page.locator('.condition-name').allInnerTexts();
    const sort = viewer.page.getByRole('button', { name: /Accuracy/ });
    await sort.click();
    expect(await names()).toEqual(['Wait ×2', 'natural']);
    expect(await viewer.page.locator('[aria-sort="descending"]').innerText()).toContain('Accuracy');
    await sort.click();
    expect(await names()).toEqual(['natural', 'Wait ×2']);
    await sort.click();
    expect(await viewer.page.locator('[aria-sort="none"]').count()).toBe(10);
  });

  it('are copied as CSV and as LaTeX, with what TeX would misread escaped', async () => {
    await viewer.send(smallRun({ conditions: [condition('a_b, 50 %'), condition('"q" & \\x')] }));
    await viewer.page.getByText('Copy Table ▾').click();
    await viewer.page.getByRole('menuitem', { name: 'CSV' }).click();
    const csv = (await last()) as { text: string };
    expect(csv.text.split('\r\n')[1]).toBe('"a_b, 50 %",3,0.4,0.30000000000000004,0.5,1,1,1,0,0,0,50,120');
    expect(csv.text).toContain('"""q"" & \\x"');
    await viewer.page.getByText('Copy Table ▾').click();
    await viewer.page.getByRole('menuitem', { name: 'LaTeX Table' }).click();
    const latex = (await last()) as { text: string };
    expect(latex.text).toContain('a\\_b, 50 \\% & 3 & 40.0 [30.0, 50.0]');
    expect(latex.text).toContain('"q" \\& \\textbackslash{}x');
  });
});

describe('the figure', () => {
  beforeEach(() => open());
  const points = () => viewer.page.locator('.picture .point');
  const axis = (text: string) => field('Horizontal axis').selectOption({ label: text });

  it('has a point for each condition, which says its numbers and selects it', async () => {
    await viewer.send(smallRun());
    expect(await points().count()).toBe(2);
    await viewer.page.getByRole('button', { name: /^Wait ×2 \(extended\): 60.0 % \[50.0, 70.0\] at 130/ }).click();
    expect(await viewer.page.locator('.conditions tr.selected').innerText()).toContain('Wait ×2');
    expect(await viewer.page.locator('.map-condition.selected').innerText()).toBe('Wait ×2');
    expect(await field('Condition').inputValue()).toBe('Wait ×2');
  });

  it('is gone through by arrow keys, one stop for the tab key', async () => {
    await viewer.send(smallRun());
    expect(await viewer.page.locator('.picture [tabindex="0"]').count()).toBe(1);
    await points().first().focus();
    await press('ArrowRight');
    expect(await focused()).toContain('Wait ×2');
    expect(await viewer.page.locator('.readout').innerText()).toContain('60.0 %');
    await press('Enter');
    expect(await viewer.page.locator('.conditions tr.selected').innerText()).toContain('Wait ×2');
    expect(await focused()).toContain('Wait ×2');
  });

  it('shows voting where tokens are what it costs, and says so on the other axes', async () => {
    await viewer.send(smallRun());
    await viewer.page.getByText('Voting is compared at equal generated tokens').waitFor();
    await axis('generated tokens');
    expect(await points().count()).toBe(4);
    expect(await viewer.page.locator('.picture [stroke-dasharray]').count()).toBe(1);
    await viewer.page.getByRole('button', { name: /^majority of 4, natural/ }).waitFor();
    await axis('seconds');
    await viewer.page.getByRole('button', { name: /natural .* at 0.5 seconds/ }).waitFor();
  });

  it('names the conditions that a logarithmic axis has no place for, and shows them on a linear one', async () => {
    const report = smallReport();
    for (const point of report.points.slice(0, 1)) point.thinkingTokens = 0;
    await viewer.send(smallRun({ report }));
    expect(await points().count()).toBe(1);
    await viewer.page.getByText('At zero, so not on a logarithmic axis: natural.').waitFor();
    await field('Scale').selectOption('linear');
    expect(await points().count()).toBe(2);
  });

  it('joins capped and extended conditions at the natural one, and leaves the others points', async () => {
    await viewer.send(largeRun(2, 20));
    const lines = await viewer.page
      .locator('.picture g:not(.dots) > path')
      .evaluateAll((paths) => paths.map((path) => path.getAttribute('d') ?? '').filter((d) => d.includes('L')));
    const corners = lines.map((d) => d.split(/[ML]/).filter(Boolean)).filter((all) => all.length >= 6);
    expect(corners.map((all) => all.length).sort((a, b) => a - b)).toEqual([6, 10]);
    const [capped, extended] = corners.sort((a, b) => a.length - b.length);
    expect(capped?.at(-1)).toBe(extended?.[0]);
  });

  it('is a table too, for those who do not see it', async () => {
    await viewer.send(smallRun());
    await viewer.page.getByText('Figure as a table').click();
    const table = viewer.page.getByRole('table', { name: 'Figure as a table' });
    expect(await table.getByRole('row').count()).toBe(5);
    expect(await table.innerText()).toContain('natural, majority of 4');
  });

  it('leaves the page as SVG that stands alone, as CSV, and as a PNG', async () => {
    const report = smallReport();
    await viewer.send(smallRun({ report, conditions: [condition('<b>\u0000\ud800 & "x"'), condition('y')] }));
    const copy = async (what: string) => {
      await viewer.page.getByText('Copy Figure ▾').click();
      await viewer.page.getByRole('menuitem', { name: what }).click();
    };
    await copy('SVG');
    const { text: svg } = (await last()) as { text: string };
    const fault = await viewer.page.evaluate(
      (text) => new DOMParser().parseFromString(text, 'image/svg+xml').querySelector('parsererror')?.textContent,
      svg,
    );
    expect(fault).toBeUndefined();
    expect(svg).not.toContain('var(--vscode');
    await copy('CSV');
    expect(((await last()) as { text: string }).text.split('\r\n')).toHaveLength(6);
    await copy('Save as PNG');
    await expect.poll(async () => (await last())?.type).toBe('run/save');
    const { name, base64 } = (await last()) as { name: string; base64: string };
    const png = Buffer.from(base64, 'base64');
    expect(name).toBe('accuracy.png');
    expect(png.subarray(1, 4).toString()).toBe('PNG');
    expect(png.readUInt32BE(16)).toBe(1_280);
  });
});

describe('the heat map', () => {
  beforeEach(() => open());

  it('has a sign and a spoken label for each cell', async () => {
    await viewer.send(smallRun());
    expect(await cell(0, 0).innerText()).toBe('✗');
    expect(await cell(0, 1).innerText()).toBe('↑✓');
    expect(await cell(0, 1).getAttribute('aria-label')).toBe(
      'Wait ×2: Correct, answered 42, 90 thinking tokens, flip: wrong → right',
    );
    expect(await cell(2, 1).getAttribute('aria-label')).toBe('Wait ×2: Failed');
  });

  it('opens the trace of a cell by a click, and both traces of a flip by Shift or by a button', async () => {
    await viewer.send(smallRun());
    await cell(0, 1).click();
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-1'] });
    await cell(1, 1).click({ modifiers: ['Shift'] });
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-1-0', 't-1-1'] });
    await cell(0, 1).focus();
    await viewer.page.getByText('Open Both Side by Side').click();
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-0', 't-0-1'] });
  });

  it('says why there is no trace to open', async () => {
    await viewer.send(smallRun());
    await cell(2, 1).click();
    expect((await viewer.sent()).map(({ type }) => type)).not.toContain('run/openTraces');
    expect(await viewer.page.locator('.details').innerText()).toContain('The server was lost.');
    expect(await viewer.page.getByRole('status').textContent()).toBe('No trace: The server was lost.');
  });

  it('shows shares of several samples, and a list of them to open one from', async () => {
    const natural = condition('natural', { role: 'natural', samples: 4 });
    const outcomes = ['correct', 'wrong', 'correct', 'error'] as const;
    const samples = outcomes.map((outcome, at) => sample(0, 0, { sample: at, outcome, traceId: `s${at}` }));
    await viewer.send(smallRun({ conditions: [natural], samples }));
    expect(await cell(0, 0).innerText()).toBe('2/3');
    await cell(0, 0).focus();
    await press('Enter', 'Tab', 'Enter');
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['s1'] });
    await press('Escape');
    expect(await focused()).toContain('2 of 3 correct');
  });

  it('of 1,000 × 20 keeps few rows in the document, and shows any of them', async () => {
    await viewer.send(largeRun(1_000, 20));
    const rows = viewer.page.locator('.map-body .map-row');
    expect(await rows.count()).toBeLessThan(50);
    await viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 500 * 28 }));
    await cell(505, 3).waitFor();
    expect(await rows.count()).toBeLessThan(60);
    expect(await viewer.page.getByRole('grid').getAttribute('aria-rowcount')).toBe('1001');
    const heads = viewer.page.locator('.map-head');
    const [map, head] = [await viewer.page.locator('.map').boundingBox(), await heads.boundingBox()];
    expect(Math.abs((map?.y ?? 0) - (head?.y ?? 99))).toBeLessThan(3);
  });

  it('is gone through by keyboard from one end to the other', async () => {
    await viewer.send(largeRun(1_000, 20));
    const place = () =>
      viewer.page.evaluate(() => {
        const cell = document.activeElement as HTMLElement;
        return [cell.closest<HTMLElement>('.map-row')?.dataset.problem, cell.dataset.condition].map(Number);
      });
    await viewer.page.locator('.map [tabindex="0"]').focus();
    await press('ArrowDown', 'ArrowRight', 'ArrowRight');
    expect(await place()).toEqual([1, 2]);
    await press('Control+End');
    expect(await place()).toEqual([999, 19]);
    const isSeen = await viewer.page.evaluate(() => {
      const [a, b] = [document.activeElement, document.querySelector('.map')].map((each) =>
        each?.getBoundingClientRect(),
      );
      return a && b && a.right <= b.right + 1 && a.bottom <= b.bottom + 1;
    });
    expect(isSeen).toBe(true);
    await press('PageUp', 'Home');
    expect((await place())[1]).toBe(0);
    await press('Control+Home', 'Enter');
    expect(await place()).toEqual([0, 0]);
    expect(await last()).toEqual({ type: 'run/openTraces', traceIds: ['t-0-0-0'] });
  });

  it('keeps the focus on its cell when that is scrolled out of sight', async () => {
    await viewer.send(largeRun(1_000, 20));
    await cell(3, 4).focus();
    const before = await focused();
    await viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 20_000 }));
    await drawn();
    expect(await focused()).toBe(before);
    await press('ArrowDown');
    await expect.poll(() => viewer.page.locator('.map').evaluate((map) => map.scrollTop)).toBeLessThan(200);
  });
});

describe('filters', () => {
  beforeEach(() => open());
  const keys = () => viewer.page.locator('.map-body .map-name b').allInnerTexts();

  it('show the problems of a set, with a text, with an outcome in a condition', async () => {
    await viewer.send(smallRun());
    await field('Problem set').selectOption('letters');
    expect(await shownCount()).toBe('2 of 3 problems');
    await field('Question').fill('BORDEAUX');
    expect(await keys()).toEqual(['town']);
    await viewer.page.getByText('Clear Filters').click();
    expect(await shownCount()).toBe('3 problems');
    await field('Outcome').selectOption('wrong');
    expect(await shownCount()).toBe('2 of 3 problems');
    await field('Condition').selectOption('natural');
    expect(await keys()).toEqual(['berry']);
    expect(await viewer.page.getByRole('status').textContent()).toBe('1 of 3 problems shown');
  });

  it('tell the kinds of flips apart, against a base of choice', async () => {
    const rescued = sample(2, 1);
    await viewer.send(smallRun({ samples: [...smallRun().samples, rescued] }));
    for (const [flip, key] of [
      ['gained', 'berry'],
      ['lost', 'town'],
      ['rescued', 'sum'],
    ] as const) {
      await field('Flips').selectOption(flip);
      expect(await keys()).toEqual([key]);
    }
    await field('against').selectOption('Wait ×2');
    await field('Flips').selectOption('gained');
    expect(await keys()).toEqual(['town']);
  });

  it('show problems by how long the thinking was', async () => {
    await viewer.send(smallRun());
    await field('Thinking tokens, least').fill('150');
    expect(await keys()).toEqual(['town']);
    await field('Thinking tokens, least').fill('');
    await field('Thinking tokens, most').fill('45');
    expect(await keys()).toEqual(['berry']);
  });

  it('say so when nothing matches', async () => {
    await viewer.send(smallRun());
    await field('Question').fill('nowhere');
    await viewer.page.getByText('No problem matches these filters.').waitFor();
    expect(await shownCount()).toBe('0 of 3 problems');
  });

  it('follow a row of the table, and let it go again', async () => {
    await viewer.send(smallRun());
    const name = viewer.page.getByRole('button', { name: 'Wait ×2', exact: true });
    await name.focus();
    await press('Enter');
    expect(await name.getAttribute('aria-pressed')).toBe('true');
    expect(await field('Condition').inputValue()).toBe('Wait ×2');
    await press('Enter');
    expect(await field('Condition').inputValue()).toBe('');
  });

  it('narrow what is copied', async () => {
    await viewer.send(smallRun());
    await field('Question').fill('raspberry');
    await viewer.page.getByText('Copy Problems ▾').click();
    await viewer.page.getByRole('menuitem', { name: 'CSV' }).click();
    expect(await last()).toEqual({
      type: 'run/copy',
      text: 'problemSet,key,question,natural,Wait ×2\r\nletters,berry,How many r in raspberry?,wrong,correct\r\n',
    });
  });

  it('survive a reload with axis, sorting, cursor and places', async () => {
    await viewer.send(largeRun(300, 20));
    await field('Outcome').selectOption('truncated');
    await field('Horizontal axis').selectOption({ label: 'generated tokens' });
    await viewer.page.getByRole('button', { name: /Accuracy/ }).click();
    await viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 1_400 }));
    await viewer.page.evaluate(() => scrollTo({ top: 400 }));
    await viewer.page.waitForFunction(() => {
      const { saved } = globalThis as unknown as { saved: { scrollTop: number; mapTop: number } };
      return saved.scrollTop === 400 && saved.mapTop === 1_400;
    });
    const before = await shownCount();
    await viewer.reload();
    await viewer.send(largeRun(300, 20));
    expect(await shownCount()).toBe(before);
    expect(await field('Horizontal axis').inputValue()).toBe('generatedTokens');
    expect(await viewer.page.locator('[aria-sort="descending"]').count()).toBe(1);
    expect(await viewer.page.locator('.map').evaluate((map) => map.scrollTop)).toBe(1_400);
    expect(await viewer.page.evaluate(() => document.documentElement.scrollTop)).toBe(400);
  });
});

describe('a run that goes on', () => {
  beforeEach(() => open());

  it('fills cells and counts, and replaces a sample that is known', async () => {
    await viewer.send(smallRun({ samples: [], status: status({ finished: 0 }) }));
    expect(await cell(0, 0).getAttribute('aria-label')).toBe('natural: not made yet');
    await progress([sample(0, 0, { outcome: 'error', traceId: null, error: 'lost' })]);
    await expect.poll(() => cell(0, 0).innerText()).toBe('!');
    await progress([sample(0, 0)]);
    await expect.poll(() => cell(0, 0).innerText()).toBe('✓');
    const row = viewer.page.getByRole('table', { name: 'Conditions' }).getByRole('row', { name: /natural/ });
    expect((await row.locator('td').allInnerTexts()).slice(0, 3)).toEqual(['1 of 3', '40.0 [30.0, 50.0]', '1']);
  });

  it('moves neither scroll nor focus nor filter, though rows come above', async () => {
    const run = largeRun(1_000, 20);
    const made = run.samples.filter(({ problem }) => problem >= 400);
    await viewer.send({ ...run, samples: made, status: status({ planned: 20_000, finished: made.length }) });
    await field('Outcome').selectOption('truncated');
    await viewer.page.locator('.map').evaluate((map) => map.scrollTo({ top: 1_000 }));
    await drawn();
    const inSight = () =>
      viewer.page.evaluate(() => {
        const box = document.querySelector('.map')?.getBoundingClientRect();
        const at = document.elementFromPoint((box?.left ?? 0) + 300, (box?.top ?? 0) + 200);
        return at?.closest<HTMLElement>('.map-row')?.dataset.problem;
      });
    await viewer.page.locator('.map').scrollIntoViewIfNeeded();
    await field('Question').focus();
    const before = await inSight();
    const top = await viewer.page.evaluate(() => scrollY);
    const count = await shownCount();
    await progress(run.samples.filter(({ problem }) => problem < 400));
    await expect.poll(shownCount).not.toBe(count);
    expect(await inSight()).toBe(before);
    expect(before).not.toBeUndefined();
    expect(await viewer.page.evaluate(() => scrollY)).toBe(top);
    expect(await viewer.page.evaluate(() => document.activeElement?.matches('input[type="search"]'))).toBe(true);
    expect(await field('Outcome').inputValue()).toBe('truncated');
  });

  it('keeps the focused cell though it no longer matches the filter', async () => {
    await viewer.send(smallRun());
    await field('Outcome').selectOption('truncated');
    await cell(2, 0).focus();
    await progress([sample(2, 0)]);
    await expect.poll(() => cell(2, 0).innerText()).toBe('✓');
    expect(await focused()).toContain('natural: Correct');
    expect(await shownCount()).toBe('0 of 3 problems');
  });

  it('keeps the reader where they are when the numbers come, and when all is sent again', async () => {
    const run = largeRun(300, 20);
    await viewer.send({ ...run, report: null });
    await viewer.page.locator('.map').scrollIntoViewIfNeeded();
    await cell(2, 2).focus();
    const top = () => viewer.page.locator('.map').evaluate((map) => Math.round(map.getBoundingClientRect().top));
    await drawn();
    const before = await top();
    await viewer.send({ type: 'run/report', report: run.report ?? smallReport() });
    await drawn();
    expect(Math.abs((await top()) - before)).toBeLessThan(3);
    const label = await focused();
    await viewer.send(run);
    await drawn();
    expect(await focused()).toBe(label);
    expect(Math.abs((await top()) - before)).toBeLessThan(3);
  });

  it('shows what comes in one frame at once', async () => {
    await viewer.send(smallRun({ samples: [], status: status({ finished: 0 }) }));
    const writes = await viewer.page.evaluate(
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
    expect(await viewer.page.locator('.counts').innerText()).toContain('63 of 64');
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
      report: {
        ...smallReport(),
        sentences: [text],
        measures: [{ name: text, value: text, interval: text, note: text }],
      },
    });
    await viewer.send(run);
    await cell(0, 1).click();
    await cell(0, 0).focus();
    await field('Condition').selectOption('a');
    expect(await viewer.page.locator('main :is(img, script, a, iframe)').count()).toBe(0);
    expect(await viewer.page.evaluate(() => document.title)).not.toBe('owned');
    expect(await viewer.page.locator('h1').textContent()).toBe(text);
    expect(await viewer.page.evaluate(() => document.documentElement.scrollWidth <= innerWidth)).toBe(true);
  });

  it('in places that the lists lack are left out', async () => {
    await viewer.send(smallRun({ samples: [sample(99, 0), sample(0, 99), sample(-1, 0), sample(0, 0)] }));
    expect(await viewer.page.locator('.conditions tbody td').first().innerText()).toBe('1 of 3');
  });
});

it('says what to expect of a run without problems', async () => {
  await open();
  await viewer.send(smallRun({ conditions: [], problems: [], samples: [], report: null, status: null }));
  expect(await viewer.page.locator('main').innerText()).toContain('0 problems');
});

describe.each([600, 900, 1_400])('at a width of %i pixels', (width) => {
  it.each([
    ['3 × 2', smallRun()],
    ['1,000 × 20', largeRun(1_000, 20)],
  ])('nothing is clipped or overlaps with %s', async (_, run) => {
    await open('light', width);
    await viewer.send(run);
    await drawn();
    const faults = await viewer.page.evaluate(() => {
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
    await viewer.page.evaluate(readFileSync(axe, 'utf8'));
    const faults = () =>
      viewer.page.evaluate(async () => {
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
    await viewer.send(smallRun({ samples: [], report: null, status: status({ finished: 0 }) }));
    expect(await faults()).toEqual([]);
    await viewer.send(largeRun(40, 20));
    await cell(2, 3).click();
    await viewer.page.getByText('Figure as a table').click();
    await viewer.page.getByText('Copy Figure ▾').click();
    expect(await faults()).toEqual([]);
  });
});
