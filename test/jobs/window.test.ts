import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest';
import { chromiumPath } from '../../scripts/host/browser.mjs';
import { installHost } from '../../scripts/host/installHost.mjs';
import { CliHome } from '../e2e/support/cli';
import { Window } from '../host/window';
import { Workplace } from './support/hosts';
import { SshServer } from './support/sshServer';

/** The window and a machine behind a real sshd. vLLM alone is faked: a server that answers /metrics and /v1/models. */
describe.runIf(chromiumPath())('in the window', () => {
  const place = new Workplace();
  const another = new CliHome();
  const laptop = new CliHome();
  let server: SshServer;
  let window: Window;

  const row = (text: string | RegExp) =>
    window.page.locator('.part.sidebar .pane-body .monaco-list-row').filter({ hasText: text });

  beforeAll(async () => {
    installHost();
    server = await SshServer.start();
    const python = place.file(
      'python',
      `#!/bin/sh
case "$*" in *vllm.entrypoints*) ;; *) exec python3 "$@" ;; esac
while [ $# -gt 0 ]; do [ "$1" = --port ] && port=$2; shift; done
mkdir -p v1; echo "vllm:generation_tokens_total 0" > metrics; echo '{"data": []}' > v1/models
exec python3 -m http.server --bind 127.0.0.1 "$port"
`,
    );
    chmodSync(python, 0o755);
    const config = `hosts:\n  - id: box\n    ssh: ${server.name}\n    sshConfig: ${server.configFile}\n    python: ${python}\n`;
    for (const home of [laptop, another]) writeFileSync(path.join(home.folder, 'config.yaml'), config);
    window = await Window.open({ env: { SECOND_THOUGHT_HOME: laptop.folder } });
    await window.runCommand('View: Show Second Thought');
  });
  afterAll(async () => {
    await window?.close();
    for (const home of [laptop, another]) home.dispose();
    server?.closeMasters();
    await server?.dispose();
    place.dispose();
  });
  afterEach(async (context) => {
    if (context.task.result?.state === 'fail') await window.screenshot(`failed-${context.task.name}`);
  });

  test('a host that config.yaml names is in the view, and Check Host says what it has', async () => {
    await window.contextMenu(row(/box.*no jobs/), 'Check Host');
    await window.page.locator('.quick-input-title').filter({ hasText: 'box:' }).waitFor();
    await window.page
      .locator('.quick-input-list .monaco-list-row')
      .filter({ hasText: /System.*Linux/ })
      .waitFor();
    await window.page.keyboard.press('Escape');
  });

  test('a host is added by what ssh calls it; where it does not answer that is said, and it stays in the view', async () => {
    await window.runCommand('Second Thought: Add Host');
    await window.input('Add Host', 'me@nowhere.invalid');
    await window.input('Name of the host', 'nowhere');
    await window.choose('Slurm');
    await window.input('Partition of Slurm', 'gpu');
    await window.input('Python on that host', 'uv');
    await window.toast('There is no machine named me@nowhere.invalid.').waitFor();
    await row(/nowhere.*Slurm · no jobs/).waitFor();
    expect(readFileSync(path.join(laptop.folder, 'config.yaml'), 'utf8')).toContain(
      '  - id: nowhere\n    ssh: me@nowhere.invalid\n    scheduler: slurm\n    python: uv\n    partition: gpu\n',
    );
    await window.runCommand('Notifications: Clear All Notifications');
    await window.contextMenu(row(/nowhere/), 'Remove Host');
    await row(/nowhere/).waitFor({ state: 'hidden' });
  });

  test('a job from another laptop is found, and its results are fetched', async () => {
    const script = place.file('made.sh', 'echo made > made.txt; echo finished\n');
    const { code } = await another.run(['jobs', 'submit', script, '--host', 'box', '--name', 'elsewhere', '--follow']);
    expect(code).toBe(0);
    await window.contextMenu(row(/box/), 'Find Jobs on Host');
    await window.toast('1 job was found on box.').waitFor();
    await row(/elsewhere.*succeeded/).waitFor();
    await window.runCommand('Notifications: Clear All Notifications');
    await window.contextMenu(row(/elsewhere/), 'Fetch Results of Job');
    const toast = window.toast(/The results are in /);
    await toast.waitFor();
    const folder = /in (\/\S+?)\.?\s/.exec(`${await toast.innerText()} `)?.[1] ?? '';
    expect(readFileSync(path.join(folder, 'out', 'made.txt'), 'utf8')).toBe('made\n');
    await window.runCommand('Notifications: Clear All Notifications');
  });

  test('a served model appears in Servers as soon as it answers, and goes with its job', async () => {
    await window.runCommand('Second Thought: Serve on Host');
    await window.choose('box');
    await window.choose('simplescaling/s1.1-32B');
    await window.choose('s1');
    await window.input('GPUs', '0');
    await window.input('Name of the server', 'mine');
    await window.dialogButton('Submit').click();
    await window.toast(/The server mine-[0-9a-f]{4} answers/).waitFor();
    await row(/^mine-[0-9a-f]{4}.*run by a job on box/).waitFor();
    await window.contextMenu(row(/^mine\d?:?\d/), 'Cancel Job');
    await window.dialogButton('Cancel Job').click();
    await window.toast(/The job mine on box was cancelled/).waitFor();
    await row(/^mine-[0-9a-f]{4}/).waitFor({ state: 'hidden' });
  });
});
