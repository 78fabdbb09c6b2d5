import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellWhatWasSeen, Window } from '../../host/window';

/** The trace laboratory in the real window, with the bundled model: taken hold of by the keyboard. */
let window: Window;
beforeAll(async () => {
  window = await Window.open({ settings: { 'secondThought.logprobs': 5 } });
});
afterAll(() => window?.close());
tellWhatWasSeen(() => window);

const complete = () => window.viewer.locator('[data-state="complete"]');
const part = (title: string) =>
  window.viewer.locator('.laboratory-part').filter({ has: window.viewer.getByRole('heading', { name: title }) });
const heading = (question: string) => window.viewer.getByRole('heading', { level: 1, name: question });
const raspberry = 'How many r in raspberry?';

/** How many tokens have a colour. */
const shadedTokens = () =>
  window.viewer.locator('body').evaluate(() => [...CSS.highlights.values()].reduce((sum, { size }) => sum + size, 0));

/** Puts the caret some words before the end of the thinking, and opens what can be done there. */
async function takeHold(words: number): Promise<void> {
  await window.viewer.getByRole('region', { name: 'Thinking' }).focus();
  for (let count = 0; count < words; count++) await window.page.keyboard.press('ArrowLeft');
  await window.viewer.locator('.place vscode-button').waitFor();
  await window.page.keyboard.press('f');
}

describe('a researcher in the window', () => {
  it('forces, shades by probability, forks at a word with a cue, probes, labels, keeps a training row, and finds it all again after a reload', async () => {
    await window.openFile('letters-and-sums.problems.jsonl');
    await window.goToLine(1);
    await window.forceThinking();
    await window.inlineTrace
      .getByText(/(Correct|Wrong): \d/)
      .first()
      .waitFor();
    await window.runCommand('Second Thought: Open in Trace Viewer');
    await complete().waitFor();

    await window.runCommand('Second Thought: Probe Trace');
    await part('Answers along the Thinking')
      .getByText(/probes, \d+ tokens/)
      .waitFor();
    expect(await window.viewer.locator('.probe-cell').count()).toBeGreaterThan(0);

    await window.viewer.getByText('Shade ▾').click();
    await window.viewer.getByRole('menuitem', { name: 'By Probability' }).click();
    await expect.poll(shadedTokens).toBeGreaterThan(0);

    await takeHold(6);
    await window.choose('Label');
    await window.input('Label', 'slip');
    await part('Notes (1)').getByText('slip').waitFor();

    await takeHold(8);
    await window.choose('Keep as a training row');
    const file = window.page.locator('.quick-input-widget input:visible').first();
    await expect.poll(() => file.inputValue(), { timeout: 30_000 }).toContain('training-rows.jsonl'); // it comes late
    await file.fill(path.join(window.folder, 'rows.jsonl'));
    await window.page.keyboard.press('Enter');
    await window.toast('was added to rows.jsonl').waitFor();
    const row = JSON.parse(readFileSync(path.join(window.folder, 'rows.jsonl'), 'utf8'));
    expect(row.question).toBe(raspberry);
    expect(JSON.parse(row.metadata).trimmedAt).toBeGreaterThan(40);

    await takeHold(10);
    await window.choose('Add “Hmm”');
    await window.viewer.getByText('cue "Hmm"').first().waitFor(); // the tree of forks, in the fork's own page
    await complete().waitFor();
    expect(await part('Forks (1)').locator('li').count()).toBe(2);

    await window.reload();
    await complete().waitFor();
    await part('Forks (1)')
      .getByText(/this trace/)
      .waitFor();
    await part('Forks (1)').getByRole('button', { name: 'the first', exact: true }).click();
    await part('Notes (1)').getByText('slip').waitFor();
    await part('Answers along the Thinking')
      .getByText(/probes, \d+ tokens/)
      .waitFor();
    await heading(raspberry).waitFor();
    await window.viewer.getByText('Shade ▾').click();
    await window.viewer.getByRole('menuitem', { name: 'By Entropy' }).click();
    await expect.poll(shadedTokens).toBeGreaterThan(0);
  });

  it('deletes a fork and takes that back', async () => {
    await part('Forks (1)')
      .getByRole('button', { name: /^Delete the fork: cue/ })
      .click();
    await part('Forks (1)').waitFor({ state: 'detached' });
    await window.toast('The fork was deleted.').getByRole('button', { name: 'Undo' }).click();
    await part('Forks (1)').waitFor();
  });

  it('forks where the cursor is in the text of a trace, and goes from there to the parent', async () => {
    await window.runCommand('Second Thought: Open Trace as Text');
    await window.page.locator('.tab.active[data-resource-name$=".trace"]').waitFor();
    await window.goToLine(14); // of the thinking
    await window.page.keyboard.press('End');
    await window.runCommand('Second Thought: Fork Trace');
    await window.choose('End the thinking and answer');
    await complete().waitFor();
    await part('Forks (2)').waitFor();
    await window.runCommand('Second Thought: Go to Parent Trace');
    await part('Forks (2)').getByText('the first (this trace)').waitFor();
  });

  it('puts a trace and its fork side by side', async () => {
    await part('Forks (2)')
      .getByRole('button', { name: /^Compare this trace with: cue/ })
      .click();
    await window.page.locator('.tab.active').filter({ hasText: '↔' }).waitFor();
    const sides = window.page.locator('.monaco-diff-editor .view-lines');
    await sides
      .filter({ hasText: /forced\scue\s\d⟧\s*Hmm/ })
      .first()
      .waitFor();
  });

  it('searches all traces, and opens one from a hit', async () => {
    await window.runCommand('View: Close All Editors');
    await window.runCommand('Second Thought: Search Traces');
    await window.input('Search Traces', 'wait, in chunks');
    const rows = window.page.locator('.pane-body .monaco-list-row');
    await window.page.getByText(/“wait, in chunks”: \d+ hits in \d+ traces/).waitFor();
    await rows.filter({ hasText: 'Wait, in chunks' }).first().click();
    await complete().waitFor();
    await heading(raspberry).waitFor();
  });

  it('finds the traces with a label, and everything else, after VS Code was closed and opened again', async () => {
    await window.closeAndReopen();
    await window.runCommand('View: Close All Editors');
    await window.runCommand('Second Thought: Search Traces');
    await window.input('Search Traces', 'label:slip');
    await window.page.getByText(/“label:slip”: 1 hits in 1 traces/).waitFor();
    await window.runCommand('Second Thought: Notes');
    await window.choose('slip');
    await complete().waitFor();
    await heading(raspberry).waitFor();
    await part('Notes (1)').getByText('slip').waitFor();
    await part('Forks (2)').waitFor();
    await part('Answers along the Thinking')
      .getByText(/probes, \d+ tokens/)
      .waitFor();
  });
});
