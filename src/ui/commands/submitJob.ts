import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { stringify } from 'yaml';
import * as z from 'zod';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import { dialects } from '../../core/inference/dialects';
import { type DryRun, dryRunSchema, type JobSummary, jobsDocumentSchema, submittedSchema } from '../../protocol/jobs';
import { askCli } from '../commandLine';
import type { UiContext } from '../context';
import { jobsFolderCwd } from '../jobs/jobsCwd';
import { refuseUntrusted } from '../trust';
import { withProgress } from './forceThinking';
import { hostMeant, nameProblem } from './hosts';
import { newJobFile } from './jobs';

const jobFiles = /\.(job|pipeline|study|curation)\.ya?ml$/;

/** Submit Job: a description of a job, or any script; it says what would run, and asks. */
export async function submitJob(ui: UiContext, from: unknown): Promise<JobSummary | undefined> {
  refuseUntrusted();
  const file = await jobFileMeant(from);
  const document = vscode.workspace.textDocuments.find(({ uri }) => uri.fsPath === file);
  if (document?.isDirty) await document.save();
  const host = await hostMeant(ui, undefined, `Submit ${path.basename(file)}: where?`);
  return host === undefined ? undefined : submitFile(ui, file, host);
}

async function jobFileMeant(from: unknown): Promise<string> {
  const uri = from instanceof vscode.Uri ? from : vscode.window.activeTextEditor?.document.uri;
  if (uri?.scheme === 'file' && (from instanceof vscode.Uri || jobFiles.test(uri.path))) return uri.fsPath;
  const found = await vscode.workspace.findFiles('**/*.{sh,py,job.yaml,pipeline.yaml}', '**/node_modules/**', 200);
  if (found.length === 0) {
    throw new SecondThoughtError('file-not-found', 'There is no script and no *.job.yaml in this folder.', {
      remedy: 'Use Second Thought: Fine-Tune on Host, or write a script.',
    });
  }
  const rows = found
    .map((file) => ({
      label: path.basename(file.fsPath),
      description: vscode.workspace.asRelativePath(file),
      file: file.fsPath,
    }))
    .sort(
      (a, b) => Number(jobFiles.test(b.file)) - Number(jobFiles.test(a.file)) || a.label.localeCompare(b.label, 'en'),
    );
  const chosen = await vscode.window.showQuickPick(rows, { title: 'Submit Which File?' });
  if (!chosen) throw new SecondThoughtError('cancelled', 'Stopped.');
  return chosen.file;
}

/** Reproduce s1 in Miniature: the pipeline that comes with the extension, on this machine. */
export async function reproduceMiniature(ui: UiContext): Promise<JobSummary | undefined> {
  refuseUntrusted();
  const samples = vscode.Uri.joinPath(ui.extensionUri, 'media', 'samples', 'miniature');
  return submitFile(ui, path.join(samples.fsPath, 'miniature.pipeline.yaml'), 'here');
}

const submittedStepsSchema = z.object({ steps: z.array(z.object({ id: z.string() })) });

const pipelineSchema = z.object({
  steps: z.array(z.object({ step: z.string(), do: z.string() })),
  left: z.object({ tokens: z.number().nullable(), minutes: z.number().nullable() }),
});

/** Steps by what becomes of them, and what is expected of those that are left. */
function pipelineText({ steps, left }: z.output<typeof pipelineSchema>): string {
  const lines = steps.map(({ step, do: what }) => `${step}: ${what}`);
  if (left.minutes === null || left.minutes === 0) return lines.join('\n');
  const number = (value: number) => Math.round(value).toLocaleString('en');
  const tokens = left.tokens ? `, ≈ ${number(left.tokens)} tokens` : '';
  return [`≈ ${number(left.minutes)} minutes, one step after the other${tokens}.`, '', ...lines].join('\n');
}

