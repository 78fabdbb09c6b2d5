import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { tellWhatWasSeen, Window } from '../../host/window';

/** The real window, driven from outside; the bundled model answers. */
let window: Window;
const problemFile = 'letters-and-sums.problems.jsonl';

tellWhatWasSeen(() => window);

const state = (name: string) => window.viewer.locator(`[data-state="${name}"]`);

describe('a user of VS Code', () => {
  beforeAll(async () => {
    window = await Window.open();
  });
  afterAll(() => window?.close());
  afterEach(async () => {
    await window.runCommand('Second Thought: Dismiss All Inline Traces');
    await window.runCommand('View: Close All Editors');
  });

  it('forces thinking from the palette, reads the trace below the problem, and opens it in the viewer', async () => {
    await window.openFile(problemFile);
    await window.goToLine(1);
    await window.forceThinking();
    await window.inlineTrace.getByText(/2 forced cues/).waitFor();
    await window.inlineTrace
      .getByText(/Correct: 3|Wrong: \d/)
      .first()
      .waitFor();
    await window.runCommand('Second Thought: Open in Trace Viewer');
    await state('complete').waitFor();
    expect(await window.viewer.locator('.mark.cue').allInnerTexts()).toHaveLength(2);
    expect(await window.viewer.locator('.badge').innerText()).toMatch(/Correct|Wrong/);
  });

  it('evaluates a problem by right-click, and reads the outcome above it', async () => {
    await window.openFile(problemFile);
    await window.goToLine(7);
    await window.contextMenu(window.editor.locator('.view-line').nth(6), 'Evaluate Problem');
    await window.outcomes
      .getByText(/(Correct|Wrong): \d+.*thinking tokens/)
      .first()
      .waitFor();
  });

  it('opens the last trace by a click on the status bar', async () => {
    await window.statusItem.click();
    await state('complete').waitFor();
    expect(await window.viewer.getByRole('heading', { level: 1 }).innerText()).toBe('What is 7+12+5?');
  });

  it('turns a wrong answer into a right one with Wait Again, by mouse', async () => {
    await window.openFile(problemFile);
    await window.goToLine(3);
    await window.runCommand('Second Thought: Force Thinking');
    await window.choose('Cues');
    await window.input('How many times', '0');
    await window.quickPick.filter({ hasText: 'Start' }).waitFor();
    await window.page.keyboard.press('Enter');
    await window.inlineTrace
      .getByText(/Wrong: \d, expected 4/)
      .first()
      .waitFor();
    for (let cues = 1; cues <= 3; cues++) {
      await window.inlineButton('Wait Again').click();
      await window.inlineTrace
        .locator('.review-comment')
        .nth(cues)
        .getByText(/(Correct|Wrong): \d/)
        .waitFor();
      if ((await window.inlineTrace.getByText('Correct: 4').count()) > 0) break;
    }
    expect(await window.inlineTrace.getByText('Correct: 4').count()).toBeGreaterThan(0);
  });
});
