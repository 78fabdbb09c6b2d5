import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { SecondThoughtError } from '../../core/base/errors';
import { folderHolder } from '../../core/base/folderLock';
import { toLabel } from '../../core/base/untrustedText';
import { type RunSummary, summarizeRun } from '../../core/studies/findRuns';
import { parseStudy } from '../../core/studies/studyFile';
import { askCli } from '../commandLine';
import type { UiContext } from '../context';
import { runViewType } from '../ids';
import { activeServerId, type ChosenServer, serverById } from '../servers/knownServers';
import { progressText } from '../studies/studyLenses';
import { startCliProcess } from '../studies/studyProcess';
import { refuseUntrusted } from '../trust';
import { once } from './once';

/** Run Study: as a process of its own. Its run opens as soon as there is one. */
export async function runStudy(ui: UiContext, from: unknown): Promise<string | undefined> {
  refuseUntrusted();
  const file = await studyFile(from);
  return once(file, () => planAndRun(ui, file));
}

async function planAndRun(ui: UiContext, file: vscode.Uri): Promise<string | undefined> {
  const study = parseStudy(await savedText(file), path.basename(file.fsPath));
  const chosen = await serverById(
    { memory: ui.memory, secrets: ui.secrets },
    study.server ?? (await activeServerId(ui)),
  );
  if (!(await confirmed(ui, file, chosen))) return undefined;
  const known = new Set((await ui.studies.list()).map(({ folder }) => folder));
  const dialect =
    study.dialect === undefined && typeof chosen.dialect === 'string' ? ['--dialect', chosen.dialect] : [];
  await start(ui, file.fsPath, [file.fsPath, ...dialect], chosen, 'Starting the study');
  const { folder } = await ui.studies.next((run) => !known.has(run.folder) && run.about.study.file === file.fsPath);
  await openRun(ui, folder);
  return folder;
}

export async function dryRunStudy(ui: UiContext, from: unknown): Promise<void> {
  const file = await studyFile(from);
  await savedText(file);
  const { samples, tokens, durationMs, conditions } = await estimate(ui, file);
  const lines = conditions.map(({ name, requests }) => `${name}: ${requests} samples`);
  const cost =
    tokens === null
      ? 'How long it takes is known once each condition was run before.'
      : `≈ ${tokens} tokens, ≈ ${Math.ceil((durationMs ?? 0) / 1_000)} s.`;
  const choice = await vscode.window.showInformationMessage(
    `${samples} samples. ${cost}`,
    { modal: true, detail: toLabel(lines.join('; '), 2_000) },
    'Run Study',
  );
  if (choice) await runStudy(ui, file);
}

export async function resumeRun(ui: UiContext, from: unknown): Promise<void> {
  refuseUntrusted();
  const { folder, about } = await chosenRun(
    ui,
    from,
    ({ status }) => status?.state !== 'running' && status?.state !== 'finished',
  );
  const chosen = await serverOfRun(ui, about.server);
  await start(ui, about.study.file, ['--resume', folder], chosen, 'Resuming the run');
}

/** Pause Run: what was begun stays in its journal. */
export async function pauseRun(ui: UiContext, from: unknown): Promise<void> {
  const { folder } = await chosenRun(ui, from, ({ status }) => status?.state === 'running');
  const holder = await folderHolder(folder);
  if (!holder)
    throw new SecondThoughtError('bad-usage', 'No process works on this run.', { remedy: 'Use Resume Run.' });
  process.kill(holder.pid, 'SIGTERM');
}

export async function openRun(ui: UiContext, from: unknown): Promise<void> {
  const { folder } = await chosenRun(ui, from, () => true);
  await vscode.commands.executeCommand('vscode.openWith', vscode.Uri.file(path.join(folder, 'run.json')), runViewType);
}

