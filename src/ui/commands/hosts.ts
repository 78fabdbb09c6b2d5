import * as vscode from 'vscode';
import * as z from 'zod';
import { toLabel } from '../../core/base/untrustedText';
import { type HostCheck, type HostSummary, hostCheckSchema, hostsDocumentSchema } from '../../protocol/jobs';
import { askCli, cliWords } from '../commandLine';
import type { UiContext } from '../context';
import { jobsFolderCwd } from '../jobs/jobsCwd';
import { refuseUntrusted } from '../trust';
import { withProgress } from './forceThinking';

const ignored = z.unknown();

async function allHosts(ui: UiContext): Promise<HostSummary[]> {
  const cwd = await jobsFolderCwd({ ask: true });
  return (await askCli(ui.cli, ['hosts', 'list'], hostsDocumentSchema, cwd)).hosts;
}

/** The host of a row of the Jobs view; else the user picks one, or adds one. Undefined: given up. */
export async function hostMeant(ui: UiContext, from: unknown, title: string): Promise<string | undefined> {
  refuseUntrusted();
  const node = from as { kind?: unknown; id?: unknown } | undefined;
  if (node?.kind === 'host' && typeof node.id === 'string') return node.id;
  const whence = { config: 'config.yaml', 'built-in': '', 'ssh-config': '~/.ssh/config' };
  const rows = (await allHosts(ui)).map(({ id, ssh, scheduler, from }) => ({
    label: id === 'here' ? 'This machine' : toLabel(id),
    description: [ssh && ssh !== id ? toLabel(ssh) : '', scheduler === 'slurm' ? 'Slurm' : '', whence[from]]
      .filter(Boolean)
      .join(' · '),
    host: id,
  }));
  const add = { label: '$(add) Add Host…', description: '', host: '' };
  const chosen = await vscode.window.showQuickPick([...rows, add], { title, ignoreFocusOut: true });
  return chosen === add ? addHost(ui) : chosen?.host;
}

/** Add Host: from ~/.ssh/config or typed, with its scheduler; kept in the user's config.yaml. @returns its name */
export async function addHost(ui: UiContext): Promise<string | undefined> {
  refuseUntrusted();
  const known = await allHosts(ui);
  const ssh = await askMachine(known.filter(({ from }) => from === 'ssh-config').map(({ id, ssh }) => ssh ?? id));
  if (!ssh) return undefined;
  const taken = known.filter(({ from }) => from !== 'ssh-config').map(({ id }) => id);
  const id = await vscode.window.showInputBox({
    title: 'Name of the host',
    value: ssh.replace(/^.*@/, '').replace(/[^\w.-]/g, '-'),
    prompt: 'What it is called here and in files',
    ignoreFocusOut: true,
    validateInput: (text) => (taken.includes(text) ? 'There is one of that name' : nameProblem(text)),
  });
  if (!id) return undefined;
  const scheduler = await vscode.window.showQuickPick(
    [
      { label: 'Plain processes', description: 'a machine of your own or shared by agreement', value: 'process' },
      { label: 'Slurm', description: 'a cluster with sbatch', value: 'slurm' },
    ],
    { title: 'What runs jobs there?', ignoreFocusOut: true },
  );
  if (!scheduler) return undefined;
  const partition = scheduler.value === 'slurm' ? await askText('Partition of Slurm', '', 'Empty: its default') : '';
  if (partition === undefined) return undefined;
  const prompt = 'With TRL for fine-tuning and vLLM for serving; "uv" installs what training on one GPU needs';
  const python = await askText('Python on that host', 'python3', prompt);
  if (python === undefined) return undefined;
  const words = ['hosts', 'add', id, '--ssh', ssh, '--scheduler', scheduler.value, '--python', python || 'python3'];
  await askCli(ui.cli, [...words, ...(partition ? ['--partition', partition] : [])], ignored);
  await ui.jobs.readHosts();
  await checkHost(ui, { kind: 'host', id });
  return id;
}

async function askMachine(names: string[]): Promise<string | undefined> {
  const type = { label: '$(edit) Type user@machine…', description: '' };
  if (names.length > 0) {
    const rows = [...names.map((label) => ({ label, description: '~/.ssh/config' })), type];
    const chosen = await vscode.window.showQuickPick(rows, { title: 'Add Host', ignoreFocusOut: true });
    if (chosen !== type) return chosen?.label;
  }
  return vscode.window.showInputBox({
    title: 'Add Host',
    prompt: 'user@machine, or a name that ssh knows. Keys and jump hosts are the business of ~/.ssh/config',
    placeHolder: 'me@gpu01',
    ignoreFocusOut: true,
    validateInput: (text) => (/^[\w.][\w.@:-]*$/.test(text) ? undefined : 'A name such as me@gpu01'),
  });
}

