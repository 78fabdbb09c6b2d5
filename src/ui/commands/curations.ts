import { existsSync } from 'node:fs';
import { homedir } from 'node:os';
import path from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { SecondThoughtError } from '../../core/base/errors';
import { folderHolder } from '../../core/base/folderLock';
import { toLabel } from '../../core/base/untrustedText';
import { decideByHand } from '../../core/curate/byHand';
import { parseCuration } from '../../core/curate/curationFile';
import { readAbout } from '../../core/curate/curationStatus';
import { askCli } from '../commandLine';
import type { UiContext } from '../context';
import { curationFolder } from '../curations/curationLenses';
import type { CurationRequest } from '../curations/curationViewer';
import { curationViewType, traceViewType } from '../ids';
import { activeServerId, serverById } from '../servers/knownServers';
import { startCliProcess } from '../studies/studyProcess';
import { traceUri } from '../traceViewer/traceUri';
import { refuseUntrusted } from '../trust';
import { once } from './once';

/** Curate Data Set…: a curation of this folder or a new one; its plan; then the run. */
export async function curateDataSet(ui: UiContext): Promise<string | undefined> {
  const file = await chosenFile(ui);
  return file && planCuration(ui, file);
}

/** Plan: how many rows are left, and what asking models about them takes. Then the run, if it is wanted. */
export async function planCuration(ui: UiContext, from: unknown): Promise<string | undefined> {
  const file = await curationFile(ui, from);
  return once(file, async () => ((await confirmed(ui, file)) ? startCuration(ui, file) : undefined));
}

/** Run Curation: as a process of its own. Asks first where models are to be asked for much. */
export async function runCuration(ui: UiContext, from: unknown): Promise<string | undefined> {
  const file = await curationFile(ui, from);
  return once(file, async () => {
    const { features = {} } = parseCuration(await savedText(file), path.basename(file.fsPath));
    if (Object.keys(features).length > 0 && !(await confirmed(ui, file))) return undefined;
    return startCuration(ui, file);
  });
}

export async function openCuration(ui: UiContext, from: unknown): Promise<void> {
  const file = await curationFile(ui, from);
  await openFolder(curationFolder(file.fsPath));
}

/** What the page of a curation wants done. */
export async function actOnCuration(ui: UiContext, request: CurationRequest, folder: string): Promise<void> {
  refuseUntrusted(); // the folder says which files are meant
  const { file } = await readAbout(folder);
  switch (request.type) {
    case 'curation/decide':
      return decideByHand(file, request.ids, request.decision, request.note);
    case 'curation/openTrace': {
      const run = path.join(folder, 'features', request.folder);
      const trace = await ui.traces.get(request.id, run);
      return vscode.commands.executeCommand('vscode.openWith', traceUri(trace, run), traceViewType, { preview: false });
    }
    case 'curation/action':
      return act(ui, request.action, folder, file);
    default:
      request satisfies never;
  }
}

type Action = Extract<CurationRequest, { type: 'curation/action' }>['action'];

async function act(ui: UiContext, action: Action, folder: string, file: string): Promise<void> {
  switch (action) {
    case 'run':
      await startCuration(ui, vscode.Uri.file(file), folder);
      return;
    case 'stop':
      return stop(folder);
    case 'openFile':
      await vscode.window.showTextDocument(vscode.Uri.file(file));
      return;
    case 'openSet':
      await vscode.commands.executeCommand(
        'markdown.showPreview',
        vscode.Uri.file(path.join(folder, 'set', 'README.md')),
      );
      return;
    case 'copyCommand': {
      const quoted = (text: string) => `'${text.replaceAll("'", String.raw`'\''`)}'`;
      await vscode.env.clipboard.writeText(`second-thought curate run ${quoted(file)} --out ${quoted(folder)}`);
      return;
    }
    default:
      action satisfies never;
  }
}

async function stop(folder: string): Promise<void> {
  const holder = await folderHolder(folder);
  if (!holder) throw new SecondThoughtError('bad-usage', 'No process works on this curation.', { remedy: 'Run it.' });
  process.kill(holder.pid, 'SIGTERM');
}

async function startCuration(ui: UiContext, file: vscode.Uri, folder = curationFolder(file.fsPath)): Promise<string> {
  refuseUntrusted();
  const { features = {} } = parseCuration(await savedText(file), path.basename(file.fsPath));
  const sources = { memory: ui.memory, secrets: ui.secrets };
  const chosen = await serverById(sources, await activeServerId(ui));
  const ids = new Set(Object.values(features).flatMap(({ server }) => server ?? []));
  const named = await Promise.all([...ids].map((id) => serverById(sources, id)));
  const dialect = typeof chosen.dialect === 'string' ? ['--dialect', chosen.dialect] : [];
  const words = ['curate', 'run', file.fsPath, '--out', folder, ...dialect];
  const logFile = path.join(path.dirname(folder), `${path.basename(folder)}.log`);
  const title = 'Starting the curation …';
  await vscode.window.withProgress({ location: vscode.ProgressLocation.Notification, title }, () =>
    startCliProcess({ extensionPath: ui.extensionUri.fsPath, words, chosen, named, logFile }),
  );
  await openFolder(folder);
  return folder;
}

