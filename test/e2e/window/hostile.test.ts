import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer, ids, natural } from '../../faults/faultServer';
import { tellWhatWasSeen, Window } from '../../host/window';

/** What a model may say to the people and programs that read it. None of it may do anything. */
const thinking = [
  '<img src=x onerror="alert(1)"><b>bold</b></details><h1>big</h1>',
  '[click](command:workbench.action.closeWindow) ![pic](https://example.com/x.png) https://example.com',
  '$(error) $(sync~spin) &lt;i&gt; \u001b[31mred\u001b[0m \u202eright to left\u0000 end',
  '```\n# heading\n- list\n| a | b |\n|---|---|',
].join('\n');
const answer = '[run](command:workbench.action.closeWindow) $(error)<b>7</b>';

let window: Window;
let server: FaultServer;

beforeAll(async () => {
  server = await FaultServer.start(natural(thinking), natural(`\n${answer}`, ids.imEnd));
  window = await Window.open({
    settings: {
      'secondThought.servers': [{ id: 'hostile', url: server.url }],
      'secondThought.server': 'hostile',
      'secondThought.ignore': 0,
    },
  });
  await window.openFile('letters-and-sums.problems.jsonl');
  await window.goToLine(1);
  await window.runCommand('Second Thought: Force Again');
  await window.inlineTrace
    .getByText(/Wrong:/)
    .first()
    .waitFor();
});
afterAll(async () => {
  await window?.close();
  await server?.stop();
});
tellWhatWasSeen(() => window);

/** Elements in a place that only markup could have made. */
const made = (place: string) =>
  window.page
    .locator(place)
    .evaluateAll((all) =>
      all.flatMap((node) =>
        [...node.querySelectorAll('img, b, h1, h3, table, a[href], a[data-href], pre')].map((made) => made.outerHTML),
      ),
    );

describe('what a model writes', () => {
  it('is plain text below the problem', async () => {
    await window.inlineTrace.getByText('Thinking', { exact: true }).click();
    const body = await window.inlineTrace.locator('.review-comment').innerText();
    expect(body).toContain('<img src=x onerror="alert(1)"><b>bold</b></details><h1>big</h1>');
    expect(body).toContain('[click](command:workbench.action.closeWindow)');
    expect(body).toContain('$(error) $(sync~spin) &lt;i&gt; \ufffd[31mred');
    for (const hidden of ['\u202e', '\u0000', '\u001b']) expect(body).not.toContain(hidden);
    expect(await made('.review-widget .comment-body')).toEqual([]);
    expect(await window.inlineTrace.locator('.comment-body .codicon').count()).toBe(0);
  });

  it('is plain text above the problem', async () => {
    const lens = window.outcomes.filter({ hasText: 'Wrong' });
    await lens.first().waitFor();
    expect(await lens.first().innerText()).toContain(
      '[run]\u200b(command:workbench.action.closeWindow) $\u200b(error)<b>7</b>',
    );
    expect(await lens.first().locator('.codicon-error').count()).toBe(1); // ours
  });

  it('is plain text in the side bar', async () => {
    await window.runCommand('View: Show Second Thought');
    const row = window.page.locator('.pane-body .monaco-list-row').filter({ hasText: 'wrong:' });
    await row.waitFor();
    expect(await row.innerText()).toContain('[run]\u200b(command');
    expect(await made('.pane-body .monaco-list-row')).toEqual([]);
  });

  it('is plain text in the trace viewer', async () => {
    await window.runCommand('Second Thought: Open in Trace Viewer');
    await window.viewer.locator('[data-state="complete"]').waitFor();
    expect(await window.viewer.locator('.thinking').innerText()).toContain('<img src=x onerror="alert(1)">');
    expect(await window.viewer.locator('main img, main a, main h1:not(.question)').count()).toBe(0);
  });

  it('cannot pass for a line of ours in the text of the trace', async () => {
    await window.runCommand('Second Thought: Open Trace as Text');
    const lines = window.editor.locator('.view-line');
    await lines.filter({ hasText: '<img' }).first().waitFor();
    expect(await lines.filter({ hasText: /^⟦/ }).filter({ hasText: '<img' }).count()).toBe(0);
  });
});
