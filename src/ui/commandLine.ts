import { type ChildProcessWithoutNullStreams, spawn } from 'node:child_process';
import { homedir } from 'node:os';
import path from 'node:path';
import { createInterface } from 'node:readline';
import type * as vscode from 'vscode';
import type * as z from 'zod';
import { SecondThoughtError } from '../core/base/errors';

/** The command line that ships with the extension, run as a process of its own: what takes long or waits is not done in this one. */
export interface CommandLine {
  /** Root of the extension: holds `dist/cli.cjs`. */
  readonly extensionPath: string;
}

interface CallOptions {
  /** The folder whose configuration counts. */
  cwd?: string;
  signal?: AbortSignal;
}

/** Program and words, for processes and terminals. */
export function cliWords({ extensionPath }: CommandLine, words: readonly string[]) {
  return {
    command: process.execPath,
    args: [path.join(extensionPath, 'dist', 'cli.cjs'), ...words],
    env: { ELECTRON_RUN_AS_NODE: '1' },
  };
}

function start(
  cli: CommandLine,
  words: readonly string[],
  { cwd = homedir(), env: more = {} }: { cwd?: string | undefined; env?: NodeJS.ProcessEnv } = {},
): ChildProcessWithoutNullStreams {
  const { command, args, env } = cliWords(cli, words);
  return spawn(command, args, { cwd, env: { ...process.env, ...env, ...more } });
}

/**
 * Calls a command that prints one JSON document.
 * @throws SecondThoughtError the one that the command reports; `cancelled`
 */
export async function askCli<Schema extends z.ZodType>(
  cli: CommandLine,
  words: readonly string[],
  schema: Schema,
  { cwd, signal }: CallOptions = {},
): Promise<z.output<Schema>> {
  const child = start(cli, [...words.slice(0, 1), ...withJson(words.slice(1))], { cwd });
  child.stdin.end();
  const stop = () => child.kill('SIGTERM');
  signal?.addEventListener('abort', stop, { once: true });
  const [out, said] = [collect(child.stdout), collect(child.stderr)];
  const code = await new Promise<number | null>((resolve) => {
    child.once('error', () => resolve(1));
    child.once('close', resolve);
  });
  signal?.removeEventListener('abort', stop);
  if (signal?.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
  if (code !== 0) throw failureIn(said());
  return schema.parse(JSON.parse(out()));
}

/** Before `--`, behind which words are a job's own. */
function withJson(words: readonly string[]): string[] {
  const at = words.indexOf('--');
  return at < 0 ? [...words, '--json'] : [...words.slice(0, at), '--json', ...words.slice(at)];
}

function collect(stream: NodeJS.ReadableStream): () => string {
  const pieces: Buffer[] = [];
  stream.on('data', (piece: Buffer) => pieces.push(piece));
  return () => Buffer.concat(pieces).toString('utf8');
}

/** The last error among the lines that a process printed for programs. */
export function failureIn(text: string): SecondThoughtError {
  for (const line of text.trim().split('\n').reverse()) {
    try {
      const { error } = JSON.parse(line);
      return new SecondThoughtError(error.code, error.message, { remedy: error.remedy });
    } catch {
      // not the line that is looked for
    }
  }
  const end = text.trim().split('\n').at(-1)?.slice(0, 300);
  return new SecondThoughtError('internal', `The command line ended without an answer. ${end ?? ''}`.trim());
}

/** A line of a command that prints JSON lines; undefined if it is not of that kind. */
export function parseLine<Schema extends z.ZodType>(schema: Schema, line: string): z.output<Schema> | undefined {
  try {
    return schema.safeParse(JSON.parse(line)).data;
  } catch {
    return undefined;
  }
}

export interface FollowHandlers {
  onLine(line: string): void;
  /** Its end, with the reason where it failed. Not told of one that was disposed. */
  onEnd?(failure: SecondThoughtError | undefined): void;
}

/** A command that goes on, line by line, until it is disposed of: at the end of this process it ends too. */
export class FollowedCommand implements vscode.Disposable {
  readonly #child: ChildProcessWithoutNullStreams;
  #isDisposed = false;

  constructor(cli: CommandLine, words: readonly string[], { onLine, onEnd }: FollowHandlers) {
    this.#child = start(cli, words, { env: { SECOND_THOUGHT_ATTACHED: '1' } });
    this.#child.stdin.on('error', () => {}); // its end is told below
    createInterface({ input: this.#child.stdout }).on('line', (line) => {
      if (!this.#isDisposed) onLine(line);
    });
    const said = collect(this.#child.stderr);
    this.#child.once('error', () => {}); // its close follows
    this.#child.once('close', (code) => {
      if (!this.#isDisposed) onEnd?.(code === 0 ? undefined : failureIn(said()));
    });
  }

  /** A line on its standard input. */
  tell(line: string): void {
    if (!this.#isDisposed) this.#child.stdin.write(`${line}\n`);
  }

  dispose(): void {
    this.#isDisposed = true;
    this.#child.stdin.end();
    this.#child.kill('SIGTERM');
  }
}
