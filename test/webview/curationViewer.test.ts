import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { decideByHand } from '../../src/core/curate/byHand';
import { parseCuration } from '../../src/core/curate/curationFile';
import { StatusWriter, writeAbout } from '../../src/core/curate/curationStatus';
import { runCuration } from '../../src/core/curate/runCuration';
import { CurationViews } from '../../src/engine/curationViews';
import type { FromCurationViewer, WireCurationSummary } from '../../src/protocol/curationViewer';
import { curationPool } from '../support/curationPool';
import { writePool } from '../support/writePool';
import { ViewerPage } from './page';
import { themes } from './themes';

/** The page in Chromium; what it asks is answered by the engine's own code, from the folder of a real curation. */
const axe = createRequire(import.meta.url).resolve('axe-core');
const home = mkdtempSync(path.join(tmpdir(), 'curation-'));
const file = path.join(home, 'small.curation.yaml');
const folder = path.join(home, 'curations', 'small');
const pool = curationPool(3_000);

let views: CurationViews;
let viewer: ViewerPage<'curationViewer'>;
let stopHost = () => {};

beforeAll(async () => {
  writePool(home, pool, 200);
  const curation = parseCuration(readFileSync(file, 'utf8'), 'small.curation.yaml');
  const unused = () => Promise.reject(new Error('no model is asked here'));
  const features = {
    connectTo: unused,
    dialectOf: async () => 's1',
    taxonomyFile: '',
    concurrency: 1,
    clock: systemClock,
    patienceMs: 0,
  };
  const signal = new AbortController().signal;
  await runCuration(await writeAbout(folder, file, curation), {
    base: home,
    folder,
    signal,
    onProgress() {},
    features,
  });
  await new StatusWriter(folder, systemClock).end('finished');
});
afterEach(async () => {
  const { violations } = viewer;
  stopHost();
  await viewer.close();
  await decideByHand(
    file,
    pool.rows.map(({ id }) => id),
    null,
    '',
  );
  expect(violations).toEqual([]); // of the real policy, whatever was shown
});
afterAll(async () => {
  await ViewerPage.closeBrowser();
  rmSync(home, { recursive: true, force: true });
});

async function summary(changes: Partial<WireCurationSummary> = {}): Promise<void> {
  const told = await views.answer(folder, { type: 'summary' });
  if (told.type === 'summary') await viewer.send({ type: 'curation/summary', summary: { ...told, ...changes } });
}

/** Plays the host: answers questions, writes decisions by hand. */
async function open(theme: keyof typeof themes = 'dark', width = 1_200): Promise<void> {
  views = new CurationViews();
  viewer = await ViewerPage.openPage('curationViewer', theme, { width, height: 900 });
  serve();
}

function serve(): void {
  let answered = 0;
  const pump = setInterval(async () => {
    const sent = await viewer.sent().catch(() => []);
    for (const message of sent.slice(answered)) {
      answered++;
      await handle(message).catch(() => {});
    }
  }, 20);
  stopHost = () => clearInterval(pump);
}

async function handle(message: FromCurationViewer): Promise<void> {
  if (message.type === 'curation/decide') {
    await decideByHand(file, message.ids, message.decision, message.note);
    await summary();
  } else if (message.type === 'curation/ask') {
    const { requestId, query } = message;
    const told = await views.answer(folder, query).then(
      (reply) => ({ type: 'curation/reply', requestId, reply }) as const,
      (error: Error) => ({ type: 'curation/error', requestId, message: error.message }) as const,
    );
    await viewer.send(told);
  }
}

const stageRow = (name: string) =>
  viewer.page.getByRole('table', { name: 'Stages' }).getByRole('row').filter({ hasText: name });