export const nameProblem = (text: string) =>
  /^\w[\w.-]*$/.test(text) ? undefined : 'Letters, digits, dots and dashes';

const askText = (title: string, value: string, prompt: string) =>
  vscode.window.showInputBox({ title, value, prompt, ignoreFocusOut: true });

export async function removeHost(ui: UiContext, from: unknown): Promise<void> {
  const id = await hostMeant(ui, from, 'Remove Which Host?');
  if (id === undefined) return;
  await askCli(ui.cli, ['hosts', 'remove', id], ignored);
  await ui.jobs.readHosts();
}

/** Check Host: what it has for jobs, and for what is missing the one command that helps; of Slurm's compute nodes on consent. */
export async function checkHost(ui: UiContext, from: unknown): Promise<void> {
  const id = await hostMeant(ui, from, 'Check Which Host?');
  if (id === undefined) return;
  const check = await askDoctor(ui, id, []);
  const compute = {
    label: '$(server) Check a Compute Node…',
    description: 'by a job of one minute',
    detail: 'What answers to ssh is the login node; jobs run elsewhere.',
  };
  const rows = check.scheduler === 'slurm' ? [compute] : [];
  const chosen = await showFindings(toLabel(id), check.findings, rows);
  if (chosen !== compute) return;
  const gpus = await askText('GPUs that the job asks for', '0', 'Without any a node shows none');
  if (gpus === undefined) return;
  const asked = ['--compute', ...(/^\d{1,2}$/.test(gpus) ? ['--gpus', gpus] : [])];
  const { compute: found } = await askDoctor(ui, id, asked);
  if (found) await showFindings(`${toLabel(id)}, node ${toLabel(found.node)}`, found.findings, []);
}

async function askDoctor(ui: UiContext, id: string, words: string[]): Promise<HostCheck> {
  const cwd = await jobsFolderCwd({ ask: true });
  const title =
    words.length > 0 ? `A job of one minute looks at a compute node of ${toLabel(id)}…` : `Checking ${toLabel(id)}…`;
  return withProgress(title, (signal) =>
    askCli(ui.cli, ['doctor', '--host', id, ...words], hostCheckSchema, { ...cwd, signal }),
  );
}

/** What is missing first. Enter copies the command that helps. @returns the row that was chosen */
async function showFindings(
  where: string,
  findings: HostCheck['findings'],
  more: readonly vscode.QuickPickItem[],
): Promise<vscode.QuickPickItem | undefined> {
  const missing = findings.filter(({ verdict }) => verdict !== 'good');
  const rows = [...missing, ...findings.filter(({ verdict }) => verdict === 'good')]
    .filter(({ found, verdict }) => found !== '' || verdict !== 'good')
    .map(({ title, found, verdict, consequence, remedy }) => ({
      label: `$(${verdict === 'good' ? 'pass' : 'warning'}) ${toLabel(title)}`,
      description: toLabel(found),
      detail: toLabel([consequence, remedy && `Helps: ${remedy}`].filter(Boolean).join(' '), 300),
      remedy,
    }));
  const chosen = await vscode.window.showQuickPick<vscode.QuickPickItem & { remedy?: string | undefined }>(
    [...more, ...rows],
    {
      title: `${where}: ${missing.length === 0 ? 'nothing is missing' : `${missing.length} missing`}`,
      placeHolder: 'Enter copies the command that helps',
      matchOnDescription: true,
      ignoreFocusOut: true,
    },
  );
  if (chosen?.remedy) await vscode.env.clipboard.writeText(chosen.remedy);
  return chosen;
}

/** For a second factor or a new host key: log in once by hand; jobs then use that connection. */
export async function connectHost(ui: UiContext, from: unknown): Promise<void> {
  const id = await hostMeant(ui, from, 'Log In to Which Host?');
  if (id === undefined) return;
  const { command, args, env } = cliWords(ui.cli, ['hosts', 'login', id]);
  const { cwd } = await jobsFolderCwd({ ask: true });
  vscode.window
    .createTerminal({
      name: toLabel(`Log in: ${id}`, 40),
      shellPath: command,
      shellArgs: args,
      env,
      ...(cwd ? { cwd } : {}),
    })
    .show();
}
