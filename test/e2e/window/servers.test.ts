import type { ChildProcess } from 'node:child_process';
import { rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { tellWhatWasSeen, Window } from '../../host/window';
import { CliHome, printed } from '../support/cli';

/** A real server that wants a key: the local one, started by hand. */
let window: Window;
let home: CliHome;
let served: ChildProcess;
let url: string;
let apiKey: string;

const row = (name: string) => window.page.locator('.pane-body .monaco-list-row').filter({ hasText: name });

beforeAll(async () => {
  home = new CliHome();
  served = home.start(['serve', '--json']);
  const [text] = await printed(served, /\{[\s\S]*\}/);
  ({ url, apiKey } = JSON.parse(text));
  window = await Window.open({ env: { SECOND_THOUGHT_HOME: home.folder } });
});
afterAll(async () => {
  await window?.close();
  served?.kill('SIGINT');
  home?.dispose();
});
tellWhatWasSeen(() => window);

describe('a server of the user’s own', () => {
  it('that was not added to the end leaves no key behind', async () => {
    await window.runCommand('Second Thought: Add Server');
    await window.input('Add Server', url);
    await window.input('API key', apiKey);
    await window.input('Name of the server', 'mine');
    await window.page.getByText('What the model’s tokenizer speaks').waitFor();
    await window.page.keyboard.press('Escape');
    // The folder's file names it under the same name and address: if there were a key, it would be used.
    const config = path.join(window.folder, 'second-thought.config.yaml');
    writeFileSync(config, `server: mine\nservers: [{ id: mine, url: "${url}" }]\n`);
    await window.runCommand('Second Thought: Check Server');
    await window.dialogButton('Accept').click();
    await window.toast(/refused the key|wants a key|Set API Key/).waitFor();
    rmSync(config);
    await window.runCommand('Notifications: Clear All Notifications');
  });

  it('is added with its URL and key; a wrong address and a wrong key are said, and asked for again', async () => {
    await window.runCommand('Second Thought: Add Server');
    await window.input('Add Server', 'http://127.0.0.1:9/v1');
    await window.page.getByText(/Could not reach the inference server/).waitFor();
    await window.input('Add Server', url);
    await window.page.getByText(/The server wants a key/).waitFor();
    await window.input('API key', 'wrong');
    await window.page.getByText(/The server refused that key/).waitFor();
    await window.input('API key', apiKey);
    await window.input('Name of the server', 'mine');
    await window.page.getByText('What the model’s tokenizer speaks').waitFor();
    await window.page.keyboard.press('Enter');
    await window.statusItem.filter({ hasText: 'mine' }).waitFor();
  });

  it('answers from then on, and stands in the side bar as the one in use', async () => {
    await window.openFile('letters-and-sums.problems.jsonl');
    await window.goToLine(7);
    await window.runCommand('Second Thought: Force Again');
    await window.inlineTrace
      .getByText(/Correct: 24/)
      .first()
      .waitFor();
    await window.runCommand('View: Show Second Thought');
    await row('mine').filter({ hasText: 'in use' }).waitFor();
    await row('Bundled model').waitFor();
  });

  it('is checked, and what it does is listed below it', async () => {
    await window.runCommand('Second Thought: Check Server');
    await window.toast(/mine: all \d+ checks passed/).waitFor();
    await window.runCommand('Notifications: Clear All Notifications');
    await window.page.mouse.move(900, 700); // the tip of another row may cover this one
    await row('mine').filter({ hasText: 'checks passed' }).click();
    await window.page.keyboard.press('ArrowRight');
    await row('Token ids returned').filter({ hasText: 'works' }).waitFor();
  });

  it('is removed, and comes back with Undo', async () => {
    await window.runCommand('Second Thought: Remove Server');
    await window.toast('The server mine was removed').waitFor();
    await row('mine').waitFor({ state: 'hidden' });
    await window.statusItem.filter({ hasText: 'bundled model' }).waitFor();
    await window.toast('The server mine was removed').getByRole('button', { name: 'Undo' }).click();
    await row('mine').waitFor();
    expect(await row('Bundled model').innerText()).toContain('in use');
  });
});