/** Says what would run; on consent starts it. `edit`: offers the description as a file instead. */
async function submitFile(
  ui: UiContext,
  file: string,
  host: string,
  edit?: () => Promise<void>,
): Promise<JobSummary | undefined> {
  const cwd = await jobsFolderCwd({ ask: true });
  const words = ['jobs', 'submit', file, '--host', host];
  const isPipeline = /\.pipeline\.ya?ml$/.test(file);
  const dryRun = <Schema extends z.ZodType>(schema: Schema) =>
    withProgress('Looking at what would run…', (signal) =>
      askCli(ui.cli, [...words, '--dry-run'], schema, { ...cwd, signal }),
    );
  const plan = isPipeline ? undefined : await dryRun(dryRunSchema);
  const detail = plan ? planText(plan) : pipelineText(await dryRun(pipelineSchema));
  const buttons = ['Submit', ...(edit ? ['Edit as File'] : []), ...(plan ? ['Show Script'] : [])];
  const where = host === 'here' ? 'this machine' : toLabel(host);
  const choice = await vscode.window.showInformationMessage(
    `Submit ${toLabel(path.basename(file))} to ${where}?`,
    { modal: true, detail },
    ...buttons,
  );
  if (choice === 'Edit as File') await edit?.();
  if (choice === 'Show Script')
    await vscode.window.showTextDocument(
      await vscode.workspace.openTextDocument({ language: 'shellscript', content: plan?.script ?? '' }),
    );
  if (choice !== 'Submit') return undefined;
  const title = `Submitting to ${where}…`;
  if (isPipeline) {
    const { steps } = await withProgress(title, (signal) =>
      askCli(ui.cli, words, submittedStepsSchema, { ...cwd, signal }),
    );
    for (const { id } of steps) ui.jobs.awaitEnd(id);
    await vscode.commands.executeCommand('secondThought.jobs.focus');
    return undefined;
  }
  const job = await withProgress(title, (signal) => askCli(ui.cli, words, submittedSchema, { ...cwd, signal }));
  ui.jobs.awaitEnd(job.id);
  await vscode.commands.executeCommand('secondThought.jobs.focus');
  return job;
}

/** A question has no scroll bar. */
const shownLines = 9;

/** Steps, tokens, and the command, for a person. */
export function planText({ script, scheduler, training }: DryRun): string {
  const parts: string[] = [];
  if (training) {
    const { rows, steps, warmupSteps, worldSize, accumulation, epochs, tokens, isCounted } = training;
    const number = (value: number) => value.toLocaleString('en');
    parts.push(
      `${number(rows)} rows × ${epochs} epochs: ${number(steps)} steps, ${number(warmupSteps)} of them warm-up.`,
      `${isCounted ? '' : '≈ '}${number(tokens)} tokens per epoch${isCounted ? '' : ' (the tokenizer on the host decides)'}.`,
      `${worldSize} ${worldSize === 1 ? 'process' : 'processes'}, gradients accumulated over ${accumulation} passes.`,
      '',
    );
  }
  if (scheduler.length > 0) parts.push(`sbatch ${scheduler.join(' ')}`, '');
  const lines = script.split('\n').slice(2).join('\n').trim().split('\n');
  parts.push(lines.slice(0, shownLines).join('\n').slice(0, 900));
  if (lines.length > shownLines) parts.push(`… and ${lines.length - shownLines} more lines`);
  return parts.join('\n');
}

/** Fine-Tune on Host: the recipe of s1, on data that are here. */
export async function fineTune(ui: UiContext, from: unknown): Promise<JobSummary | undefined> {
  const host = await hostMeant(ui, from, 'Fine-Tune on Which Host?');
  if (host === undefined) return undefined;
  const data = from instanceof vscode.Uri ? from.fsPath : await askData();
  if (!data) return undefined;
  const preset = await vscode.window.showQuickPick(
    [
      { label: 's1', description: '5 epochs, batch 16, learning rate 1e-5, rows of up to 32,768 tokens' },
      { label: 's1.1', description: 'the same, rows of up to 20,000 tokens: less memory' },
    ],
    { title: 'Preset', ignoreFocusOut: true },
  );
  const model = preset && (await askModel('Base model', baseModels));
  const gpus =
    model && (await askNumber('GPUs per node', '1', 'The batch of 16 has to be a multiple; 0 trains on the processor'));
  if (!preset || !model || gpus === undefined) return undefined;
  const onProcessor = gpus === 0 ? { precision: 'fp32', sharding: 'none' } : {};
  const spec = { kind: 'fine-tune', preset: preset.label, model, data, gpus, ...onProcessor };
  return submitSpec(ui, spec, `fine-tune-${path.basename(data).replace(/\.[^.]+$/, '')}`, host);
}

/** Written to a file of its own, which the command line reads; the user may have it to change. */
async function submitSpec(
  ui: UiContext,
  spec: Record<string, unknown>,
  name: string,
  host: string,
): Promise<JobSummary | undefined> {
  const folder = path.join(ui.scratchFolder, '..', 'job-files');
  const file = path.join(folder, `${name.replace(/[^\w.-]+/g, '-').replace(/^[-.]+/, '') || 'job'}.job.yaml`);
  const text = stringify({ ...spec, name });
  await mkdir(folder, { recursive: true });
  await writeFile(file, text);
  return submitFile(ui, file, host, async () => {
    await vscode.window.showTextDocument(await newJobFile(name, text));
  });
}

