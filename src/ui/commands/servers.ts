import * as vscode from 'vscode';
import { describeError, isError, reportError, SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import { folderConfigName } from '../../core/config/configFile';
import { dialects } from '../../core/inference/dialects';
import type { ServerProbe } from '../../core/servers/serverFacts';
import { bundledServer, type ServerEntry, type ServerSpec, serverEntrySchema } from '../../core/servers/serverSpec';
import type { JobSummary } from '../../protocol/jobs';
import type { UiContext } from '../context';
import { settingsSection } from '../ids';
import type { ReachedServer } from '../jobs/servedModels';
import { activeServerId, knownServers, secretName, serverById, settingsServers } from '../servers/knownServers';
import { stateOfFindings } from '../servers/serverStates';
import { refuseUntrusted } from '../trust';
import { withProgress } from './forceThinking';

/** Add Server: URL, key if it wants one, model, dialect; tested before it is kept. */
export async function addServer(ui: UiContext): Promise<void> {
  await defineServer(ui, undefined);
}

export async function editServer(ui: UiContext, from: unknown): Promise<void> {
  const entry = await entryMeant(ui, from, 'Edit Server');
  if (entry) refuseFromFile(entry);
  if (entry) await defineServer(ui, entry);
}

async function defineServer(ui: UiContext, before: ServerEntry | undefined): Promise<void> {
  refuseUntrusted();
  const reached = await askReachable(ui, before);
  if (!reached) return;
  const model = await askModel(reached.probe, before?.model);
  if (model === undefined) return;
  const id = before?.id ?? (await askId(reached.server.url));
  if (!id) return;
  const { url, apiKey } = reached.server;
  const dialect = await askDialect(ui, { ...reached.server, model });
  if (!dialect) return;
  const entry: ServerEntry = { ...before, id, url, model, dialect };
  if (apiKey) await ui.secrets.store(secretName(entry), apiKey); // only now: who gives up leaves no key behind
  await keep(entry, before?.id);
  await select(ui, id);
  ui.servers.set(id, { kind: 'ok', text: `reached, ${reached.probe.models.length} models` });
}

type UrlServer = Extract<ServerSpec, { kind: 'url' }>;

interface Reached {
  server: UrlServer;
  probe: ServerProbe;
}

/** Asks for a URL, and for a key where the server wants one, until it answers or the user gives up. */
async function askReachable(ui: UiContext, before: ServerEntry | undefined): Promise<Reached | undefined> {
  const server: UrlServer = { kind: 'url', id: 'new', url: before?.url ?? '', model: null, keySource: 'enter it here' };
  let prompt = 'Base URL of a vLLM-compatible server';
  for (let askUrl = true; ; ) {
    if (askUrl) {
      const url = await askForUrl(before ? `Edit Server ${before.id}` : 'Add Server', prompt, server.url);
      if (url === undefined) return undefined;
      // A key belongs to its address: one that was stored or typed for another is not sent here.
      const apiKey = before && (await ui.secrets.get(secretName({ id: before.id, url })));
      Object.assign(server, { url, apiKey });
    }
    try {
      const { probe } = await withProgress('Connecting…', (signal) => ui.engine.ask({ type: 'probe', server }, signal));
      if (probe) return { server, probe };
    } catch (error) {
      if (isError(error, 'cancelled')) return undefined;
      askUrl = !isError(error, 'unauthorized');
      if (askUrl) prompt = toLabel(describeError(reportError(error)), 300);
      else {
        server.apiKey = await askKey(server.url, server.apiKey !== undefined);
        if (server.apiKey === undefined) return undefined;
      }
    }
  }
}

async function askForUrl(title: string, prompt: string, value: string): Promise<string | undefined> {
  const text = await vscode.window.showInputBox({
    title,
    prompt,
    value,
    placeHolder: 'http://gpu01:8000/v1',
    ignoreFocusOut: true,
    validateInput: (typed) => urlProblem(typed.trim()),
  });
  return text?.trim();
}

function urlProblem(value: string): string | undefined {
  return serverEntrySchema.shape.url.safeParse(value).success ? undefined : 'A URL such as http://gpu01:8000/v1';
}

function askKey(url: string, wasWrong: boolean): Thenable<string | undefined> {
  return vscode.window.showInputBox({
    title: 'API key',
    password: true,
    ignoreFocusOut: true,
    prompt: `${wasWrong ? 'The server refused that key. ' : 'The server wants a key. '}It is kept in the secret storage of this system and sent to ${url} only.`,
    validateInput: (value) => (value === '' ? 'The key is empty' : undefined),
  });
}

async function askModel({ models }: ServerProbe, before: string | undefined): Promise<string | undefined> {
  const [only] = models;
  if (!only) throw new SecondThoughtError('model-not-found', 'This server serves no model.');
  if (models.length === 1) return only.id;
  const rows = models.map(({ id, contextLength }) => ({
    id,
    label: toLabel(id),
    description: contextLength === null ? '' : `${contextLength.toLocaleString('en')} tokens of context`,
    picked: id === before,
  }));
  return (await vscode.window.showQuickPick(rows, { title: 'Which model?', ignoreFocusOut: true }))?.id;
}

async function askId(url: string): Promise<string | undefined> {
  const taken = [bundledServer.id, ...(await knownServers()).map((entry) => entry.id)];
  const id = await vscode.window.showInputBox({
    title: 'Name of the server',
    prompt: 'What it is called here, in traces and in files that name it',
    value: freeName(new URL(url).hostname.replace(/[^\w.-]/g, '-'), taken),
    ignoreFocusOut: true,
    validateInput: (value) => {
      if (taken.includes(value)) return 'There is one of that name';
      return serverEntrySchema.shape.id.safeParse(value).success ? undefined : 'Letters, digits, dots and dashes';
    },
  });
  return id;
}

function freeName(name: string, taken: string[]): string {
  if (!taken.includes(name)) return name;
  let number = 2;
  while (taken.includes(`${name}-${number}`)) number++;
  return `${name}-${number}`;
}

/** The dialect that the model's tokenizer speaks comes first; the user may know better. */
async function askDialect(ui: UiContext, server: ServerSpec): Promise<string | undefined> {
  const { dialect = null } = await withProgress('Looking at its tokenizer…', (signal) =>
    ui.engine.ask({ type: 'proposeDialect', server }, signal),
  );
  const rows = dialects
    .map(({ name, title }) => ({
      name,
      label: name,
      description: title ?? '',
      detail: name === dialect ? 'What the model’s tokenizer speaks' : '',
    }))
    .sort((a, b) => Number(b.name === dialect) - Number(a.name === dialect));
  const title =
    dialect === null ? 'How does it write thinking? (No dialect fits its tokenizer)' : 'How does it write thinking?';
  return (await vscode.window.showQuickPick(rows, { title, ignoreFocusOut: true }))?.name;
}

/** Into the user's settings, in place of the entry that was edited. */
async function keep(entry: ServerEntry, replaced: string | undefined): Promise<void> {
  const others = settingsServers();
  const at = others.findIndex(({ id }) => id === replaced);
  const next = at === -1 ? [...others, entry] : others.with(at, entry);
  await writeServers(next);
}

/** A server that a job runs, as it is reached now: its address is another one each time that the way is made. */
export async function keepServed(
  ui: UiContext,
  job: JobSummary,
  served: ReachedServer,
  dialect?: string,
): Promise<void> {
  const id = servedId(job);
  const before = settingsServers().find((entry) => entry.id === id);
  const { url, apiKey, model } = served;
  const entry: ServerEntry = { ...before, id, url, model, ...(dialect === undefined ? {} : { dialect }) };
  if (apiKey) await ui.secrets.store(secretName(entry), apiKey);
  await keep(entry, before?.id);
  ui.servers.set(id, { kind: 'ok', text: `run by a job on ${job.host}` });
  const use = 'Select Server';
  if ((await vscode.window.showInformationMessage(`The server ${id} answers.`, use)) === use) await select(ui, id);
}

/** Its job has ended. */
export async function forgetServed(ui: UiContext, job: JobSummary): Promise<void> {
  const entry = settingsServers().find(({ id }) => id === servedId(job));
  if (!entry) return;
  await writeServers(settingsServers().filter(({ id }) => id !== entry.id));
  await ui.secrets.delete(secretName(entry));
  ui.servers.forget(entry.id);
}

/** Never the id of a server that somebody added by hand. */
const servedId = ({ id, name }: JobSummary) => `${name.replace(/[^\w.-]/g, '-')}-${id.slice(-4)}`;

/** A file of the user's or the folder's names it: that file is not ours to rewrite. */
function refuseFromFile({ id }: ServerEntry): void {
  if (settingsServers().some((entry) => entry.id === id)) return;
  throw new SecondThoughtError('bad-usage', `The server "${id}" is not in the settings, but in a configuration file.`, {
    remedy: `Change it there: in your own config.yaml, or in this folder's ${folderConfigName}.`,
  });
}

function writeServers(entries: ServerEntry[]): Thenable<void> {
  return vscode.workspace
    .getConfiguration(settingsSection)
    .update('servers', entries, vscode.ConfigurationTarget.Global);
}

export async function removeServer(ui: UiContext, from: unknown): Promise<void> {
  const entry = await entryMeant(ui, from, 'Remove Server');
  if (!entry) return;
  refuseFromFile(entry);
  const before = settingsServers();
  await writeServers(before.filter(({ id }) => id !== entry.id));
  if ((await activeServerId(ui)) === entry.id) await ui.memory.setServer(bundledServer.id);
  ui.servers.forget(entry.id);
  const undo = 'Undo';
  const choice = await vscode.window.showInformationMessage(`The server ${entry.id} was removed.`, undo);
  if (choice === undo) await writeServers(before);
  else await ui.secrets.delete(secretName(entry));
  ui.servers.refresh();
}

/** Select Server: for this workspace. */
export async function selectServer(ui: UiContext, from: unknown): Promise<void> {
  const id = idOf(from) ?? (await pickServer(ui, 'Select Server'));
  if (id) await select(ui, id);
}

async function select(ui: UiContext, id: string): Promise<void> {
  await ui.memory.setServer(id);
  ui.servers.refresh();
}

/** Check Server: measures what it does of what exact forcing needs. */
export async function checkServer(ui: UiContext, from: unknown): Promise<void> {
  refuseUntrusted();
  const id = idOf(from) ?? (await activeServerId(ui));
  const { server, dialect } = await serverById(ui, id);
  try {
    const { findings = [] } = await withProgress(`Checking ${id}…`, (signal) =>
      ui.engine.ask({ type: 'check', server, dialect }, signal),
    );
    ui.servers.set(id, stateOfFindings(findings));
    const text = `${toLabel(id)}: ${toLabel(stateOfFindings(findings).text, 300)}.`;
    void vscode.window.showInformationMessage(text.replace('..', '.'));
  } catch (error) {
    ui.servers.failed(id, error);
    throw error;
  }
}

export async function setApiKey(ui: UiContext, from: unknown): Promise<void> {
  const entry = await entryMeant(ui, from, 'Set API Key');
  const key = entry && (await askKey(entry.url, false));
  if (!entry || !key) return;
  await ui.secrets.store(secretName(entry), key);
  ui.servers.forget(entry.id);
}

export async function clearApiKey(ui: UiContext, from: unknown): Promise<void> {
  const entry = await entryMeant(ui, from, 'Clear API Key');
  if (!entry) return;
  await ui.secrets.delete(secretName(entry));
  void vscode.window.showInformationMessage(`The API key for ${entry.id} is forgotten.`);
}

/** The server of the row that was clicked, else the one in use, else one that is picked. */
async function entryMeant(ui: UiContext, from: unknown, title: string): Promise<ServerEntry | undefined> {
  const entries = await knownServers();
  if (entries.length === 0) {
    throw new SecondThoughtError('bad-usage', 'There is no server but the bundled model, which needs no settings.', {
      remedy: 'Use Second Thought: Add Server first.',
    });
  }
  const id =
    idOf(from) ?? (entries.length === 1 ? entries[0]?.id : await pickServer(ui, title, { withBundled: false }));
  return entries.find((entry) => entry.id === id);
}

async function pickServer(
  ui: UiContext,
  title: string,
  { withBundled } = { withBundled: true },
): Promise<string | undefined> {
  const active = await activeServerId(ui);
  const added = (await knownServers()).map(({ id, url, model }) => ({
    id,
    label: toLabel(id),
    detail: toLabel(`${url} ${model ?? ''}`),
  }));
  const bundled = { id: bundledServer.id, label: 'Bundled model', detail: 's1-tiny, on this machine, offline' };
  const rows = (withBundled ? [bundled, ...added] : added).map((row) => ({
    ...row,
    description: row.id === active ? 'in use' : '',
  }));
  return (await vscode.window.showQuickPick(rows, { title }))?.id;
}

/** The id in what a row of the Servers view hands over. */
function idOf(from: unknown): string | undefined {
  const id = typeof from === 'object' && from !== null && 'id' in from ? from.id : undefined;
  return typeof id === 'string' ? id : undefined;
}
