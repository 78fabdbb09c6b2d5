import path from 'node:path';
import { type Command, Option } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { type ConfigFile, dialectNamed } from '../core/config/configFile';
import type { Condition } from '../core/forcing/condition';
import {
  bundledServer,
  isGgufPath,
  type Price,
  type ServerEntry,
  type ServerSpec,
  usualDialect,
} from '../core/servers/serverSpec';
import { fileConfig } from './config';

export interface ServerFlags {
  server?: string;
  apiKeyEnv?: string;
  model?: string;
  deterministic?: boolean;
  dialect?: string;
  acceptConfig?: boolean;
}

/** A server that was chosen, how its model writes thinking, and what the configuration files say besides. */
export interface Choice {
  server: ServerSpec;
  dialect: Condition['dialect'];
  /** Null: not known. What runs on this machine costs nothing. */
  price: Price | null;
  config: ConfigFile;
  /** Month in which the server's model came out, where the configuration says so. */
  released?: string | undefined;
}

/** The flags that choose a server; the same for every command that talks to one. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option(
        '--server <id|url|file>',
        'inference server: its URL, its id in a configuration file, "bundled", or the path of a GGUF file (./x.gguf)',
      ),
    )
    .addOption(new Option('--api-key-env <name>', 'environment variable that holds the API key'))
    .addOption(new Option('--model <name>', 'model to use on that server; without it: the first it lists'))
    .addOption(new Option('--deterministic', 'bundled model: evaluate every sequence alone'))
    .addOption(
      new Option('--accept-config', 'accept the servers that second-thought.config.yaml of this folder names'),
    );
}

const free: Price = { input: 0, output: 0 };

/** The server of the flags, else of the folder's file, else of the user's, else the bundled model. */
export async function chooseServer(flags: ServerFlags): Promise<Choice> {
  const config = await fileConfig(flags.acceptConfig ?? false);
  const name = flags.server ?? config.server ?? bundledServer.id;
  if (name === bundledServer.id) {
    refuseStray(flags);
    return { server: bundledServer, dialect: dialectNamed(flags.dialect ?? usualDialect, config), price: free, config };
  }
  if (isGgufPath(name)) {
    refuseStray(flags);
    const file: ServerSpec = { kind: 'gguf', id: path.resolve(name) };
    return { server: file, dialect: dialectNamed(flags.dialect ?? usualDialect, config), price: free, config };
  }
  const entry: ServerEntry = name.includes('://') ? { id: name, url: name } : entryOf(name, config);
  const dialect = dialectNamed(flags.dialect ?? entry.dialect ?? usualDialect, config);
  return { server: specOf(entry, flags), dialect, price: entry.price ?? null, config, released: entry.released };
}

/** A server by id or URL, as scorers name theirs. @throws SecondThoughtError `bad-usage` */
export function serverNamed(name: string, { config }: Pick<Choice, 'config'>, flags: ServerFlags = {}): ServerSpec {
  if (name === bundledServer.id) return bundledServer;
  return specOf(name.includes('://') ? { id: name, url: name } : entryOf(name, config), flags);
}

function entryOf(id: string, { servers = [] }: ConfigFile): ServerEntry {
  const entry = servers.find((known) => known.id === id);
  if (entry) return entry;
  const known = ['bundled', ...servers.map((server) => server.id)].join(', ');
  throw new SecondThoughtError('bad-usage', `There is no server named "${id}".`, {
    remedy: `Give a URL, or one of: ${known}.`,
  });
}

function specOf(entry: ServerEntry, flags: ServerFlags): ServerSpec {
  const variable = flags.apiKeyEnv ?? entry.apiKeyEnv;
  const apiKey = variable === undefined ? undefined : keyFrom(variable);
  return {
    kind: 'url',
    id: entry.id,
    url: entry.url,
    model: flags.model ?? entry.model ?? null,
    ...(apiKey === undefined ? {} : { apiKey }),
    keySource: variable === undefined ? 'use --api-key-env NAME' : `environment variable ${variable}`,
  };
}

function refuseStray(flags: ServerFlags): void {
  if (flags.model === undefined && flags.apiKeyEnv === undefined) return;
  throw new SecondThoughtError('bad-usage', '--model and --api-key-env belong to a --server, and none is named.', {
    remedy: 'Add --server URL, or leave them out to use the bundled model.',
  });
}

function keyFrom(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new SecondThoughtError('bad-usage', `The environment variable ${name} is not set, so there is no API key.`, {
    remedy: `Set it, for example: export ${name}=…`,
  });
}
