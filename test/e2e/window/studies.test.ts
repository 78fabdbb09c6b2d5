import { copyFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellWhatWasSeen, Window } from '../../host/window';

/** A study from its file to a flip, in a real window, on the bundled model. */
let window: Window;
let workspace: string;

beforeAll(async () => {
  workspace = mkdtempSync(path.join(tmpdir(), 'study-'));
  const problems = 'five-families.problems.jsonl';
  copyFileSync(path.join(import.meta.dirname, '../../../media/studies', problems), path.join(workspace, problems));
  const text = [
    'title: Cues',
    `problems: [{ name: families, file: ${problems}, sample: 12 }]`,
    'conditions:',
    '  - name: natural',
    '  - { name: Wait ×4, ignore: 4 }',
  ];
  writeFileSync(path.join(workspace, 'cues.study.yaml'), `${text.join('\n')}\n`);
  window = await Window.open({ workspace });
});
afterAll(async () => {
  await window?.close();
  rmSync(workspace, { recursive: true, force: true });
});
tellWhatWasSeen(() => window);

describe('a study', () => {
  it('is run from the line above it, after a question, and its viewer follows to the end', async () => {
    await window.openFile('cues.study.yaml');
    await window.clickLens('Run Study', window.dialogButton('Start'));
    await window.dialogButton('Start').click();
    await window.viewer.getByText('24 of 24 samples').waitFor();
    await window.viewer.getByText('✓ Finished').waitFor();
    await window.viewer.getByText(/The best condition/).waitFor();
  });

  it('has its traces behind the cells: Enter opens one, Shift+Enter both of a flip side by side', async () => {
    const flip = window.viewer.getByRole('gridcell', { name: /wrong.*(→|to).*(correct|right)/i }).first();
    await flip.focus();
    await window.page.keyboard.press('Shift+Enter');
    await expect.poll(() => window.page.locator('iframe.webview.ready:visible').count(), { timeout: 30_000 }).toBe(2);
    const tabs = window.page.locator('.tab.active');
    await expect.poll(() => tabs.count(), { timeout: 30_000 }).toBe(2);
  });

  it('is in the side bar with how far it is, and opens from there', async () => {
    await window.runCommand('View: Close All Editors');
    await window.runCommand('View: Show Second Thought');
    const row = window.page.locator('.pane-body .monaco-list-row').filter({ hasText: 'Cues' });
    await row.filter({ hasText: '24 samples' }).waitFor();
    await row.click();
    await window.viewer.getByText('24 of 24 samples').waitFor();
  });

  it('is exported as one page from there', async () => {
    const row = window.page.locator('.pane-body .monaco-list-row').filter({ hasText: 'Cues' });
    await window.contextMenu(row, 'Export Run…');
    const name = window.page.locator('.quick-input-widget:visible input').first();
    await expect.poll(() => name.inputValue(), { timeout: 30_000 }).toMatch(/Cues-.*\.html$/);
    const file = path.join(window.folder, 'cues.html');
    await name.fill(file);
    await window.page.keyboard.press('Enter');
    await window.toast('The run is in cues.html.').waitFor();
    expect(readFileSync(file, 'utf8').match(/<details class="trace"/g)).toHaveLength(24);
  });

  it('is probed condition by condition, and the answers land in its page', async () => {
    await window.runCommand('Second Thought: Probe Run');
    await window.choose('Wait');
    await window.choose('Where each cue was forced');
    const answers = window.viewer.getByRole('region', { name: 'Answers along the thinking' });
    await answers.getByText(/Stopped when 2 probes agree/).waitFor();
  });

  it('goes on through Reload Window', async () => {
    await window.runCommand('Developer: Reload Window');
    await window.viewer.getByText('24 of 24 samples').waitFor();
  });
});
