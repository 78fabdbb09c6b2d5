import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { descendantsOf } from '../../host/processes';
import { tellWhatWasSeen, Window } from '../../host/window';

/** Jobs on this machine, as plain processes, in a real window: nothing is faked. */
let window: Window;
let workspace: string;
let home: string;

const row = (text: string | RegExp) =>
  window.page.locator('.part.sidebar .pane-body .monaco-list-row').filter({ hasText: text });
const terminal = (text: string | RegExp) =>
  window.page.locator('.terminal-wrapper.active .xterm-rows').filter({ hasText: text });

beforeAll(async () => {
  workspace = mkdtempSync(path.join(tmpdir(), 'job-'));
  home = mkdtempSync(path.join(tmpdir(), 'home-'));
  // It goes on until it is told to end: by a file, or by being cancelled.
  writeFileSync(
    path.join(workspace, 'train.sh'),
    `step=0
while [ ! -f "$1" ]; do
  step=$((step + 1))
  [ $step -gt 7 ] && step=7
  printf '{"event": "step", "step": %s, "of": 20, "loss": 1.%s, "grad_norm": 0.5, "learning_rate": 1e-05}\\n' $step $step >> metrics.jsonl
  echo "passed step $step"
  sleep 0.3
done
`,
  );
  writeFileSync(
    path.join(workspace, 'tiny.job.yaml'),
    `kind: custom\nname: short run\nscript: train.sh\narguments: [${home}/stop]\n`,
  );
  const text = '<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n3<|im_end|>\n';
  writeFileSync(path.join(workspace, 'rows.jsonl'), `${JSON.stringify({ text })}\n`.repeat(1_000));
  window = await Window.open({
    workspace,
    env: { SECOND_THOUGHT_HOME: home },
    settings: { 'terminal.integrated.gpuAcceleration': 'off' },
  });
});
afterAll(async () => {
  writeFileSync(path.join(home, 'stop'), ''); // a job outlives its window
  await window?.close();
  for (const folder of [workspace, home]) rmSync(folder, { recursive: true, force: true, maxRetries: 5 });
});
tellWhatWasSeen(() => window);

describe('fine-tuning', () => {
  it('says steps, tokens and the command before anything is sent, and can be had as a file', async () => {
    await window.runCommand('Second Thought: Fine-Tune on Host');
    await window.choose('This machine');
    await window.choose('rows.jsonl');
    await window.choose('s1.1');
    await window.choose('Qwen/Qwen2.5-0.5B-Instruct');
    await window.input('GPUs per node', '1');
    const question = window.page.locator('.monaco-dialog-box');
    await question.getByText('1,000 rows × 5 epochs: 315 steps, 16 of them warm-up.').waitFor();
    await question.getByText(/≈ [\d,]+ tokens per epoch/).waitFor();
    await question.getByText(/exec 'python3' "\$ST_IN"\/'sft.py'/).waitFor();
    await window.dialogButton('Edit as File').click();
    await window.page.locator('.tab.active[data-resource-name="fine-tune-rows.job.yaml"]').waitFor();
    expect(readFileSync(path.join(window.folder, 'fine-tune-rows.job.yaml'), 'utf8')).toBe(
      `kind: fine-tune\npreset: s1.1\nmodel: Qwen/Qwen2.5-0.5B-Instruct\ndata: ${window.folder}/rows.jsonl\ngpus: 1\nname: fine-tune-rows\n`,
    );
  });
});

