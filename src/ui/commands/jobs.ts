import path from 'node:path';
import * as vscode from 'vscode';
import { stringify } from 'yaml';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import { jobSpecSchema } from '../../core/jobs/jobSpec';
import type { JobAction } from '../../protocol/jobPage';
import {
  adoptedSchema,
  fetchedSchema,
  type JobSummary,
  jobDetailsSchema,
  jobsDocumentSchema,
  submittedSchema,
} from '../../protocol/jobs';
import { askCli, cliWords } from '../commandLine';
import type { UiContext } from '../context';
import { jobsFolderCwd } from '../jobs/jobsCwd';
import { groupOf, type JobGroup, jobDescription } from '../jobs/jobWords';
import { refuseUntrusted } from '../trust';
import { withProgress } from './forceThinking';
import { hostMeant } from './hosts';

/** What can be done with a job of the Jobs view. Each is a call of `second-thought jobs`. */

export async function refreshJobs(ui: UiContext): Promise<void> {
  refuseUntrusted();
  await ui.jobs.refresh();
}

export async function openJob(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Open Job');
  if (job) ui.jobPages.show(job);
}

/** What the page of a job asks for. */
export function actOnJob(ui: UiContext, action: JobAction, id: string): Promise<void> {
  return pageActions[action](ui, id);
}

/** In a terminal that follows until it is closed. */
export async function openJobLog(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Open Log');
  const task = job && (await taskMeant(job));
  if (job && task !== undefined) ui.jobLogs.show(job.id, job.name, task);
}

async function taskMeant({ tasks }: JobSummary): Promise<number | undefined> {
  if (!tasks || tasks.of < 2) return 0;
  const rows = Array.from({ length: tasks.of }, (_, task) => ({ label: `Task ${task}`, task }));
  return (await vscode.window.showQuickPick(rows, { title: 'Log of which task?' }))?.task;
}

export async function cancelJob(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Cancel Job', ['running', 'waiting']);
  if (!job) return;
  const cancel = 'Cancel Job';
  const detail = 'It is asked to end, and made to end if it does not. What it wrote stays on the host.';
  const question = `Cancel ${toLabel(job.name)} on ${job.host}?`;
  if ((await vscode.window.showWarningMessage(question, { modal: true, detail }, cancel)) !== cancel) return;
  await act(ui, `Cancelling ${toLabel(job.name)}`, ['jobs', 'cancel', job.id]);
}

export async function requeueJob(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Requeue Job', ['ended']);
  if (!job) return;
  await act(ui, `Starting ${toLabel(job.name)} once more`, ['jobs', 'requeue', job.id]);
  ui.jobs.awaitEnd(job.id);
}

async function act(ui: UiContext, title: string, words: string[]): Promise<void> {
  await withProgress(`${title}…`, (signal) => askCli(ui.cli, words, submittedSchema, { signal }));
  // The list sees it by the record that the command line wrote.
}

/** Into `jobs/ID` of this workspace. */
export async function fetchJob(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Fetch Results');
  if (!job) return;
  const folder =
    vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri ?? (await askFolder());
  if (!folder) return;
  const into = path.join(folder.fsPath, 'jobs', job.id);
  const fetched = await withProgress(`Fetching the results of ${toLabel(job.name)}…`, (signal) =>
    askCli(ui.cli, ['jobs', 'fetch', job.id, '--into', into], fetchedSchema, { signal }),
  );
  const reveal = 'Reveal';
  const choice = await vscode.window.showInformationMessage(`The results are in ${fetched.folder}.`, reveal);
  if (choice === reveal) {
    const isInside = vscode.workspace.getWorkspaceFolder(vscode.Uri.file(into)) !== undefined;
    const command = isInside ? 'revealInExplorer' : 'revealFileInOS';
    await vscode.commands.executeCommand(command, vscode.Uri.file(path.join(into, 'out')));
  }
}

async function askFolder(): Promise<vscode.Uri | undefined> {
  const [folder] =
    (await vscode.window.showOpenDialog({ canSelectFolders: true, canSelectFiles: false, title: 'Where to?' })) ?? [];
  return folder;
}

export async function copyJobCommand(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Copy Command');
  if (!job) return;
  const short = job.id.slice(-8);
  const rows = [
    { label: `second-thought jobs logs -f ${short}`, description: 'follow its log' },
    { label: `second-thought jobs show ${short}`, description: 'all about it' },
    { label: `second-thought jobs fetch ${short}`, description: 'bring its results' },
    { label: `second-thought jobs shell ${short}`, description: 'a shell in its folder' },
    { label: 'The script that runs', description: 'on the host, as it is in its folder', isScript: true },
  ];
  const chosen = await vscode.window.showQuickPick(rows, { title: 'Copy Command' });
  if (!chosen) return;
  const text = chosen.isScript ? (await detailsOf(ui, job)).script : chosen.label;
  await vscode.env.clipboard.writeText(text);
}

const detailsOf = (ui: UiContext, { id, name }: JobSummary) =>
  withProgress(`Asking about ${toLabel(name)}…`, (signal) =>
    askCli(ui.cli, ['jobs', 'show', id], jobDetailsSchema, { signal }),
  );