async function openFolder(folder: string): Promise<void> {
  const uri = vscode.Uri.file(path.join(folder, 'curation.json'));
  if (!existsSync(uri.fsPath)) {
    throw new SecondThoughtError('file-not-found', 'This curation was not run yet.', { remedy: 'Use Run Curation.' });
  }
  await vscode.commands.executeCommand('vscode.openWith', uri, curationViewType);
}

const planSchema = z.object({
  funnel: z.array(z.object({ stage: z.string(), left: z.int() })),
  producers: z.array(
    z.object({
      name: z.string(),
      rows: z.int(),
      requests: z.int(),
      tokens: z.number().nullable(),
      cost: z.number().nullable(),
    }),
  ),
});
type Plan = z.infer<typeof planSchema>;

async function confirmed(ui: UiContext, file: vscode.Uri): Promise<boolean> {
  const { funnel, producers } = await plan(ui, file);
  const [collected, left] = [funnel[0]?.left ?? 0, funnel.at(-1)?.left ?? 0];
  const requests = producers.reduce((sum, producer) => sum + producer.requests, 0);
  const lines = producers.map(({ name, requests: own, tokens, cost }) => {
    if (own === 0) return `${name}: no requests`;
    return `${name}: ${own} requests, ${tokens === null ? 'tokens not measured yet' : `≈ ${tokens} tokens, ${cost === null ? 'price not known' : `$${cost.toFixed(2)}`}`}`;
  });
  const { server } = await serverById({ memory: ui.memory, secrets: ui.secrets }, await activeServerId(ui));
  const where = server.kind === 'bundled' ? 'the bundled model' : toLabel(server.id);
  const asks =
    requests === 0 ? 'No model is asked.' : `${requests} requests; features that name no server go to ${where}.`;
  const choice = await vscode.window.showInformationMessage(
    `${collected} rows, ${left} after decontamination and deduplication. ${asks}`,
    { modal: true, detail: toLabel([...lines, 'It goes on when the window is closed.'].join('; '), 2_000) },
    'Start',
  );
  return choice === 'Start';
}

async function plan(ui: UiContext, file: vscode.Uri): Promise<Plan> {
  refuseUntrusted();
  await savedText(file);
  const cli = { extensionPath: ui.extensionUri.fsPath };
  const progress = { location: vscode.ProgressLocation.Notification, title: 'Collecting rows …', cancellable: true };
  return vscode.window.withProgress(progress, (_, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const options = { cwd: path.dirname(file.fsPath), signal: abort.signal };
    return askCli(cli, ['curate', 'plan', file.fsPath], planSchema, options);
  });
}

async function curationFile(ui: UiContext, from: unknown): Promise<vscode.Uri> {
  const uri = from instanceof vscode.Uri ? from : vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === 'file' && uri.path.endsWith('.curation.yaml')) return uri;
  const chosen = await chosenFile(ui);
  if (chosen) return chosen;
  throw new SecondThoughtError('cancelled', 'Stopped.');
}

/** A curation of this folder, or a new one: the sample, as a file of the user's own. */
async function chosenFile(ui: UiContext): Promise<vscode.Uri | undefined> {
  const found = await vscode.workspace.findFiles('**/*.curation.yaml', '**/node_modules/**', 200);
  const items: (vscode.QuickPickItem & { file?: vscode.Uri })[] = found.map((file) => ({
    label: path.basename(file.fsPath),
    description: vscode.workspace.asRelativePath(file),
    file,
  }));
  items.push({ label: '$(new-file) New Curation…', description: '60 questions to 15 rows, with the bundled model' });
  const chosen = await vscode.window.showQuickPick(items, { title: 'Curate Data Set', placeHolder: 'Which curation?' });
  return chosen && (chosen.file ?? newCuration(ui));
}

async function newCuration(ui: UiContext): Promise<vscode.Uri | undefined> {
  const samples = vscode.Uri.joinPath(ui.extensionUri, 'media', 'samples', 'curation');
  const folder = vscode.workspace.workspaceFolders?.[0]?.uri ?? vscode.Uri.file(homedir());
  const file = await vscode.window.showSaveDialog({
    defaultUri: vscode.Uri.joinPath(folder, 'first-set.curation.yaml'),
    filters: { Curation: ['yaml'] },
  });
  if (!file) return undefined;
  const data = 'letters-and-sums.jsonl';
  await vscode.workspace.fs.copy(vscode.Uri.joinPath(samples, 'first-set.curation.yaml'), file, { overwrite: true });
  await Promise.resolve(
    vscode.workspace.fs.copy(vscode.Uri.joinPath(samples, data), vscode.Uri.joinPath(file, '..', data), {
      overwrite: false, // one's own file of that name stays
    }),
  ).catch(() => {});
  await vscode.window.showTextDocument(file);
  return file;
}

/** What is in the editor counts: it is saved first. */
async function savedText(file: vscode.Uri): Promise<string> {
  const document = await vscode.workspace.openTextDocument(file);
  if (document.isDirty) await document.save();
  return document.getText();
}