describe('jobs', () => {
  it('have a view that says what to do while there are none', async () => {
    await window.runCommand('View: Show Second Thought');
    await window.page.getByText('Fine-tuning, serving and studies run as jobs').waitFor();
    await window.page.locator('.pane-body').getByRole('button', { name: 'Submit Job' }).waitFor();
    await window.runCommand('View: Close All Editors');
  });

  it('are submitted from a file after a look at what would run, and show how far they are', async () => {
    await window.page.locator('.pane-body').getByRole('button', { name: 'Submit Job' }).click();
    await window.choose('tiny.job.yaml');
    await window.choose('This machine');
    await window.page.getByText('exec sh "$ST_IN"/\'train.sh\'').waitFor();
    await window.dialogButton('Submit').click();
    await row(/short run.*7 of 20.*35 %/).waitFor();
    await row('This machine').waitFor();
    await row(/Running/).waitFor();
  });

  it('have a log that follows', async () => {
    await window.runCommand('Second Thought: Open Log of Job');
    await window.choose('short run');
    await terminal('passed step 7').waitFor();
  });

  it('have a page with their state and curves', async () => {
    await row(/short run/).click();
    await window.viewer.getByRole('heading', { name: 'short run' }).waitFor();
    await window.viewer.getByText('7 of 20').waitFor();
    await window.viewer.getByRole('img', { name: /^Loss from step 1 to 7: first 1.1, last 1.7/ }).waitFor();
    await window.viewer.getByRole('log').getByText('passed step 7').first().waitFor();
    await window.viewer.getByText('out/metrics.jsonl').waitFor();
  });

  it('come back with the window: the job runs on, and its page is there', async () => {
    await window.reload();
    await window.viewer.getByRole('img', { name: /^Loss from step/ }).waitFor();
    await window.viewer.getByText('Running').waitFor();
  });

  /** Programs of the window with this word on their command line. */
  const programs = (word: string) => () =>
    descendantsOf(window.host.pid).flatMap(({ command }) => (command.includes(word) ? [command.join(' ')] : []));

  it('are not asked about while neither the view nor a page is seen', async () => {
    const soon = { timeout: 10_000 };
    await expect.poll(programs('--watch'), soon).toHaveLength(1);
    await window.runCommand('View: Close All Editors');
    await window.runCommand('View: Show Explorer');
    await expect.poll(programs('--watch'), soon).toEqual([]);
    await expect.poll(programs('--follow'), soon).toEqual([]);
    await window.runCommand('View: Show Second Thought');
    await expect.poll(programs('--watch'), soon).toHaveLength(1);
    await row(/short run/).click();
  });

  it('are cancelled, which is told once, with the log a click away', async () => {
    await window.viewer.getByRole('button', { name: 'Cancel Job' }).click();
    await window.dialogButton('Cancel Job').click();
    const toast = window.toast(/The job short run on here was cancelled/);
    await toast.waitFor();
    expect(await toast.count()).toBe(1);
    await row(/short run.*cancelled/).waitFor();
    await row(/Ended/).waitFor();
    await window.viewer.getByRole('button', { name: 'Requeue' }).waitFor();
    await toast.getByRole('button', { name: 'Open Log' }).click();
    await terminal('The job has ended').waitFor();
  });

  it('are cloned as a file that says what they were asked for and nothing that is so anyway', async () => {
    await window.contextMenu(row(/short run/), 'Clone Job with Changes');
    await window.page.locator('.tab.active[data-resource-name="short-run.job.yaml"]').waitFor();
    const text = readFileSync(path.join(window.folder, 'short-run.job.yaml'), 'utf8');
    expect(text.replace(/^#.*\n/, '')).toBe(
      `kind: custom\nname: short run\nscript: ${window.folder}/train.sh\narguments:\n  - ${home}/stop\n`,
    );
  });

  it('have a terminal in their folder', async () => {
    await window.contextMenu(row(/short run/), 'Open Terminal at Job');
    await terminal(/[$#] *$/).waitFor();
    await window.page.keyboard.type('basename "$PWD" | tr a-z A-Z');
    await window.page.keyboard.press('Enter');
    await terminal(/\d{8}T\d{6}-CUSTOM-/).waitFor();
  });

  it('are started once more, and their end is told once more, although neither view nor page is seen', async () => {
    await window.runCommand('Notifications: Clear All Notifications');
    await window.contextMenu(row(/short run/), 'Requeue Job');
    await row(/short run.*7 of 20/).waitFor();
    await row(/Running/).waitFor();
    await window.runCommand('View: Close All Editors');
    await window.runCommand('View: Show Explorer');
    writeFileSync(path.join(home, 'stop'), '');
    await window.toast(/The job short run on here ended well after/).waitFor();
    await expect.poll(programs('--watch'), { timeout: 10_000 }).toEqual([]);
    await window.runCommand('View: Show Second Thought');
    await row(/short run.*succeeded · 0:00:/).waitFor();
  });
});