const shown = () => viewer.page.locator('.shown-count').innerText();
const options = () => viewer.page.getByRole('listbox', { name: 'Rows' }).getByRole('option');
const field = (name: string) => viewer.page.getByLabel(name, { exact: true });
const details = () => viewer.page.getByRole('complementary', { name: 'Selected row' });
const count = (n: number) => new Intl.NumberFormat('en').format(n);
const expectedAt = (stage: string) => pool.expected['s1-paper'].filter((each) => each?.stage === stage).length;

describe('the funnel', () => {
  it('has the rows left after each stage, by source too, and what each rule dropped', async () => {
    await open();
    await summary();
    const dropped = expectedAt('decontamination');
    expect(await stageRow('collected').innerText()).toContain(count(pool.rows.length));
    expect(await stageRow('decontamination').innerText()).toContain(count(pool.rows.length - dropped));
    expect(await stageRow('selection').innerText()).toContain('200');
    await viewer.page.getByText('By source').click();
    const sources = viewer.page.getByRole('table', { name: 'Rows left, by source' });
    expect(await sources.getByRole('columnheader').count()).toBe(17);
  });

  it('lists the rows of a stage, each with its reason, and those of one rule', async () => {
    await open();
    await summary();
    await viewer.page.getByRole('button', { name: 'decontamination' }).click();
    await expect.poll(shown).toBe(`${count(pool.rows.length)} of ${count(pool.rows.length)} rows`);
    await stageRow('decontamination').locator('.rule').first().click();
    await expect.poll(() => options().first().innerText()).toMatch(/Dropped at decontamination: it shares “.+” with/);
    expect(await field('Show').inputValue()).toBe('dropped');
    await field('Rule').selectOption('');
    await expect.poll(shown).toBe(`${count(expectedAt('decontamination'))} of ${count(pool.rows.length)} rows`);
  });

  it('says what other parameters would give beside what is, and what cannot be', async () => {
    await open();
    await summary();
    await field('Rows of the set').fill('150');
    await viewer.page.getByRole('button', { name: 'What If' }).click();
    await viewer.page.getByText(/^150 rows, \d+ of them in the set now\. Nothing was written\.$/).waitFor();
    expect(await stageRow('selection').innerText()).toContain('150 (−50)');
    await field('Rows of the set').fill('100000');
    await field('Rows of the set').press('Enter');
    await viewer.page.getByText(/The set is to have 100000 rows, and only/).waitFor();
    await viewer.page.getByRole('button', { name: 'Clear' }).click();
    expect(await field('Rows of the set').inputValue()).toBe('200');
  });
});

describe('the rows', () => {
  it('exist only where they are in sight, and come as they are scrolled to', async () => {
    await open();
    await summary();
    await expect.poll(() => options().count()).toBeGreaterThan(5);
    expect(await options().count()).toBeLessThan(60);
    await viewer.page.getByRole('listbox', { name: 'Rows' }).press('End');
    const last = viewer.page.locator(`[aria-posinset="${pool.rows.length}"]`);
    await expect.poll(() => last.innerText()).toContain('AIME');
    expect(await options().count()).toBeLessThan(60);
  });

  it('are found by text, in question, reason and id', async () => {
    await open();
    await summary();
    const id = pool.rows[17]?.id ?? '';
    await field('Text').fill(id);
    await expect.poll(shown).toBe(`1 of ${count(pool.rows.length)} rows`);
    await field('Text').fill('no such thing anywhere');
    await expect.poll(shown).toBe('No row is like that.');
  });

  it('are decided about by hand, with a note, and that is taken back', async () => {
    await open();
    await summary();
    await field('Show').selectOption('kept');
    await expect.poll(shown).toBe(`200 of ${count(pool.rows.length)} rows`);
    await options().first().click();
    await details().getByText('In the set:').waitFor();
    await details().getByLabel('Note').fill('asks for a drawing');
    await details().getByRole('button', { name: 'Drop' }).click();
    await details().getByText('By hand: drop, asks for a drawing').waitFor();
    await viewer.page.getByText('1 decision by hand').waitFor();
    await expect.poll(() => options().first().innerText()).toContain('by hand: drop');
    await details().getByRole('button', { name: 'Undo' }).click();
    await expect.poll(() => viewer.page.getByText('1 decision by hand').isVisible()).toBe(false);
    await expect.poll(() => details().getByText('By hand: drop').count()).toBe(0);
  });

  it('show question, solution, features and traces, and markup as text', async () => {
    await open();
    await summary();
    await options().nth(2).click();
    await details().getByText('Solution').waitFor();
    await details().getByText('teacher', { exact: true }).click();
    await details()
      .getByText(/Thought \d+\./)
      .waitFor();
    expect(await details().getByRole('table', { name: 'Features' }).innerText()).toContain('gemini_length');
  });

  it('keep filter, row and place through a reload of the page', async () => {
    await open();
    await summary();
    await field('Show').selectOption('kept');
    await options().first().click();
    const id = await details().locator('.row-title').innerText();
    await expect.poll(() => viewer.page.evaluate(() => sessionStorage.getItem('saved'))).toContain(id);
    stopHost();
    await viewer.reload();
    serve();
    await summary();
    await expect.poll(shown).toBe(`200 of ${count(pool.rows.length)} rows`);
    await expect.poll(() => details().locator('.row-title').innerText()).toBe(id);
  });
});