const baseModels = [
  { label: 'Qwen/Qwen2.5-32B-Instruct', description: 'as in the paper; 16 GPUs of 80 GB there' },
  { label: 'Qwen/Qwen2.5-14B-Instruct', description: '' },
  { label: 'Qwen/Qwen2.5-7B-Instruct', description: '' },
  { label: 'Qwen/Qwen2.5-1.5B-Instruct', description: 'one GPU' },
  { label: 'Qwen/Qwen2.5-0.5B-Instruct', description: 'to try it' },
];

/** One of the list, or whatever is typed. */
function askModel(title: string, rows: readonly vscode.QuickPickItem[]): Promise<string | undefined> {
  const pick = vscode.window.createQuickPick();
  pick.title = title;
  pick.placeholder = 'A name on the hub, or a path on the host';
  pick.ignoreFocusOut = true;
  pick.items = rows;
  pick.onDidChangeValue((typed) => {
    const own =
      typed !== '' && !rows.some(({ label }) => label === typed) ? [{ label: typed, description: 'as typed' }] : [];
    pick.items = [...rows, ...own];
  });
  return new Promise((resolve) => {
    pick.onDidAccept(() => {
      const [chosen] = pick.selectedItems;
      resolve((chosen as { value?: string } | undefined)?.value ?? chosen?.label);
      pick.hide();
    });
    pick.onDidHide(() => {
      resolve(undefined);
      pick.dispose();
    });
    pick.show();
  });
}

async function askNumber(title: string, value: string, prompt: string): Promise<number | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    value,
    prompt,
    ignoreFocusOut: true,
    validateInput: (typed) => (/^\d{1,2}$/.test(typed) ? undefined : 'A whole number'),
  });
  return text === undefined ? undefined : Number(text);
}

/** A file of this workspace or another one, or the name of a data set. */
async function askData(): Promise<string | undefined> {
  const found = await vscode.workspace.findFiles('**/*.{jsonl,parquet,csv}', '**/{node_modules,runs}/**', 200);
  const files = found
    .filter(({ path: name }) => !name.endsWith('.problems.jsonl'))
    .map((file) => ({
      label: path.basename(file.fsPath),
      description: vscode.workspace.asRelativePath(file),
      file: file.fsPath,
    }));
  const browse = { label: '$(folder-opened) Another file…', description: '', file: '' };
  const hub = {
    label: '$(cloud) A data set on the hub…',
    description: 'for example simplescaling/s1K_tokenized',
    file: '',
  };
  const chosen = await vscode.window.showQuickPick([...files, browse, hub], {
    title: 'Training data',
    placeHolder: 'Rows with text, messages or input_ids',
    ignoreFocusOut: true,
  });
  if (chosen === browse) {
    const filters = { Rows: ['jsonl', 'json', 'parquet', 'csv'] };
    return (await vscode.window.showOpenDialog({ title: 'Training data', filters }))?.[0]?.fsPath;
  }
  if (chosen !== hub) return chosen?.file;
  return vscode.window.showInputBox({ title: 'Data set', value: 'simplescaling/s1K_tokenized', ignoreFocusOut: true });
}

/** Serve on Host: vLLM as a job; its server appears in Servers as soon as it answers. */
export async function serveOnHost(ui: UiContext, from: unknown): Promise<void> {
  const host = await hostMeant(ui, from, 'Serve on Which Host?');
  if (host === undefined) return;
  const { jobs } = await askCli(ui.cli, ['jobs', 'list', '--host', host, '--all'], jobsDocumentSchema);
  const trained = jobs
    .filter(({ kind, state }) => kind === 'fine-tune' && state === 'succeeded')
    .reverse()
    .map(({ id, name }) => ({ label: toLabel(name), description: `trained there, ${id.slice(-8)}`, value: id }));
  const hub = [{ label: 'simplescaling/s1.1-32B', description: 'the model of the paper' }];
  const model = await askModel('Model to serve', [...trained, ...hub]);
  if (!model) return;
  const dialectRows = dialects.map(({ name, title }) => ({ label: name, description: title ?? '' }));
  const dialect = await vscode.window.showQuickPick(dialectRows, {
    title: 'How does it write thinking?',
    ignoreFocusOut: true,
  });
  const gpus = dialect && (await askNumber('GPUs', '1', '0 serves on the processor'));
  if (!dialect || gpus === undefined) return;
  const value = `served-${model.split('/').at(-1)?.slice(-30) ?? 'model'}`.replace(/[^\w.-]/g, '-');
  const name = await vscode.window.showInputBox({
    title: 'Name of the server',
    value,
    ignoreFocusOut: true,
    validateInput: nameProblem,
  });
  if (!name) return;
  const spec = { kind: 'serve', model, dialect: dialect.label, gpus, idleMinutes: 60 };
  const job = await submitSpec(ui, spec, name, host);
  if (job) ui.servedModels.connect(job, dialect.label);
}
