import { existsSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellWhatWasSeen, Window } from '../../host/window';

/** The curation that comes with the extension, from its file to a decision by hand, in a real window, on the bundled model. */
let window: Window;

beforeAll(async () => {
  window = await Window.open({ workspace: path.join(import.meta.dirname, '../../../media/samples/curation') });
});
afterAll(async () => {
  await window?.close();
});
tellWhatWasSeen(() => window);

const handFile = () => readFileSync(path.join(window.folder, 'first-set.by-hand.json'), 'utf8');
const row = () => window.viewer.getByRole('listbox', { name: 'Rows' }).getByRole('option').first();

describe('a curation', () => {
  it('is planned and run from the line above it, and its viewer follows to the end', async () => {
    await window.openFile('first-set.curation.yaml');
    const question = window.page.getByText(/60 rows, 60 after decontamination and deduplication\./);
    await window.clickLens('Run Curation', question);
    await window.dialogButton('Start').click();
    const done = window.viewer.getByText('15 of 60 rows in the set');
    // A quick machine may be past the teacher's traces before the page is there.
    await window.viewer.getByRole('progressbar', { name: 'teacher' }).or(done).first().waitFor();
    await done.waitFor({ timeout: 60_000 });
    await window.viewer.getByText('✓ Finished').waitFor();
  });

  it('says of a row why, takes a decision about it by hand, and honours it when it is run again', async () => {
    await window.viewer.getByLabel('Show').selectOption('kept');
    await window.viewer.getByText('15 of 60 rows', { exact: true }).waitFor();
    await row().click();
    const page = window.viewer.getByRole('complementary', { name: 'Selected row' });
    await page.getByText(/In the set: draw \d+ took it from/).waitFor();
    await page.getByLabel('Note').fill('too easy');
    await page.getByRole('button', { name: 'Drop' }).click();
    await window.viewer.getByText(/1 decision by hand/).waitFor();
    expect(handFile()).toContain('too easy');
    await window.viewer.getByRole('button', { name: 'Run Again' }).click();
    await page.getByText('Dropped at quality: decided by hand: too easy.').waitFor({ timeout: 60_000 });
    await page.getByRole('button', { name: 'Undo' }).click();
    await expect.poll(handFile).not.toContain('too easy');
  });

  it('opens the trace of a row in the trace viewer', async () => {
    const page = window.viewer.getByRole('complementary', { name: 'Selected row' });
    await page.getByText(/^teacher, \d+ thinking tokens$/).click();
    await page.getByRole('button', { name: 'Open Trace' }).first().click();
    await window.page.locator('.tab.active').filter({ hasText: '.trace.json' }).waitFor();
    await window.viewer.getByText('Wait').first().waitFor();
    expect(existsSync(path.join(window.folder, 'curations', 'first-set', 'set', 'train.parquet'))).toBe(true);
  });
});
