import { type ChildProcess, spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { homedir } from 'node:os';
import { SecondThoughtError } from '../base/errors';

/** What a script of ours did on a host. */
export interface Reply {
  code: number;
  /** Empty where `onOutput` took it. */
  stdout: string;
  stderr: string;
}

export interface ScriptOptions {
  signal?: AbortSignal;
  /** Milliseconds after which the host counts as lost; 60 s without it. */
  timeoutMs?: number;
  /** Takes what the script prints as it comes. */
  onOutput?(bytes: Buffer): void;
}

/** How a host is reached: this machine, or the user's own ssh. */
export interface Transport {
  /** For messages: `gpu01`, `this machine`. */
  readonly name: string;
  /**
   * Runs a POSIX script in the home folder and waits for its end. A script arrives whole or is not run at all, and its reply
   * came whole: everything else is `host-unreachable`.
   * @throws SecondThoughtError `host-unreachable`, `host-refused`, `cancelled`
   */
  run(script: string, options?: ScriptOptions): Promise<Reply>;
  /** The words that run a program over there with the given words, for tar: its input and output are ours. */
  remoteCommand(script: string): { command: string; args: string[] };
  /** For rsync, what replaces its remote shell; undefined where files are on this machine. */
  readonly remoteShell: string[] | undefined;
}

/** Runs the words of a transport; turns how they ended into a reply or one of our errors. */
export async function runScript(
  {
    name,
    command,
    args,
    explain,
  }: {
    name: string;
    command: string;
    args: string[];
    /** A failure of the connection itself, from what ssh said. */
    explain(said: string): SecondThoughtError;
  },
  script: string,
  { signal, timeoutMs = 60_000, onOutput }: ScriptOptions = {},
): Promise<Reply> {
  if (signal?.aborted) throw cancelled(name);
  const mark = `st-${randomBytes(8).toString('hex')}`;
  // A shell of this machine leads a group of its own, so that it can be ended with all that it runs.
  const child = spawn(command, args, { cwd: homedir(), stdio: ['pipe', 'pipe', 'pipe'], detached: command === 'sh' });
  const output = new Marked(mark, onOutput);
  let said = '';
  child.stdout.on('data', (bytes: Buffer) => output.add(bytes));
  child.stderr.on('data', (bytes: Buffer) => {
    said = (said + bytes.toString('utf8')).slice(-200_000);
  });
  child.stdin.on('error', () => {}); // the connection ended before it had taken all; its end says so
  child.stdin.end(wholeOrNothing(script, mark));
  const end = await ended(child, timeoutMs, signal);
  if (end.why === 'cancelled') throw cancelled(name);
  if (end.why === 'timeout') throw lost(name, `no answer within ${Math.round(timeoutMs / 1_000)} s`);
  if (end.why === 'not-started') throw notStarted(command, end.error);
  const done = new RegExp(`(?:^|\\n)${mark} (\\d+)\\n`).exec(said);
  if (!done) throw explain(said.trim());
  return { code: Number(done[1]), stdout: output.text(), stderr: said.slice(0, done.index).trim() };
}

/**
 * A subshell is parsed to its end before any of it runs, so half a script does nothing. The marks tell our output from what
 * login files print, and a reply that came whole from one that was cut.
 */
const wholeOrNothing = (script: string, mark: string) =>
  `printf '%s\\n' ${mark}; (\n${script}\n)\nprintf '\\n%s %s\\n' ${mark} "$?" >&2\n`;

/** Output from the mark on. */
class Marked {
  readonly #mark: Buffer;
  readonly #onOutput: ((bytes: Buffer) => void) | undefined;
  #pieces: Buffer[] = [];
  #began = false;

  constructor(mark: string, onOutput?: (bytes: Buffer) => void) {
    this.#mark = Buffer.from(`${mark}\n`);
    this.#onOutput = onOutput;
  }

  add(bytes: Buffer): void {
    this.#pieces.push(bytes);
    if (!this.#began) {
      const all = Buffer.concat(this.#pieces);
      const at = all.indexOf(this.#mark);
      this.#began = at >= 0;
      this.#pieces = [this.#began ? all.subarray(at + this.#mark.length) : all];
    }
    if (!this.#began || !this.#onOutput) return;
    for (const piece of this.#pieces.splice(0)) if (piece.length > 0) this.#onOutput(piece);
  }

  text(): string {
    return this.#began ? Buffer.concat(this.#pieces).toString('utf8') : '';
  }
}

type End = { why: 'ended' | 'timeout' | 'cancelled' } | { why: 'not-started'; error: Error };

function ended(child: ChildProcess, timeoutMs: number, signal?: AbortSignal): Promise<End> {
  return new Promise((resolve) => {
    let why: 'ended' | 'timeout' | 'cancelled' = 'ended';
    const stop = (reason: 'timeout' | 'cancelled') => {
      why = reason;
      stopGroup(child);
      child.stdout?.destroy(); // what it left behind must not hold us
      child.stderr?.destroy();
    };
    const timer = setTimeout(() => stop('timeout'), timeoutMs);
    const abort = () => stop('cancelled');
    signal?.addEventListener('abort', abort, { once: true });
    const settle = (end: End) => {
      clearTimeout(timer);
      signal?.removeEventListener('abort', abort);
      resolve(end);
    };
    child.on('error', (error) => settle({ why: 'not-started', error }));
    child.on('close', () => settle({ why }));
  });
}

/** A shell alone would leave the programs that it runs. */
function stopGroup(child: ChildProcess): void {
  try {
    if (child.pid !== undefined && child.spawnargs[0] === 'sh') process.kill(-child.pid, 'SIGTERM');
    else child.kill('SIGTERM');
  } catch {
    // it has ended already
  }
}

const cancelled = (name: string) => new SecondThoughtError('cancelled', `The work on ${name} was stopped.`);

export const lost = (name: string, why: string) =>
  new SecondThoughtError('host-unreachable', `The connection to ${name} was lost or could not be made (${why}).`, {
    remedy: 'Try again: what was begun there is found again, and nothing is started twice.',
  });

function notStarted(command: string, cause: Error): SecondThoughtError {
  return new SecondThoughtError('host-unreachable', `The program ${command} could not be started on this machine.`, {
    remedy: `Install it (Debian: apt-get install ${command === 'ssh' ? 'openssh-client' : command}).`,
    cause,
  });
}

/** This machine. */
export const hereTransport: Transport = {
  name: 'this machine',
  remoteShell: undefined,
  run: (script, options) =>
    runScript(
      {
        name: 'this machine',
        command: 'sh',
        args: ['-s'],
        explain: (said) => lost('this machine', said || 'sh ended'),
      },
      script,
      options,
    ),
  remoteCommand: (script) => ({ command: 'sh', args: ['-c', script] }),
};
