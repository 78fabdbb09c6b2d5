import { createHash } from 'node:crypto';
import { homedir } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import type { SecondThoughtError } from '../base/errors';
import { readTextFile, writeWholeFile } from '../base/files';
import { parseYaml } from '../base/yamlFile';
import { type Condition, presetSchema } from '../forcing/condition';
import { graderSchema } from '../grade/graderSpec';
import { dialectSchema } from '../inference/dialects';
import { hostSpecSchema } from '../jobs/hostSpec';
import { serverEntrySchema } from '../servers/serverSpec';
import { alternativesSchema } from '../traces/logprobs';

/** `second-thought.config.yaml` in a folder, `config.yaml` of the user: the same names as the settings of VS Code. */
export const folderConfigName = 'second-thought.config.yaml';

export const configFileSchema = z.strictObject({
  /** Id of the server to use. */
  server: z.string().min(1).optional(),
  servers: z.array(serverEntrySchema).optional(),
  /** Dialects of the user's own, for `--dialect` and for the servers above. */
  dialects: z.array(dialectSchema).optional(),
  /** Where jobs run, besides this machine and the names in ~/.ssh/config. */
  hosts: z.array(hostSpecSchema).optional(),
  ignore: z.int().nonnegative().optional(),
  cue: z.string().optional(),
  maxThinkingTokens: z
    .union([z.int().nonnegative(), z.literal('auto')])
    .nullable()
    .optional(),
  /** For what `force` makes, and for studies that name none. */
  grader: graderSchema.optional(),
  preset: presetSchema.optional(),
  temperature: z.number().min(0).max(2).optional(),
  seed: z.int().nonnegative().optional(),
  samples: z.int().min(1).max(64).optional(),
  /** Log-probabilities of what is generated are kept, with so many alternatives; 0: they are not. */
  logprobs: alternativesSchema.optional(),
});
export type ConfigFile = z.infer<typeof configFileSchema>;

/** @throws SecondThoughtError `invalid-file`, naming line and field */
export const parseConfig = (text: string, from: string): ConfigFile => parseYaml(text, configFileSchema, from);

/** The configuration in a file; empty where there is no such file. */
export async function readConfig(file: string): Promise<ConfigFile> {
  const text = await readTextFile(file).catch((error: unknown) => {
    const { cause } = error as SecondThoughtError;
    if (cause instanceof Error && 'code' in cause && cause.code === 'ENOENT') return '';
    throw error;
  });
  return parseConfig(text, path.basename(file));
}

/** A dialect by its name, if a configuration file describes it; else the name, for a built-in one. */
export function dialectNamed(name: string, { dialects = [] }: ConfigFile): Condition['dialect'] {
  return dialects.find((dialect) => dialect.name === name) ?? name;
}

/** Where the user's own `config.yaml` and `accepted.json` are: `SECOND_THOUGHT_HOME`, else the platform's place. */
export function userConfigFolder(env: NodeJS.ProcessEnv = process.env, platform = process.platform): string {
  if (env.SECOND_THOUGHT_HOME) return env.SECOND_THOUGHT_HOME;
  if (platform === 'win32')
    return path.join(env.APPDATA ?? path.join(homedir(), 'AppData', 'Roaming'), 'second-thought');
  if (platform === 'darwin') return path.join(homedir(), 'Library', 'Application Support', 'second-thought');
  return path.join(env.XDG_CONFIG_HOME ?? path.join(homedir(), '.config'), 'second-thought');
}

/**
 * A folder comes from anywhere, so what its file says about where requests go, which key they carry and what runs on hosts counts
 * only once the user has accepted it: each value once per folder. A changed value is a new one.
 */
export class Acceptance {
  readonly #file: string;

  constructor(file = path.join(userConfigFolder(), 'accepted.json')) {
    this.#file = file;
  }

  /** Whether this folder may name these servers and hosts. A file that names none needs no acceptance. */
  async isAccepted(folder: string, config: ConfigFile): Promise<boolean> {
    return (!config.servers?.length && !config.hosts?.length) || (await this.#read()).includes(keyOf(folder, config));
  }

  async accept(folder: string, config: ConfigFile): Promise<void> {
    const accepted = new Set(await this.#read()).add(keyOf(folder, config));
    await writeWholeFile(this.#file, `${JSON.stringify([...accepted], null, 1)}\n`);
  }

  async #read(): Promise<string[]> {
    const text = await readTextFile(this.#file).catch(() => '[]');
    try {
      return z.array(z.string()).parse(JSON.parse(text));
    } catch {
      return []; // then everything has to be accepted again, which is safe
    }
  }
}

function keyOf(folder: string, { servers, hosts }: ConfigFile): string {
  return createHash('sha256')
    .update(JSON.stringify([path.resolve(folder), servers, ...(hosts?.length ? [hosts] : [])]))
    .digest('hex');
}

/** What has to be accepted, for people: one line per server and host. */
export function describeServers({ servers = [], hosts = [] }: ConfigFile): string {
  return [
    ...servers.map(({ id, url, apiKeyEnv }) => `${id}: ${url}${apiKeyEnv ? ` with the key in ${apiKeyEnv}` : ''}`),
    ...hosts.map(({ id, ssh = 'this machine', setup, prefix, keysFrom }) => {
      const runs = [...setup, prefix.join(' ')].filter((line) => line !== '').join('; ');
      const keys = keysFrom.length > 0 ? `, given ${keysFrom.join(', ')}` : '';
      return `${id}: jobs on ${ssh}${runs ? ` after ${runs}` : ''}${keys}`;
    }),
  ].join('\n');
}
