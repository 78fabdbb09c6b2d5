import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer, ids, natural } from '../../faults/faultServer';
import { Window } from '../../host/window';

/** The real window, driven from outside; the bundled model answers. */
let window: Window;
const problemFile = 'letters-and-sums.problems.jsonl';

afterEach(async (context) => {
  if (context.task.result?.state === 'fail') await window.screenshot(`failed-${context.task.name}`);
});

const state = (name: string) => window.viewer.locator(`[data-state="${name}"]`);

describe('a user of VS Code', () => {
  beforeAll(async () => {
    window = await Window.open();
  });
  afterAll(() => window?.close());
  afterEach(() => window.runCommand('View: Close All Editors'));

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

  it('opens the last trace by a click on the status bar', async () => {
    await window.statusItem.click();
    await state('complete').waitFor();
    expect(await window.viewer.getByRole('heading', { level: 1 }).innerText()).toBe('What is 7+12+5?');
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
});

describe('a window that is reloaded in the middle of a thought', () => {
  let server: FaultServer;

  beforeAll(async () => {
    // A server that stops in the middle of its first reply, for as long as the window takes.
    server = await FaultServer.start(
      (stream) => stream.send(ids.of('half a thought'), 'half a thought'),
      natural(', and the rest'),
      natural('\n42', ids.imEnd),
    );
    const setting = { id: 'slow', url: server.url };
    window = await Window.open({ settings: { 'secondThought.server': setting, 'secondThought.ignore': 0 } });
  });
  afterAll(async () => {
    await window?.close();
    await server?.stop();
  });

  it('shows it again as interrupted, and Continue goes on from its last token', async () => {
    await window.openFile(problemFile);
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Thinking');
    await window.viewer.getByText('half a thought').waitFor();
    await window.reload();
    await state('interrupted').waitFor();
    expect(await window.viewer.locator('.thinking').innerText()).toContain('half a thought');
    await window.viewer.getByText('Continue', { exact: true }).click();
    await state('complete').waitFor();
    expect(await window.viewer.locator('.thinking').innerText()).toContain('half a thought, and the rest');
    const [first, second] = server.requests;
    expect(second?.prompt).toEqual([...(first?.prompt ?? []), ...ids.of('half a thought')]);
  });
});
