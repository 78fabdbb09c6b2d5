import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { access } from 'node:fs/promises';
import { createInterface } from 'node:readline';
import * as z from 'zod';
import { systemClock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { type MachineFacts, thisMachine, whyNotOn } from './nativePart';

export interface LocalServerOptions {
  /** Path of the bundle `localServer.cjs`. */
  program: string;
  /** Path of a GGUF file. */
  modelFile: string;
  /** Name under which the model is served; without it the file's. */
  modelName?: string;
  /** Port on 127.0.0.1; without it a free one. */
  port?: number;
  /** Evaluates every sequence alone. */
  deterministic?: boolean;
  /** Tokens; without it what the model was trained for, at most 8192. */
  contextLength?: number;
  /** Generations at the same time; 8 without it. */
  sequences?: number;
  /** Ends the start, and the server if it runs already. */
  signal?: AbortSignal;
  /** The machine to judge before anything starts; this one without it. */
  machine?: MachineFacts;
}

/** A running local server. It ends when the process that started it ends. */
export interface LocalServerProcess {
  /** Base URL, with `/v1`. */
  url: string;
  apiKey: string;
  modelName: string;
  contextLength: number;
  pid: number;
  /** Ends it; done when it is gone. */
  stop(): Promise<void>;
  /** Calls the listener once when the server is gone, by `stop` or by itself. */
  onExit(listener: () => void): void;
}

const startTimeoutMs = 30_000;
const stopTimeoutMs = 3_000;

const useAnother =
  'Use another server: in VS Code with the command "Second Thought: Add Server", in the terminal with --server. Everything else works.';

/** Lines of the server's standard error that an error message quotes. */
const quotedLines = 5;

const readySchema = z.object({
  ready: z.literal(true),
  url: z.url(),
  model: z.string(),
  contextLength: z.int().positive(),
});

/**
 * Starts the local server and waits until it listens (1 to 2 s for a small model).
 * @throws SecondThoughtError `file-not-found` (no such model file), `invalid-file` (not a GGUF model that llama.cpp
 *   loads), `local-server-unavailable` (llama.cpp does not run on this machine, or the server ended), `cancelled`
 */
export async function startLocalServer(options: LocalServerOptions): Promise<LocalServerProcess> {
  throwIfCancelled(options.signal);
  const whyNot = whyNotOn(options.machine ?? thisMachine());
  if (whyNot) throw unavailable(whyNot, useAnother);
  await checkFiles(options);
  throwIfCancelled(options.signal); // it may have been cancelled meanwhile, and an event that is past does not fire
  const apiKey = randomBytes(32).toString('hex');
  const child = spawn(process.execPath, [options.program, ...toArguments(options)], {
    env: {
      ...process.env,
      ELECTRON_RUN_AS_NODE: '1', // in VS Code execPath is Electron
      SECOND_THOUGHT_SERVER_KEY: apiKey, // not an argument: those are visible to every user of the machine
      NODE_OPTIONS: '',
      // llama.cpp puts the logits of a batch into order when they are first read, without a lock, and node-llama-cpp reads
      // those of several sequences on several threads: with more than one, sequences get each other's logits.
      UV_THREADPOOL_SIZE: '1',
    },
    // The IPC channel carries nothing: it closes when this process ends, and the server then ends too.
    stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
  });
  const gone = new Promise<void>((resolve) => {
    child.once('exit', () => resolve());
    child.once('error', () => resolve());
  });
  try {
    const ready = await waitUntilReady(child, options);
    const stop = () => end(child, gone);
    options.signal?.addEventListener('abort', () => void stop(), { once: true });
    return {
      url: ready.url,
      apiKey,
      modelName: ready.model,
      contextLength: ready.contextLength,
      pid: child.pid ?? 0,
      stop,
      onExit: (listener) => void gone.then(listener),
    };
  } catch (error) {
    await end(child, gone);
    throw error;
  }
}

async function checkFiles({ program, modelFile }: LocalServerOptions): Promise<void> {
  try {
    await access(program);
  } catch (cause) {
    throw unavailable(
      `The local server's program ${program} is missing: this is the command line alone, which runs no model.`,
      'Name a server with --server; or build or install Second Thought again.',
      cause,
    );
  }
  try {
    await access(modelFile);
  } catch (cause) {
    throw new SecondThoughtError('file-not-found', `The model file ${modelFile} does not exist or cannot be read.`, {
      cause,
      remedy: 'Give the path of a GGUF file.',
    });
  }
}

function toArguments(options: LocalServerOptions): string[] {
  const flag = (name: string, value: string | number | undefined) => (value === undefined ? [] : [name, String(value)]);
  return [
    ...flag('--model', options.modelFile),
    ...flag('--model-name', options.modelName),
    ...flag('--port', options.port),
    ...flag('--context', options.contextLength),
    ...flag('--sequences', options.sequences),
    ...(options.deterministic ? ['--deterministic'] : []),
  ];
}

function waitUntilReady(child: ChildProcess, options: LocalServerOptions): Promise<z.infer<typeof readySchema>> {
  const said: string[] = [];
  return new Promise((resolve, reject) => {
    const settle = (finish: () => void) => {
      cancelTimer();
      options.signal?.removeEventListener('abort', onAbort);
      finish();
    };
    const onAbort = () => settle(() => reject(cancelled()));
    const cancelTimer = systemClock.after(startTimeoutMs, () => {
      const seconds = startTimeoutMs / 1000;
      const message = `The local server did not start within ${seconds} seconds.${quote(said)}`;
      settle(() => reject(unavailable(message, `Try again. ${useAnother}`)));
    });
    options.signal?.addEventListener('abort', onAbort, { once: true });
    child.once('error', (cause) => settle(() => reject(notStarted(cause))));
    // `close` and not `exit`: the last lines of standard error are there by then.
    child.once('close', (code) => settle(() => reject(endedEarly(code, said, options))));
    if (child.stderr) createInterface({ input: child.stderr }).on('line', (line) => remember(said, line));
    if (!child.stdout) return;
    createInterface({ input: child.stdout }).on('line', (line) => {
      const ready = readySchema.safeParse(parseJson(line));
      if (ready.success) settle(() => resolve(ready.data));
    });
  });
}

function remember(said: string[], line: string): void {
  if (line.trim()) said.push(line.trim().slice(0, 300));
  if (said.length > quotedLines) said.shift();
}

/** Exit codes of `src/localServer/main.ts`: 3 no native part, 4 no usable model. */
function endedEarly(code: number | null, said: string[], { modelFile }: LocalServerOptions): SecondThoughtError {
  if (code === 4) {
    return new SecondThoughtError('invalid-file', `The model file ${modelFile} cannot be loaded.${quote(said)}`, {
      remedy: 'Give a GGUF file that llama.cpp can load.',
    });
  }
  if (code === 3) {
    return unavailable(
      `The native part of llama.cpp does not run on this machine.${quote(said)}`,
      `It needs a Second Thought that was made for this platform and, on Linux, libstdc++ of GCC 12 or newer. ${useAnother}`,
    );
  }
  const how = code === null ? 'was killed' : `ended with code ${code}`;
  return unavailable(`The local server ${how} before it was ready.${quote(said)}`, useAnother);
}

function notStarted(cause: Error): SecondThoughtError {
  return unavailable(`The local server could not be started (${cause.message}).`, useAnother, cause);
}

function unavailable(message: string, remedy: string, cause?: unknown): SecondThoughtError {
  return new SecondThoughtError('local-server-unavailable', message, {
    remedy,
    ...(cause === undefined ? {} : { cause }),
  });
}

function cancelled(): SecondThoughtError {
  return new SecondThoughtError('cancelled', 'Stopped.');
}

function throwIfCancelled(signal: AbortSignal | undefined): void {
  if (signal?.aborted) throw cancelled();
}

function quote(said: readonly string[]): string {
  return said.length === 0 ? '' : ` It said: ${said.join(' | ')}`;
}

function parseJson(line: string): unknown {
  try {
    return JSON.parse(line);
  } catch {
    return undefined;
  }
}

/** Asks it to end, and makes it end if it does not. */
async function end(child: ChildProcess, gone: Promise<void>): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null || child.pid === undefined) return;
  child.kill('SIGTERM');
  const cancelTimer = systemClock.after(stopTimeoutMs, () => child.kill('SIGKILL'));
  await gone;
  cancelTimer();
}
