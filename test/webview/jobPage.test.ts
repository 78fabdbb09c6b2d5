import { readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { afterAll, afterEach, describe, expect, it } from 'vitest';
import type { ToJobPage, WireJob, WireStep } from '../../src/protocol/jobPage';
import { paperSchedule } from '../../src/ui/jobs/metrics';
import { ViewerPage } from './page';
import type { themes } from './themes';

const axe = createRequire(import.meta.url).resolve('axe-core');

let viewer: ViewerPage<'jobPage'>;
const open = async (theme: keyof typeof themes = 'dark', width = 1100) => {
  viewer = await ViewerPage.openPage('jobPage', theme, { width, height: 1000 });
};
afterEach(async () => {
  const { violations } = viewer;
  await viewer.close();
  expect(violations).toEqual([]); // of the real policy, whatever was shown
});
afterAll(() => ViewerPage.closeBrowser());

const job = (parts: Partial<WireJob> = {}): WireJob => ({
  id: '20261124T000000-fine-tune-1f0c22ab',
  name: 's1 on the cluster',
  kind: 'fine-tune',
  host: 'cluster',
  state: 'running',
  group: 'running',
  isGood: true,
  sentence: 'It runs on n1, 0:20:00 of 4:00:00.',
  createdAt: '2026-11-24T00:00:00.000Z',
  number: '1742',
  folder: '/scratch/me/second-thought/jobs/20261124T000000-fine-tune-1f0c22ab',
  elapsedSeconds: 1_200,
  timeLimit: '4:00:00',
  restarts: 0,
  progress: { step: 120, of: 315 },
  ...parts,
});

const schedule = paperSchedule(315);
/** A training of 315 steps, 10 s each, up to step `to`. */
const steps = (to: number, from = 1): WireStep[] =>
  Array.from({ length: to - from + 1 }, (_, at) => {
    const step = from + at;
    const rate = schedule.points.find((point) => point.step === step)?.rate ?? 1e-5;
    const values = { loss: 2.2 / Math.sqrt(step), grad_norm: 1 + Math.sin(step) / 4, learning_rate: rate };
    return { step, time: 1_000 + 10 * step, values: { ...values, mean_token_accuracy: 0.5 + step / 1_000 } };
  });

const snapshot = (parts: Partial<Extract<ToJobPage, { type: 'job/snapshot' }>> = {}): ToJobPage => ({
  type: 'job/snapshot',
  job: job(),
  steps: steps(120),
  schedule,
  log: '0 of 1000 rows (0.0%) are longer than 32768 tokens and are cut\nstep 120\n',
  details: {
    files: [
      { path: 'out/metrics.jsonl', bytes: 24_000 },
      { path: 'logs/output.log', bytes: 512 },
    ],
    gpus: [{ index: 0, percent: 97, usedMiB: 70_000, totalMiB: 81_559 }],
    script: "#!/bin/sh\nexec 'python3' \"$ST_IN\"/'sft.py'\n",
  },
  ...parts,
});

const buttons = () => viewer.page.locator('.actions vscode-button').allInnerTexts();
const chart = (name: string) => viewer.page.getByRole('img', { name: new RegExp(`^${name} from step`) });

describe('the page of a job', () => {
  it('shows nothing before it is told, then state, times, progress and the time that is left by the pace of the last steps', async () => {
    await open();
    expect(await viewer.sent()).toEqual([{ type: 'ready' }]);
    expect(await viewer.page.locator('main').isVisible()).toBe(false);
    await viewer.send(snapshot());
    const line = viewer.page.locator('.state-line');
    await line.waitFor();
    for (const part of ['Running', '120 of 315', '38 %', '0:20:00 of 4:00:00', 'about 0:32:30 left'])
      expect(await line.innerText()).toContain(part);
    expect(await viewer.page.getByRole('progressbar').getAttribute('aria-valuenow')).toBe('120');
    await viewer.page.getByText('97 % · 68.4 of 79.6 GiB').waitFor();
    await viewer.page.getByText('24.0 kB').waitFor();
  });

  it('draws loss, gradient norm and learning rate first, the rate beside the schedule of the paper, and goes on as steps come', async () => {
    await open();
    await viewer.send(snapshot());
    const names = ['Loss', 'Gradient norm', 'Learning rate', 'Mean token accuracy'];
    await expect.poll(() => viewer.page.locator('.chart-name').allInnerTexts()).toEqual(names); // drawn in the next frame
    await viewer.page.getByText('the schedule of the s1 paper (Figure 9) over 315 steps, 16 of them warm-up').waitFor();
    expect(await chart('Learning rate').locator('[stroke-dasharray]').count()).toBe(1);
    expect(await chart('Loss').locator('[stroke-dasharray]').count()).toBe(0);
    expect(await chart('Loss').getAttribute('aria-label')).toBe('Loss from step 1 to 120: first 2.2, last 0.201');
    // It went on from a checkpoint: steps that come again replace those before.
    await viewer.send({ type: 'job/steps', steps: steps(200, 100), schedule });
    await expect.poll(() => chart('Loss').getAttribute('aria-label')).toContain('to 200');
    await viewer.page.getByText('The last steps as a table').click();
    await expect.poll(() => viewer.page.locator('.as-table tbody tr').count()).toBe(20);
  });

  it('has no schedule for trainings of other recipes, and says how a script gets its curves', async () => {
    await open();
    await viewer.send(snapshot({ job: job({ kind: 'custom' }), steps: [], schedule: null }));
    await viewer.page.getByText('has its curves here').waitFor();
    await viewer.send({ type: 'job/steps', steps: steps(3), schedule: null });
    await chart('Learning rate').waitFor();
    expect(await chart('Learning rate').locator('[stroke-dasharray]').count()).toBe(0);
  });

  it('follows the end of the log unless the reader has scrolled up', async () => {
    await open();
    const lines = (from: number) => Array.from({ length: 100 }, (_, at) => `line ${from + at}\n`).join('');
    await viewer.send(snapshot({ log: lines(0) }));
    const log = viewer.page.getByRole('log');
    await log.waitFor();
    const fromEnd = () => log.evaluate((box) => Math.round(box.scrollHeight - box.scrollTop - box.clientHeight));
    await log.evaluate((box) => box.scrollTo(0, box.scrollHeight));
    await viewer.send({ type: 'job/log', text: lines(100) });
    await expect.poll(fromEnd).toBeLessThan(2);
    await log.evaluate((box) => box.scrollTo(0, 0));
    await viewer.send({ type: 'job/log', text: lines(200) });
    expect(await log.evaluate((box) => box.scrollTop)).toBe(0);
    expect(await log.innerText()).toContain('line 299');
  });

  it('offers what can be done in each state, keeps the focus when that changes, and says when it ends', async () => {
    await open();
    const always = ['Open Terminal There', 'Clone with Changes', 'Copy Command'];
    await viewer.send(snapshot());
    await expect.poll(buttons).toEqual(['Open Log', 'Cancel Job', 'Fetch Results', ...always]);
    await viewer.page.keyboard.press('Tab');
    await viewer.page.keyboard.press('Enter');
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'job/action', action: 'log' });
    const ended = { state: 'out-of-memory', group: 'ended', isGood: false } as const;
    await viewer.send({ type: 'job/state', job: job({ ...ended, sentence: 'It used more memory than it may.' }) });
    await expect.poll(buttons).toEqual(['Fetch Results', 'Requeue', 'Open Log', ...always]);
    expect(await viewer.page.getByRole('status').innerText()).toBe(
      's1 on the cluster: It used more memory than it may.',
    );
    await viewer.page.keyboard.press('Enter');
    expect((await viewer.sent()).at(-1)).toEqual({ type: 'job/action', action: 'fetch' });
  });

  it('keeps what was last known while the host does not answer', async () => {
    await open();
    await viewer.send(snapshot());
    await viewer.send({ type: 'job/failure', message: 'cluster does not answer.' });
    await viewer.page.getByRole('note').getByText('cluster does not answer.').waitFor();
    expect(await chart('Loss').count()).toBe(1);
    await viewer.send({ type: 'job/failure', message: null });
    await expect.poll(() => viewer.page.getByRole('note').count()).toBe(0);
  });

  it('shows what a host says as text, whatever it is', async () => {
    await open();
    const nasty = '<img src=x onerror="document.title=\'owned\'"><script>document.title="owned"</script>';
    const details = { files: [{ path: nasty, bytes: 1 }], gpus: [], script: nasty };
    const values = { [nasty]: 1 };
    await viewer.send(
      snapshot({
        job: job({ name: nasty, sentence: nasty }),
        log: nasty,
        details,
        steps: [{ step: 1, time: null, values }],
      }),
    );
    await expect.poll(() => viewer.page.getByText(nasty).count()).toBeGreaterThanOrEqual(4);
    expect(await viewer.page.locator('img').count()).toBe(0);
    expect(await viewer.page.title()).toBe(nasty);
  });

  for (const theme of ['dark', 'light', 'highContrast', 'highContrastLight'] as const) {
    it(`has no violation that axe finds in ${theme}`, async () => {
      await open(theme);
      await viewer.send(snapshot());
      await chart('Loss').waitFor();
      await viewer.page.getByText('The last steps as a table').click();
      await viewer.page.getByText('The script that runs').click();
      if (process.env.SHOTS) await viewer.page.screenshot({ path: `out/screenshots/job-${theme}.png`, fullPage: true });
      // Not by a tag in the page: the policy forbids that, as it should.
      await viewer.page.evaluate(readFileSync(axe, 'utf8'));
      const found = await viewer.page.evaluate(async () => {
        const { axe } = globalThis as unknown as {
          axe: { run: () => Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        };
        return (await axe.run()).violations.map(({ id, nodes }) => `${id}: ${nodes[0]?.html}`);
      });
      expect(found).toEqual([]);
    });
  }

  it('fits a narrow column without scrolling sideways', async () => {
    await open('dark', 340);
    await viewer.send(snapshot());
    await chart('Loss').waitFor();
    const wide = await viewer.page.evaluate(() => document.documentElement.scrollWidth - innerWidth);
    expect(wide).toBeLessThanOrEqual(0);
  });
});
