import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { connect, createServer } from 'node:net';
import { type Clock, systemClock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import type { JobHost } from './jobHost';
import type { JobRecord } from './jobSpec';
import { isOver } from './jobState';
import { refuseDash } from './shellQuote';

/** A server that a job runs, as it is reached from this machine. */
export interface ServedModel {
  /** Base URL, with `/v1`. */
  url: string;
  apiKey: string;
  model: string;
  /** Ends the tunnel, not the job. */
  close(): void;
}

/**
 * Waits until the server of a job answers, and makes a way to it: over the host, and with Slurm on to the node where it runs. The
 * way is made again whenever it breaks, on the same local port, until it is closed.
 * @throws SecondThoughtError `server-unreachable` if the job ended before its server answered
 */
export async function reachServer(
  host: JobHost,
  record: JobRecord,
  signal: AbortSignal,
  clock: Clock = systemClock,
): Promise<ServedModel> {
  const { node, port } = await serverAddress(host, record, signal, clock);
  const environment = await host.read(record.id, 'env', { signal });
  const apiKey = /^export VLLM_API_KEY='([\w-]+)'$/m.exec(environment)?.[1] ?? '';
  const model = record.spec.name ?? 'model';
  if (host.spec.ssh === undefined && host.spec.scheduler === 'process') {
    return { url: `http://127.0.0.1:${port}/v1`, apiKey, model, close: () => {} };
  }
  const local = await freePort();
  const login = (await host.ask('hostname', { signal })).trim();
  const tunnel = new Tunnel(
    wordsOf(host, node === login ? undefined : node),
    `127.0.0.1:${local}:127.0.0.1:${port}`,
    clock,
  );
  await tunnel.opened(local, signal);
  return { url: `http://127.0.0.1:${local}/v1`, apiKey, model, close: () => tunnel.close() };
}

async function serverAddress(
  host: JobHost,
  record: JobRecord,
  signal: AbortSignal,
  clock: Clock,
): Promise<{ node: string; port: number }> {
  for (;;) {
    const facts = await host.ask(
      `cat 'jobs/${record.id}/status/address' 2>/dev/null; [ -f 'jobs/${record.id}/status/ready' ] && echo ready; true`,
      { signal },
    );
    const found = /^([\w.-]+) (\d{1,5})\nready$/m.exec(facts);
    const status = (await host.states([record], { signal })).get(record.id);
    if (status && isOver(status.state)) {
      throw new SecondThoughtError(
        'server-unreachable',
        `The job ended before its server answered. ${status.sentence}`,
        {
          remedy: `Read its log: second-thought jobs logs ${record.id.slice(-8)}`,
        },
      );
    }
    if (found) return { node: refuseDash(found[1] ?? '', 'The node'), port: Number(found[2]) };
    await new Promise<void>((resolve) => clock.after(2_000, resolve));
  }
}

/** The words of ssh to the machine of the server: the host itself, or a node behind it. */
function wordsOf({ transport, spec }: JobHost, node: string | undefined): { options: string[]; target: string } {
  const options = (transport.remoteShell ?? ['ssh']).slice(1);
  if (node === undefined || spec.ssh === undefined) return { options, target: node ?? transport.name };
  return { options: [...options, '-o', `ProxyJump=${transport.name}`], target: node };
}

/** A forwarded port that is opened again for as long as it is wanted. */
class Tunnel {
  readonly #words: { options: string[]; target: string };
  readonly #forward: string;
  readonly #clock: Clock;
  #child: ChildProcess | undefined;
  #isClosed = false;

  constructor(words: { options: string[]; target: string }, forward: string, clock: Clock) {
    this.#words = words;
    this.#forward = forward;
    this.#clock = clock;
    this.#open(500);
  }

  #open(nextMs: number): void {
    if (this.#isClosed) return;
    const { options, target } = this.#words;
    const args = [...options, '-N', '-T', '-o', 'ExitOnForwardFailure=yes', '-L', this.#forward, '--', target];
    const startedAt = this.#clock.now();
    const child = spawn('ssh', args, { stdio: 'ignore' });
    this.#child = child;
    const again = () => {
      const lived = this.#clock.now() - startedAt > 60_000;
      this.#clock.after(lived ? 500 : nextMs, () => this.#open(lived ? 500 : Math.min(30_000, 2 * nextMs)));
    };
    child.once('close', again);
    child.once('error', () => {}); // its close follows
  }

  /** Resolves when the local port takes connections. @throws SecondThoughtError `host-unreachable` after a minute */
  async opened(port: number, signal: AbortSignal): Promise<void> {
    const until = this.#clock.now() + 60_000;
    while (!(await takesConnections(port))) {
      if (signal.aborted || this.#clock.now() > until) {
        this.close();
        const code = signal.aborted ? 'cancelled' : 'host-unreachable';
        throw new SecondThoughtError(code, `No tunnel to ${this.#words.target} could be opened.`, {
          remedy: `Try by hand: ssh -N -L ${this.#forward} ${this.#words.target}`,
        });
      }
      await new Promise<void>((resolve) => this.#clock.after(100, resolve));
    }
  }

  close(): void {
    this.#isClosed = true;
    this.#child?.kill('SIGTERM');
    // A shared connection keeps what it forwards; without one this says so and does nothing.
    const { options, target } = this.#words;
    spawnSync('ssh', [...options, '-O', 'cancel', '-L', this.#forward, '--', target], {
      stdio: 'ignore',
      timeout: 5_000,
    });
  }
}

function takesConnections(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect({ host: '127.0.0.1', port });
    const end = (isOpen: boolean) => {
      socket.destroy();
      resolve(isOpen);
    };
    socket.once('connect', () => end(true)).once('error', () => end(false));
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}
