import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { packageVsix } from '../../host/vsix';
import { tellWhatWasSeen, Window } from '../../host/window';

/** Everything here is done without a mouse, in what users install. */
let window: Window;

beforeAll(async () => {
  window = await Window.open({ vsix: packageVsix() });
});
afterAll(() => window?.close());
tellWhatWasSeen(() => window);

const press = (key: string) => window.page.keyboard.press(key);

describe('a user without a mouse', () => {
  it('chooses a problem from a list, starts it, makes it wait again and opens it', async () => {
    await window.runCommand('Second Thought: Force Thinking');
    await window.choose('How many r in strawberry?');
    await window.choose('Cues');
    await window.input('How many times', '1');
    await window.quickPick.filter({ hasText: 'Start' }).waitFor();
    await press('Enter');
    await window.inlineTrace.getByText('1 forced cue').waitFor();
    await window.inlineTrace
      .getByText(/(Correct|Wrong): \d/)
      .first()
      .waitFor();
    await window.runCommand('Second Thought: Wait Again');
    await window.inlineTrace.getByText('2 forced cues').waitFor();
    await window.inlineTrace
      .locator('.review-comment')
      .nth(1)
      .getByText(/(Correct|Wrong): \d/)
      .waitFor();
    await window.runCommand('Second Thought: Open in Trace Viewer');
    await window.viewer.getByText('forced cue 2').waitFor();
  });

  it('types a question of their own', async () => {
    await window.runCommand('View: Close All Editors');
    await window.runCommand('Second Thought: Force Thinking');
    await window.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: 'raspberry' }).first().waitFor();
    await window.page.locator('.quick-input-widget input:visible').first().fill('What is 4+4?');
    await window.quickPick.filter({ hasText: 'Ask this question' }).waitFor();
    await press('Enter');
    await window.quickPick.filter({ hasText: 'Start' }).waitFor();
    await press('Enter');
    await window.viewer.locator('[data-state="complete"]').waitFor();
    expect(await window.viewer.getByRole('heading', { level: 1 }).innerText()).toBe('What is 4+4?');
  });

  it('dismisses the trace below the problem under the cursor', async () => {
    await window.runCommand('View: Close All Editors');
    await window.openFile('letters-and-sums.problems.jsonl');
    await window.goToLine(2);
    await window.inlineTrace.first().waitFor();
    await window.runCommand('Second Thought: Dismiss Inline Trace');
    await window.inlineTrace.first().waitFor({ state: 'hidden' });
    expect(await window.inlineTrace.count()).toBe(0);
  });
});
