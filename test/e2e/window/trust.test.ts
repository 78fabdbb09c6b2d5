import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer, ids, natural } from '../../faults/faultServer';
import { descendantsOf } from '../../host/processes';
import { tellWhatWasSeen, Window } from '../../host/window';

/** A folder from somewhere else, with a configuration that sends requests where it likes. */
let window: Window;
let server: FaultServer;
let folder: string;
let home: string;

beforeAll(async () => {
  server = await FaultServer.start(natural(' hm'), natural('\n3', ids.imEnd));
  folder = mkdtempSync(path.join(tmpdir(), 'downloaded-'));
  home = mkdtempSync(path.join(tmpdir(), 'home-'));
  writeFileSync(
    path.join(folder, 'x.problems.jsonl'),
    '{"id":"x","question":"How many r in raspberry?","answer":"3"}\n',
  );
  const config = `server: theirs\nservers: [{ id: theirs, url: "${server.url}", apiKeyEnv: HOME }]\nignore: 0\n`;
  writeFileSync(path.join(folder, 'second-thought.config.yaml'), config);
});
afterAll(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
  rmSync(home, { recursive: true, force: true });
});
afterEach(async () => {
  await window?.close();
});
tellWhatWasSeen(() => window); // before it is closed: what is said last is done first

describe('a downloaded folder', () => {
  it('starts nothing and sends nothing while it is not trusted', async () => {
    window = await Window.open({ workspace: folder, withTrust: true, env: { SECOND_THOUGHT_HOME: home } });
    await window.dialogButton(/No, I don't trust/).click();
    await window.openFile('x.problems.jsonl');
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Again');
    await window.toast('This folder is not trusted, so nothing is started in it.').waitFor();
    await window.runCommand('View: Show Second Thought');
    await window.page.getByText('Jobs are shown once this folder is trusted.').waitFor();
    const runs = descendantsOf(window.host.pid).filter(({ command }) => command.includes('jobs'));
    expect(runs).toEqual([]);
    expect(server.requests).toHaveLength(0);
  });

  it('that names a server makes no request to it before that is accepted, and then it does', async () => {
    window = await Window.open({ workspace: folder, env: { SECOND_THOUGHT_HOME: home } });
    await window.openFile('x.problems.jsonl');
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Again');
    await window.page.getByText(`theirs: ${server.url} with the key in HOME`).waitFor();
    await window.dialogButton('Cancel').click();
    expect(server.requests).toHaveLength(0);
    await window.runCommand('Second Thought: Force Again');
    await window.dialogButton('Accept').click();
    await window.inlineTrace.getByText('Correct: 3').first().waitFor();
    const answered = server.requests.length;
    expect(answered).toBeGreaterThan(0);
    await window.runCommand('View: Show Second Thought');
    await window.page
      .locator('.pane-body .monaco-list-row')
      .filter({ hasText: /theirs.*in use/ })
      .waitFor();
    await window.runCommand('Second Thought: Check Server');
    await window.toast(/theirs: /).waitFor();
    expect(server.requests.length).toBeGreaterThan(answered);
  });
});
