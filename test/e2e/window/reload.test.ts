import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { descendantsOf } from '../../host/processes';
import { tellWhatWasSeen, Window } from '../../host/window';

/** `npm run test:long` reloads 20 times. */
const reloads = process.env.SECOND_THOUGHT_LONG ? 20 : 2;

let window: Window;
beforeAll(async () => {
  window = await Window.open();
});
afterAll(() => window?.close());
tellWhatWasSeen(() => window);

/** Our processes below the VS Code server: engines and local servers. */
const ours = () =>
  descendantsOf(window.host.pid).filter(({ command }) =>
    command.some((word) => /dist\/(engine|localServer)\.cjs$/.test(word)),
  );

async function until(isTrue: () => boolean): Promise<void> {
  while (!isTrue()) await new Promise((resolve) => setTimeout(resolve, 100));
}

describe('reloading the window', () => {
  it(`${reloads} times leaves one engine and one local server, and no trace is lost`, async () => {
    await window.openFile('letters-and-sums.problems.jsonl');
    for (let count = 1; count <= reloads; count++) {
      await window.runCommand('Second Thought: Dismiss All Inline Traces');
      await window.inlineTrace.first().waitFor({ state: 'hidden' });
      await window.goToLine(1 + (count % 17)); // the file has 17 problems
      await window.runCommand('Second Thought: Force Again');
      await window.inlineTrace.first().waitFor();
      await window.reload();
      await window.editor.waitFor();
    }
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Again');
    await window.inlineTrace
      .getByText(/(Correct|Wrong): \d/)
      .first()
      .waitFor();
    await until(() => ours().length === 2); // those of the window before end by themselves
    expect(
      ours()
        .map(({ command }) =>
          command
            .find((word) => word.endsWith('.cjs'))
            ?.split('/')
            .at(-1),
        )
        .sort(),
    ).toEqual(['engine.cjs', 'localServer.cjs']);
    await window.runCommand('View: Show Second Thought');
    const traces = window.page.locator('.pane-body .monaco-list-row').filter({ hasText: 'tokens' });
    await traces.first().waitFor();
    await expect.poll(() => traces.count(), { timeout: 30_000 }).toBeGreaterThanOrEqual(Math.min(reloads, 5));
  }, 600_000);
});
