import path from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { SecondThoughtError } from '../core/base/errors';
import {
  Acceptance,
  type ConfigFile,
  describeServers,
  folderConfigName,
  readConfig,
  userConfigFolder,
} from '../core/config/configFile';
import { type Condition, conditionSchema, createCondition, greedy } from '../core/forcing/condition';
import {
  bundledServer,
  type ServerEntry,
  type ServerSpec,
  serverEntrySchema,
  usualDialect,
} from '../core/servers/serverSpec';
import type { Trace } from '../core/traces/trace';
import { settingsSection } from './ids';
import type { QuickSettings, WorkspaceMemory } from './memory';
import { refuseUntrusted } from './trust';

/** Everything that decides how a problem is run, resolved: this workspace's choice, folder file, settings, default. */
export interface RunSettings {
  condition: Condition;
  samples: number;
  seed: number;
  server: ServerSpec;
  entry: ServerEntry | undefined;
}

interface Sources {
  memory: WorkspaceMemory;
  secrets: vscode.SecretStorage;
}

const settings = () => vscode.workspace.getConfiguration(settingsSection);

/**
 * @throws SecondThoughtError `bad-usage` (a setting cannot be used, or names no server), `invalid-file` (the folder's
 *   file), `cancelled` (its servers were not accepted), `untrusted-folder`
 */
export async function runSettings(sources: Sources, changes: QuickSettings = {}): Promise<RunSettings> {
  refuseUntrusted();
  const folder = await folderConfig();
  const { server, entry } = await resolveServer(sources, folder);
  const values = changed(fromSettings(), folder, sources.memory.quickSettings, changes);
  const { samples, seed, temperature, maxThinkingTokens, ignore, cue, preset } = values;
  const dialect = entry?.dialect ?? usualDialect;
  const sampling = { ...greedy, temperature };
  const condition = checked(createCondition({ preset, dialect, maxThinkingTokens, ignore, cue, sampling }));
  return { condition, samples, seed, server, entry };
}

type Values = { [K in keyof Required<QuickSettings>]: Exclude<QuickSettings[K], undefined> } & { seed: number };

function fromSettings(): Values {
  return {
    maxThinkingTokens: settings().get('maxThinkingTokens', null),
    ignore: settings().get('ignore', 2),
    cue: settings().get('cue', 'Wait'),
    preset: settings().get('preset', 'default'),
    temperature: settings().get('temperature', 0),
    samples: settings().get('samples', 1),
    seed: settings().get('seed', 0),
  };
}

/** The values, with those that later ones say something about replaced, field by field. */
function changed<T extends object>(values: T, ...changes: object[]): T {
  const fields = changes.flatMap((change) => Object.entries(change));
  return { ...values, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) };
}

function checked(condition: Condition): Condition {
  const parsed = conditionSchema.safeParse(condition);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = `${settingsSection}.${issue?.path.at(-1)?.toString()}`;
  throw new SecondThoughtError('bad-usage', `The setting ${name} cannot be used: ${issue?.message}.`);
}

/** The servers there are: those of the settings, then those of the user's own file. The bundled model is always there. */
export async function knownServers(): Promise<ServerEntry[]> {
  const user = await readConfig(path.join(userConfigFolder(), 'config.yaml'));
  return uniqueById([...settingsServers(), ...(user.servers ?? [])]);
}

/** What the user settings hold; entries that are not servers are named, never dropped in silence. */
export function settingsServers(): ServerEntry[] {
  const parsed = z.array(serverEntrySchema).safeParse(settings().get<unknown>('servers', []));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SecondThoughtError(
    'bad-usage',
    `The setting ${settingsSection}.servers cannot be used: ${issue?.path.join('.')}: ${issue?.message}.`,
    { remedy: 'Each server needs "id" and "url", for example { "id": "gpu01", "url": "http://gpu01:8000/v1" }.' },
  );
}

/** Id of the server that requests go to. */
export async function activeServerId({ memory }: Pick<Sources, 'memory'>): Promise<string> {
  const folder = await folderConfig({ ask: false });
  return memory.server ?? folder.server ?? settings().get('server', bundledServer.id);
}

async function resolveServer(sources: Sources, folder: ConfigFile) {
  const id = sources.memory.server ?? folder.server ?? settings().get('server', bundledServer.id);
  if (id === bundledServer.id) return { server: bundledServer, entry: undefined };
  const entries = uniqueById([...(await knownServers()), ...(folder.servers ?? [])]);
  const entry = entries.find((known) => known.id === id);
  if (entry) return { server: await specOf(entry, sources.secrets), entry };
  throw new SecondThoughtError('bad-usage', `There is no server named "${id}".`, {
    remedy: 'Use Second Thought: Select Server, or Add Server.',
  });
}

/** The server that a trace came from, so that going on with it never depends on what is chosen now. */
export async function serverOfTrace(sources: Sources, { server }: Trace): Promise<ServerSpec> {
  refuseUntrusted();
  if (server.id === bundledServer.id) return bundledServer;
  const folder = await folderConfig();
  const entries = uniqueById([...(await knownServers()), ...(folder.servers ?? [])]);
  const entry = entries.find((known) => known.id === server.id);
  if (entry) return specOf({ ...entry, model: server.model }, sources.secrets);
  throw new SecondThoughtError(
    'bad-usage',
    `The server "${server.id}" that this trace came from is not known any more.`,
    {
      remedy: 'Use Second Thought: Add Server to name it again.',
    },
  );
}

/** An entry with its key: from the secret storage, else from the environment. */
export async function specOf(entry: ServerEntry, secrets: vscode.SecretStorage): Promise<ServerSpec> {
  const apiKey = (await secrets.get(secretName(entry))) ?? (entry.apiKeyEnv ? process.env[entry.apiKeyEnv] : undefined);
  const { id, url, model } = entry;
  const keySource = 'use the command Second Thought: Set API Key';
  return { kind: 'url', id, url, model: model ?? null, keySource, ...(apiKey ? { apiKey } : {}) };
}

/** A key belongs to an address too: a folder that reuses an id for another one does not get it. */
export const secretName = ({ id, url }: { id: string; url: string }) => `server:${id} ${url.replace(/\/+$/, '')}`;

function uniqueById(entries: ServerEntry[]): ServerEntry[] {
  return entries.filter((entry, at) => entries.findIndex((other) => other.id === entry.id) === at);
}

/** What the folder's file says. Servers in it count only once they are accepted; `ask: false` leaves them out till then. */
async function folderConfig({ ask } = { ask: true }): Promise<ConfigFile> {
  const folder = vscode.workspace.workspaceFolders?.find(({ uri }) => uri.scheme === 'file')?.uri.fsPath;
  if (!folder || !vscode.workspace.isTrusted) return {};
  const config = await readConfig(path.join(folder, folderConfigName));
  const acceptance = new Acceptance();
  if (await acceptance.isAccepted(folder, config)) return config;
  if (ask && (await isAcceptedNow(config))) {
    await acceptance.accept(folder, config);
    return config;
  }
  const { servers: _, ...rest } = config;
  return rest;
}

async function isAcceptedNow(config: ConfigFile): Promise<boolean> {
  const accept = 'Accept';
  const without = 'Go On Without';
  const choice = await vscode.window.showWarningMessage(
    `This folder’s ${folderConfigName} names servers. Accept them only if you trust where the folder comes from.`,
    { modal: true, detail: `Requests, and the keys named here, could be sent to:\n\n${describeServers(config)}` },
    accept,
    without,
  );
  if (choice === undefined) throw new SecondThoughtError('cancelled', 'Stopped.');
  return choice === accept;
}