export async function openJobTerminal(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Open Terminal There');
  if (!job) return;
  const { command, args, env } = cliWords(ui.cli, ['jobs', 'shell', job.id]);
  vscode.window
    .createTerminal({ name: toLabel(`${job.host}: ${job.name}`, 40), shellPath: command, shellArgs: args, env })
    .show();
}

/** Its description as a file to change, which Submit Job then sends. */
export async function cloneJob(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Clone Job with Changes');
  if (!job) return;
  const { spec } = await detailsOf(ui, job);
  const text = `# Like ${job.id}. Change what you like; Submit Job, above in this editor, sends it.\n${stringify(withoutDefaults(spec))}`;
  await vscode.window.showTextDocument(await newJobFile(job.name, text));
}

/** What somebody said, without what is so anyway. */
function withoutDefaults(spec: Record<string, unknown>): Record<string, unknown> {
  const required = { kind: spec.kind, data: spec.data, script: spec.script, model: spec.model, file: spec.file };
  const given = Object.fromEntries(Object.entries(required).filter(([, value]) => value !== undefined));
  const usual: Record<string, unknown> = jobSpecSchema.safeParse(given).data ?? {};
  const isSaid = ([name, value]: [string, unknown]) =>
    name in given || JSON.stringify(value) !== JSON.stringify(usual[name]);
  return Object.fromEntries(Object.entries(spec).filter(isSaid));
}

/** A new `*.job.yaml` in this workspace; without one, in a document that has to be saved first. */
export async function newJobFile(name: string, text: string): Promise<vscode.TextDocument> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri;
  if (!folder) return vscode.workspace.openTextDocument({ language: 'yaml', content: text });
  const base =
    name
      .replace(/\.job$/, '')
      .replace(/[^\w.-]+/g, '-')
      .replace(/^[-.]+/, '') || 'job';
  for (let number = 1; ; number++) {
    const file = vscode.Uri.joinPath(folder, `${base}${number === 1 ? '' : `-${number}`}.job.yaml`);
    const isThere = await vscode.workspace.fs.stat(file).then(
      () => true,
      () => false,
    );
    if (isThere) continue;
    await vscode.workspace.fs.writeFile(file, Buffer.from(text, 'utf8'));
    return vscode.workspace.openTextDocument(file);
  }
}

/** Makes the way to the server of a serving job; it appears in Servers. */
export async function connectServer(ui: UiContext, from: unknown): Promise<void> {
  const job = await jobMeant(ui, from, 'Connect to the Server of Which Job?', ['running', 'waiting']);
  if (!job) return;
  const { spec } = await detailsOf(ui, job);
  ui.servedModels.connect(job, typeof spec.dialect === 'string' ? spec.dialect : undefined);
}

/** Jobs of a host that were started elsewhere. */
export async function adoptJobs(ui: UiContext, from: unknown): Promise<void> {
  const host = await hostMeant(ui, from, 'Find Jobs on Which Host?');
  if (host === undefined) return;
  const cwd = await jobsFolderCwd({ ask: true });
  const { jobs } = await withProgress(`Looking for jobs on ${toLabel(host)}…`, (signal) =>
    askCli(ui.cli, ['jobs', 'adopt', '--host', host], adoptedSchema, { ...cwd, signal }),
  );
  const found = jobs.length === 1 ? '1 job was' : `${jobs.length} jobs were`;
  void vscode.window.showInformationMessage(
    jobs.length === 0
      ? `There is no job on ${toLabel(host)} that is not in the list.`
      : `${found} found on ${toLabel(host)}.`,
  );
}

/** The job of a row, of a notification, or of the page that has the focus; else the user picks one. */
export async function jobMeant(
  ui: UiContext,
  from: unknown,
  title: string,
  groups: readonly JobGroup[] = ['running', 'waiting', 'ended'],
): Promise<JobSummary | undefined> {
  refuseUntrusted();
  const id = idOf(from) ?? ui.jobPages.active;
  const jobs = ui.jobs.isRead ? ui.jobs.jobs : (await askCli(ui.cli, ['jobs', 'list'], jobsDocumentSchema)).jobs;
  const named = jobs.find((job) => job.id === id);
  if (named) return named;
  const rows = jobs
    .filter(({ state }) => groups.includes(groupOf(state)))
    .map((job) => ({
      label: toLabel(job.name),
      description: `${job.host} · ${toLabel(jobDescription(job))}`,
      detail: job.id,
      job,
    }))
    .reverse();
  if (rows.length === 0) {
    throw new SecondThoughtError('job-not-found', 'There is no such job.', {
      remedy: 'Submit Job starts one; Find Jobs on Host finds those that were started elsewhere.',
    });
  }
  return (await vscode.window.showQuickPick(rows, { title, matchOnDescription: true, matchOnDetail: true }))?.job;
}

function idOf(from: unknown): string | undefined {
  if (typeof from === 'string') return from;
  const node = from as { kind?: unknown; job?: { id?: unknown } } | undefined;
  return node?.kind === 'job' && typeof node.job?.id === 'string' ? node.job.id : undefined;
}

const pageActions: Record<JobAction, (ui: UiContext, from: unknown) => Promise<void>> = {
  log: openJobLog,
  cancel: cancelJob,
  requeue: requeueJob,
  fetch: fetchJob,
  clone: cloneJob,
  terminal: openJobTerminal,
  copy: copyJobCommand,
  connect: connectServer,
};