describe('the states', () => {
  it('is empty before anything is collected, runs with bars, and says why it failed', async () => {
    await open();
    await summary({ state: 'running', doing: 'Collecting MATH: 1000 rows', stages: [], isDecided: false });
    await viewer.page.getByText('Collecting MATH: 1000 rows').waitFor();
    expect(await viewer.page.getByRole('listbox', { includeHidden: false }).count()).toBe(0);
    await summary({
      state: 'running',
      isDecided: false,
      features: [{ name: 'teacher', done: 12, of: 40, took: null }],
    });
    expect(await viewer.page.getByRole('progressbar', { name: 'teacher' }).getAttribute('aria-valuenow')).toBe('12');
    expect(await viewer.page.getByRole('button', { name: 'What If' }).isVisible()).toBe(false);
    await viewer.page.getByRole('button', { name: 'Stop' }).click();
    await expect.poll(async () => (await viewer.sent()).at(-1)).toEqual({ type: 'curation/action', action: 'stop' });
    await summary({ state: 'failed', message: 'The server has no model "x".' });
    await viewer.page.getByText('The server has no model "x".').waitFor();
    await viewer.page.getByRole('button', { name: 'Try Again' }).waitFor();
    await viewer.send({
      type: 'curation/error',
      requestId: null,
      message: 'rows.jsonl is not what a curation writes.',
    });
    await viewer.page.getByRole('alert').getByText('rows.jsonl is not').waitFor();
  });
});

describe.each(Object.keys(themes) as (keyof typeof themes)[])('in the theme %s', (theme) => {
  it('has no accessibility fault, with a row, a what-if and a table open', async () => {
    await open(theme);
    // The checker is put in through the debugger, which the page's policy does not bind.
    await viewer.page.evaluate(readFileSync(axe, 'utf8'));
    const faults = () =>
      viewer.page.evaluate(async () => {
        type Fault = { id: string; nodes: { html: string }[] };
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
    await summary();
    await options().nth(1).click();
    await details().getByText('Question').waitFor();
    await field('Rows of the set').fill('150');
    await field('Rows of the set').press('Enter');
    await viewer.page.getByText(/^150 rows/).waitFor();
    await viewer.page.getByText('Lengths as a table').click();
    if (process.env.SHOTS) await viewer.page.screenshot({ path: `${process.env.SHOTS}/${theme}.png`, fullPage: true });
    expect(await faults()).toEqual([]);
    await summary({
      state: 'running',
      isDecided: false,
      features: [{ name: 'teacher', done: 12, of: 40, took: null }],
      stages: [],
    });
    expect(await faults()).toEqual([]);
  });
});
