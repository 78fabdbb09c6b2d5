import { spawn } from 'node:child_process';
import { closeSync, mkdirSync, openSync } from 'node:fs';
import path from 'node:path';
import { SecondThoughtError } from '../../core/base/errors';
import { readTextFile } from '../../core/base/files';
import type { ChosenServer } from '../servers/knownServers';

/** Environment variable that carries the key to the process: never an argument, which others can read. */
const keyVariable = 'SECOND_THOUGHT_STUDY_KEY';
/** A run that fails at once says so within this time. */
const watchedMs = 3_000;

interface Start {
  /** Root of the extension: holds `dist/cli.cjs`. */
  extensionPath: string;
  /** What follows `second-thought`. */
  words: string[];
  chosen: ChosenServer;
  /** Servers that are named by id besides. */
  named?: readonly ChosenServer[];
  /** Where what it prints goes. */
  logFile: string;
}

/**
 * Starts a command, `run` or `curate run`, as a process of its own: it goes on when the window is reloaded or closed, and its folder says
 * how far it is.
 * @throws SecondThoughtError `server-error` with what it printed, if it ends at once with an error
 */
export async function startCliProcess({
  extensionPath,
  words,
  chosen,
  named = [],
  logFile,
}: Start): Promise<number | undefined> {
  mkdirSync(path.dirname(logFile), { recursive: true });
  const log = openSync(logFile, 'w');
  const program = path.join(extensionPath, 'dist', 'cli.cjs');
  const { words: serverWords, env } = serverArguments(chosen);
  const child = spawn(process.execPath, [program, ...words, ...serverWords, '--json'], {
    cwd: path.dirname(logFile),
    detached: true,
    stdio: ['ignore', 'ignore', log],
    env: { ...process.env, ELECTRON_RUN_AS_NODE: '1', ...env, ...namedServers(named) },
  });
  closeSync(log);
  child.unref();
  const code = await new Promise<number | null>((resolve) => {
    const timer = setTimeout(() => resolve(null), watchedMs);
    child.once('error', () => resolve(1));
    child.once('exit', (status) => {
      clearTimeout(timer);
      resolve(status);
    });
  });
  if (code) throw await failureIn(logFile);
  return child.pid;
}

function serverArguments({ server }: ChosenServer): { words: string[]; env: Record<string, string> } {
  if (server.kind !== 'url') return { words: ['--server', server.id], env: {} };
  const model = server.model === null ? [] : ['--model', server.model];
  const key = server.apiKey === undefined ? [] : ['--api-key-env', keyVariable];
  const env: Record<string, string> = server.apiKey === undefined ? {} : { [keyVariable]: server.apiKey };
  return { words: ['--server', server.url, ...model, ...key], env };
}

/** Servers of this window for a process that reads `config.yaml` only: addresses as JSON, each key in a variable of its own. */
function namedServers(named: readonly ChosenServer[]): Record<string, string> {
  const env: Record<string, string> = {};
  const entries = named.flatMap(({ server, entry }, at) => {
    if (server.kind !== 'url') return [];
    const apiKeyEnv = `${keyVariable}_${at}`;
    if (server.apiKey !== undefined) env[apiKeyEnv] = server.apiKey;
    const { id, url, model } = server;
    const own = {
      ...(model === null ? {} : { model }),
      ...(entry?.dialect ? { dialect: entry.dialect } : {}),
      ...(entry?.price ? { price: entry.price } : {}),
    };
    return [{ id, url, ...own, ...(server.apiKey === undefined ? {} : { apiKeyEnv }) }];
  });
  return entries.length === 0 ? {} : { ...env, SECOND_THOUGHT_SERVERS: JSON.stringify(entries) };
}

/** The last error that the process printed: one JSON line. */
async function failureIn(logFile: string): Promise<SecondThoughtError> {
  const text = await readTextFile(logFile).catch(() => '');
  for (const line of text.trim().split('\n').reverse()) {
    try {
      const { error } = JSON.parse(line);
      return new SecondThoughtError(error.code, error.message, { remedy: error.remedy });
    } catch {
      // not the line that is looked for
    }
  }
  return new SecondThoughtError('internal', 'The process that was started ended at once.', {
    remedy: `What it printed is in ${logFile}.`,
  });
}