/** A study from the editor, the explorer or a lens. */
async function studyFile(from: unknown): Promise<vscode.Uri> {
  const uri = from instanceof vscode.Uri ? from : vscode.window.activeTextEditor?.document.uri;
  if (uri?.path.endsWith('.study.yaml') && uri.scheme === 'file') return uri;
  const found = await vscode.workspace.findFiles('**/*.study.yaml', '**/node_modules/**', 200);
  const items = found.map((file) => ({
    label: path.basename(file.fsPath),
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  if (items.length === 0) {
    throw new SecondThoughtError(
      'file-not-found',
      'There is no study in this folder: a file that ends in .study.yaml.',
      {
        remedy: 'Use Second Thought: New Study.',
      },
    );
  }
  const chosen = await vscode.window.showQuickPick(items, { title: 'Which study?' });
  if (!chosen) throw new SecondThoughtError('cancelled', 'Stopped.');
  return chosen.file;
}

/** What is in the editor counts: it is saved first. */
async function savedText(file: vscode.Uri): Promise<string> {
  const document = await vscode.workspace.openTextDocument(file);
  if (document.isDirty) await document.save();
  return document.getText();
}

/** `run --dry-run --json`. */
const estimateSchema = z.object({
  samples: z.number(),
  tokens: z.number().nullable(),
  durationMs: z.number().nullable(),
  conditions: z.array(z.object({ name: z.string(), requests: z.number() })),
});

/** New Study: one of those that come with the extension, as a file of the user's own. */
export async function newStudy(ui: UiContext): Promise<void> {
  const templates = vscode.Uri.joinPath(ui.extensionUri, 'media', 'studies');
  const names = (await vscode.workspace.fs.readDirectory(templates)).map(([name]) => name);
  const items = await Promise.all(
    names
      .filter((name) => name.endsWith('.study.yaml'))
      .map(async (name) => {
        const text = Buffer.from(await vscode.workspace.fs.readFile(vscode.Uri.joinPath(templates, name))).toString(
          'utf8',
        );
        return { label: name, detail: /^# (.*)/.exec(text)?.[1] ?? '', text };
      }),
  );
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'New Study',
    placeHolder: 'What should it compare?',
  });
  if (!chosen) return;
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const file = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, chosen.label),
    filters: { Study: ['yaml'] },
  });
  if (!file) return;
  await vscode.workspace.fs.writeFile(file, Buffer.from(chosen.text, 'utf8'));
  const problems = /file: (\S+\.jsonl)/.exec(chosen.text)?.[1];
  if (problems) await copyBeside(vscode.Uri.joinPath(templates, problems), vscode.Uri.joinPath(file, '..', problems));
  await vscode.window.showTextDocument(file);
}

/** The problems of a template go with it; those that are there stay as they are. */
async function copyBeside(from: vscode.Uri, to: vscode.Uri): Promise<void> {
  await Promise.resolve(vscode.workspace.fs.copy(from, to, { overwrite: false })).catch(() => {});
}

async function estimate(ui: UiContext, file: vscode.Uri): Promise<z.output<typeof estimateSchema>> {
  const words = ['run', file.fsPath, '--dry-run', '--server', 'bundled'];
  return askCli(ui.cli, words, estimateSchema, { cwd: path.dirname(file.fsPath) });
}

const freeSamples = 20;

/** Before many requests, or any paid one: how many, about how many tokens, about how long. */
async function confirmed(ui: UiContext, file: vscode.Uri, { server, entry }: ChosenServer): Promise<boolean> {
  const { samples, tokens, durationMs } = await estimate(ui, file);
  if (samples <= freeSamples && !entry?.isPaid) return true;
  const cost = tokens === null ? '' : `, ≈ ${tokens} tokens, ≈ ${Math.ceil((durationMs ?? 0) / 60_000)} min`;
  const where = server.kind === 'bundled' ? 'the bundled model' : toLabel(server.id);
  const choice = await vscode.window.showInformationMessage(
    `Run ${samples} samples on ${where}${cost}?`,
    { modal: true, detail: 'It goes on when the window is closed, and can be paused at any time.' },
    'Start',
  );
  return choice === 'Start';
}

function start(ui: UiContext, study: string, words: string[], chosen: ChosenServer, title: string) {
  const logFile = path.join(path.dirname(study), 'runs', `${path.basename(study)}.log`);
  return vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title: `${title} …` }, () =>
    startCliProcess({ extensionPath: ui.extensionUri.fsPath, words: ['run', ...words], chosen, logFile }),
  );
}

/** The server a run was made on, by its id or its address. */
export async function serverOfRun(
  ui: UiContext,
  { id, url, model }: RunSummary['about']['server'],
): Promise<ChosenServer> {
  const sources = { memory: ui.memory, secrets: ui.secrets };
  const missing = new SecondThoughtError('bad-usage', `The server "${id}" of this run is not known any more.`, {
    remedy: 'Use Second Thought: Add Server to name it again.',
  });
  const chosen = await serverById(sources, id, missing, url);
  return chosen.server.kind === 'url' ? { ...chosen, server: { ...chosen.server, model } } : chosen;
}

/** The run of a lens, a row or the open viewer; else the user picks one. */
export async function chosenRun(
  ui: UiContext,
  from: unknown,
  isMeant: (run: RunSummary) => boolean,
): Promise<RunSummary> {
  const folder = folderOf(from) ?? ui.activeRun();
  const run = folder === undefined ? undefined : await summarizeRun(folder);
  if (run) return run;
  const runs = (await ui.studies.list()).filter(isMeant);
  if (runs.length === 0)
    throw new SecondThoughtError('file-not-found', 'There is no such run.', { remedy: 'Use Run Study to make one.' });
  const items = runs.map((each) => ({ label: path.basename(each.folder), description: progressText(each), run: each }));
  const chosen = await vscode.window.showQuickPick(items, { title: 'Which run?' });
  if (!chosen) throw new SecondThoughtError('cancelled', 'Stopped.');
  return chosen.run;
}

/** The folder of a run that a lens, a row or a viewer stands for. */
export function folderOf(from: unknown): string | undefined {
  if (typeof from === 'string') return from;
  if (from instanceof vscode.Uri) return path.dirname(from.fsPath);
  const node = from as { kind?: unknown; summary?: { folder?: unknown } } | undefined;
  return node?.kind === 'study' && typeof node.summary?.folder === 'string' ? node.summary.folder : undefined;
}
