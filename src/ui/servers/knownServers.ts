import path from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { SecondThoughtError } from '../../core/base/errors';
import { dialectNamed, readConfig, userConfigFolder } from '../../core/config/configFile';
import type { Condition } from '../../core/forcing/condition';
import { type GraderSpec, isMatcher } from '../../core/grade/graderSpec';
import {
  bundledServer,
  type ServerEntry,
  type ServerSpec,
  serverEntrySchema,
  usualDialect,
} from '../../core/servers/serverSpec';
import type { Trace } from '../../core/traces/trace';
import { folderConfig } from '../folderConfig';
import { settingsSection } from '../ids';
import type { WorkspaceMemory } from '../memory';
import { refuseUntrusted } from '../trust';

export interface ServerSources {
  memory: WorkspaceMemory;
  secrets: vscode.SecretStorage;
}

/** A server that requests can go to; the bundled model has no entry. */
export interface ChosenServer {
  server: ServerSpec;
  entry: ServerEntry | undefined;
  /** How its model writes thinking. */
  dialect: Condition['dialect'];
}

const userConfig = () => readConfig(path.join(userConfigFolder(), 'config.yaml'));

/**
 * The servers there are, besides the bundled model: those of the settings, of the user's own file, and of the folder's
 * file once they are accepted. With `ask` the user is asked to accept them now.
 */
export async function knownServers({ ask } = { ask: false }): Promise<ServerEntry[]> {
  const user = await userConfig();
  const folder = await folderConfig({ ask });
  return uniqueById([...settingsServers(), ...(user.servers ?? []), ...(folder.servers ?? [])]);
}

/** What the user settings hold; entries that are not servers are named, never dropped in silence. */
export function settingsServers(): ServerEntry[] {
  const parsed = z
    .array(serverEntrySchema)
    .safeParse(vscode.workspace.getConfiguration(settingsSection).get<unknown>('servers', []));
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SecondThoughtError(
    'bad-usage',
    `The setting ${settingsSection}.servers cannot be used: ${issue?.path.join('.')}: ${issue?.message}.`,
    { remedy: 'Each server needs "id" and "url", for example { "id": "gpu01", "url": "http://gpu01:8000/v1" }.' },
  );
}

/** Id of the server that requests go to. */
export async function activeServerId({ memory }: Pick<ServerSources, 'memory'>): Promise<string> {
  const folder = await folderConfig({ ask: false });
  return (
    memory.server ?? folder.server ?? vscode.workspace.getConfiguration(settingsSection).get('server', bundledServer.id)
  );
}

/**
 * The server of that name, or with that address.
 * @throws SecondThoughtError `bad-usage`, `cancelled` (the folder's servers were not accepted)
 */
export async function serverById(
  sources: ServerSources,
  id: string,
  missing = notKnown(id),
  url?: string,
): Promise<ChosenServer> {
  refuseUntrusted();
  if (id === bundledServer.id) return { server: bundledServer, entry: undefined, dialect: usualDialect };
  const isMeant = (known: ServerEntry) => known.id === id || (url !== undefined && sameAddress(known.url, url));
  const entry = (await knownServers()).find(isMeant) ?? (await knownServers({ ask: true })).find(isMeant);
  if (!entry) throw missing;
  const dialect = await findUserDialect(entry.dialect ?? usualDialect);
  return { server: await specOf(entry, sources.secrets), entry, dialect };
}

/** A dialect of the user's own file or of the folder's, else the name of a built-in one. */
async function findUserDialect(name: string): Promise<Condition['dialect']> {
  const [user, folder] = [await userConfig(), await folderConfig({ ask: false })];
  return dialectNamed(name, { dialects: [...(user.dialects ?? []), ...(folder.dialects ?? [])] });
}

/** The server that a trace came from, so that going on with it never depends on what is chosen now. */
export async function serverOfTrace(sources: ServerSources, { server: { id, model } }: Trace): Promise<ServerSpec> {
  const missing = new SecondThoughtError(
    'bad-usage',
    `The server "${id}" that this trace came from is not known any more.`,
    { remedy: 'Use Second Thought: Add Server to name it again.' },
  );
  const { server } = await serverById(sources, id, missing);
  return server.kind === 'url' ? { ...server, model } : server;
}

/** Where a grader that asks a language model asks it; undefined for all others. @throws SecondThoughtError as `serverById` */
export async function judgeOf(
  sources: ServerSources,
  grader: GraderSpec | undefined,
): Promise<ChosenServer | undefined> {
  if (grader === undefined || !isMatcher(grader)) return undefined;
  const { server: id, model } = grader;
  const missing = new SecondThoughtError('bad-usage', `The grader asks the server "${id}", which is not known.`, {
    remedy: 'Use Second Thought: Add Server to name it, or choose another grader.',
  });
  const chosen = await serverById(sources, id, missing);
  const { server } = chosen;
  return model === undefined || server.kind !== 'url' ? chosen : { ...chosen, server: { ...server, model } };
}

/** The same, as a field of a request about a trace. */
export async function judgeField(
  sources: ServerSources,
  { grader }: Pick<Trace, 'grader'>,
): Promise<{ judge?: ServerSpec }> {
  const judge = await judgeOf(sources, grader);
  return judge ? { judge: judge.server } : {};
}

const sameAddress = (a: string, b: string) => bare(a) === bare(b);
const bare = (url: string) => url.replace(/\/+$/, '').replace(/\/v1$/, '');

function notKnown(id: string): SecondThoughtError {
  return new SecondThoughtError('bad-usage', `There is no server named "${id}".`, {
    remedy: 'Use Second Thought: Select Server, or Add Server.',
  });
}

/** An entry with its key: from the secret storage, else from the environment. */
async function specOf(entry: ServerEntry, secrets: vscode.SecretStorage): Promise<ServerSpec> {
  const apiKey = (await secrets.get(secretName(entry))) ?? (entry.apiKeyEnv ? process.env[entry.apiKeyEnv] : undefined);
  const { id, url, model, contextLength } = entry;
  const keySource = 'use the command Second Thought: Set API Key';
  const context = contextLength === undefined ? {} : { contextLength };
  return { kind: 'url', id, url, model: model ?? null, keySource, ...context, ...(apiKey ? { apiKey } : {}) };
}

/** A key belongs to an address too: a folder that reuses an id for another one does not get it. */
export const secretName = ({ id, url }: { id: string; url: string }) => `server:${id} ${url.replace(/\/+$/, '')}`;

function uniqueById(entries: ServerEntry[]): ServerEntry[] {
  return entries.filter((entry, at) => entries.findIndex((other) => other.id === entry.id) === at);
}
