import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageVsix } from '../../host/vsix';
import { tellWhatWasSeen, Window } from '../../host/window';

/** In what users install. */
let window: Window;
const sums = 'sums.problems.jsonl';

beforeAll(async () => {
  window = await Window.open({ vsix: packageVsix(), settings: { 'secondThought.ignore': 0 } });
  const rows = Array.from({ length: 24 }, (_, i) => ({ question: `What is ${i + 1}+7?`, answer: String(i + 8) }));
  const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
  writeFileSync(path.join(window.folder, sums), text);
});
afterAll(() => window?.close());
tellWhatWasSeen(() => window);

const inExplorer = (name: string) =>
  window.page.locator(`.explorer-folders-view .monaco-list-row[aria-label="${name}"]`);

describe('the run that traces go to', () => {
  const row = (text: string) => window.page.locator('.pane-body .monaco-list-row').filter({ hasText: text });

  it('is renamed and deleted from the side bar, with all its traces', async () => {
    await window.openFile(sums);
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Again');
    await window.inlineTrace
      .getByText(/(Correct|Wrong): \d/)
      .first()
      .waitFor();
    await window.runCommand('View: Show Second Thought');
    await row('Scratch run').waitFor();
    await window.runCommand('Second Thought: Rename Run');
    await window.input('Rename Run', 'First steps');
    await row('First steps').waitFor();
    await window.runCommand('Second Thought: Delete Run');
    await window.dialogButton('Move to Trash').click();
    await window.page.getByText('Traces are kept here').or(window.dialogButton('Delete for Ever')).waitFor();
    if (await window.dialogButton('Delete for Ever').isVisible()) await window.dialogButton('Delete for Ever').click();
    await window.page.getByText('Traces are kept here').waitFor();
    expect(await window.inlineTrace.count()).toBe(0);
    await window.runCommand('Second Thought: Clear Outcomes');
    await window.outcomes.first().waitFor({ state: 'hidden' });
    await window.runCommand('View: Show Explorer');
  });
});

describe('a problem set', () => {
  it('is not evaluated with more than 20 requests before the user has said so', async () => {
    await window.openFile(sums);
    await window.contextMenu(inExplorer(sums), 'Evaluate Problem Set');
    await window.page.getByText('Generate 24 traces on bundled?').waitFor();
    await window.dialogButton('Cancel').click();
    expect(await window.outcomes.count()).toBe(0);
  });

  it('gets an outcome above each problem, and a score with its interval', async () => {
    await window.contextMenu(inExplorer(sums), 'Evaluate Problem Set');
    await window.dialogButton('Start').click();
    await window.toast(/\d+ of 24 correct: \d+\.\d % \[\d+\.\d, \d+\.\d\]/).waitFor();
    await window.outcomes
      .getByText(/(Correct|Wrong): \d+/)
      .nth(5)
      .waitFor();
    await window.runCommand('Notifications: Clear All Notifications');
  });

  it('that was evaluated before offers the rest or all again', async () => {
    const added = { question: 'What is 3+9?', answer: '12' };
    writeFileSync(path.join(window.folder, sums), `${JSON.stringify(added)}\n`, { flag: 'a' });
    await window.contextMenu(inExplorer(sums), 'Evaluate Problem Set');
    await window.page.getByText('24 of 25 have an outcome under this condition already').waitFor();
    await window.dialogButton('Evaluate the Other 1').click();
    await window.toast(/\d+ of 25 correct/).waitFor();
  });

  it('loses its outcomes by Clear Outcomes', async () => {
    await window.runCommand('Second Thought: Clear Outcomes');
    await window.outcomes.first().waitFor({ state: 'hidden' });
    expect(await window.outcomes.count()).toBe(0);
  });
});
