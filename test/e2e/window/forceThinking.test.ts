import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { Window } from '../../host/window';

/** The real window, driven from outside; the bundled model answers. */
let window: Window;
const problemFile = 'letters-and-sums.problems.jsonl';

beforeAll(async () => {
  window = await Window.open();
});
afterAll(() => window?.close());
afterEach(async (context) => {
  if (context.task.result?.state === 'fail') await window.screenshot(`failed-${context.task.name}`);
  await window.runCommand('View: Close All Editors');
});

const state = (name: string) => window.viewer.locator(`[data-state="${name}"]`);

describe('a user of VS Code', () => {
  it('forces thinking on the problem under the cursor, from the palette', async () => {
    await window.openFile(problemFile);
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Thinking');
    await state('complete').waitFor();
    expect(await window.viewer.locator('.mark.cue').allInnerTexts()).toHaveLength(2);
    expect(await window.viewer.locator('.badge').innerText()).toMatch(/Correct|Wrong/);
  });

  it('evaluates a problem by right-click and reads the outcome', async () => {
    await window.openFile(problemFile);
    await window.goToLine(7);
    await window.contextMenu(window.editor.locator('.view-line').nth(6), 'Evaluate Problem');
    await window.toast(/(Correct|Wrong): \d+/).waitFor();
    await window.runCommand('Notifications: Clear All Notifications');
  });

  it('makes the model wait again, with one more cue', async () => {
    await window.openFile(problemFile);
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Thinking');
    await state('complete').waitFor();
    await window.viewer.getByText('Wait Again').click();
    await window.viewer.getByText('forced cue 3').waitFor();
    await state('complete').waitFor();
  });

  it('finds a trace again after the window was reloaded in the middle of it, and continues it', async () => {
    await window.openFile(problemFile);
    await window.goToLine(11);
    await window.runCommand('Second Thought: Force Thinking');
    await window.viewer.locator('[data-state]').waitFor();
    await window.reload();
    // The model is small: it may have been done before the window was gone. Then the trace is there, complete.
    await window.viewer.locator('[data-state="interrupted"], [data-state="complete"]').waitFor();
    if (await state('interrupted').isVisible()) await window.viewer.getByText('Continue', { exact: true }).click();
    await state('complete').waitFor();
    expect(await window.viewer.locator('.mark.cue').count()).toBe(2);
  });
});
