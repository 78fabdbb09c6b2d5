import { type ChildProcess, fork } from 'node:child_process';
import path from 'node:path';
import * as vscode from 'vscode';
import { type ErrorCode, SecondThoughtError } from '../core/base/errors';
import type { Trace } from '../core/traces/trace';
import {
  type EngineMessage,
  type EngineRequest,
  type EngineResult,
  engineEnvironment,
  engineMessageSchema,
} from '../protocol/engine';
import { refuseUntrusted } from './trust';

type Notification = Extract<EngineMessage, { traceId: string }>;
/** A request without its number. */
type Ask = EngineRequest extends infer R ? (R extends EngineRequest ? Omit<R, 'requestId'> : never) : never;

interface Pending {
  resolve(result: EngineResult): void;
  reject(error: Error): void;
}

/**
 * The extension host's end of the engine. The process starts at the first request and anew after a crash; it ends with
 * the window, and itself when the channel closes.
 */
export class EngineClient implements vscode.Disposable {
  readonly #root: string;
  readonly #scratchFolder: string;
  readonly #log: vscode.LogOutputChannel;
  readonly #notified = new vscode.EventEmitter<Notification>();
  readonly #traceCame = new vscode.EventEmitter<Trace>();
  readonly #died = new vscode.EventEmitter<void>();
  readonly #pending = new Map<number, Pending>();
  #child: ChildProcess | undefined;
  #lastRequest = 0;

  readonly onNotification = this.#notified.event;
  /** A reply held a trace. Fired before its first event can arrive, which awaiting the reply would not guarantee. */
  readonly onTrace = this.#traceCame.event;
  /** The process ended without being asked to: whatever it was generating is interrupted. */
  readonly onDied = this.#died.event;

  constructor(root: string, scratchFolder: string, log: vscode.LogOutputChannel) {
    this.#root = root;
    this.#scratchFolder = scratchFolder;
    this.#log = log;
  }

  /** @param signal cancels the request: it then fails with `cancelled` */
  async ask(request: Ask, signal?: AbortSignal): Promise<EngineResult> {
    refuseUntrusted();
    const requestId = ++this.#lastRequest;
    const child = this.#child ?? this.#start();
    const cancel = () => void this.#cancel(requestId);
    signal?.addEventListener('abort', cancel, { once: true });
    const reply = new Promise<EngineResult>((resolve, reject) => {
      this.#pending.set(requestId, { resolve, reject });
      child.send({ ...request, requestId }, (error) => {
        if (error) this.#fail(requestId, gone());
      });
    });
    return reply.finally(() => signal?.removeEventListener('abort', cancel));
  }

  /** Ends the process once it has settled its journals; the next request starts a new one. */
  async stop(): Promise<void> {
    const child = this.#child;
    if (!child) return;
    this.#child = undefined;
    for (const requestId of [...this.#pending.keys()])
      this.#fail(requestId, new SecondThoughtError('cancelled', 'Stopped.'));
    const gone = new Promise((resolve) => child.once('exit', resolve));
    child.disconnect();
    await gone;
    this.#died.fire();
  }

  async #cancel(target: number): Promise<void> {
    if (this.#pending.has(target)) await this.ask({ type: 'cancel', target });
  }

  /** The engine's process id while it runs. */
  get pid(): number | undefined {
    return this.#child?.pid;
  }

  dispose(): void {
    const child = this.#child;
    this.#child = undefined;
    child?.disconnect(); // it settles its journals and ends
    this.#notified.dispose();
    this.#traceCame.dispose();
    this.#died.dispose();
  }

  #start(): ChildProcess {
    const child = fork(path.join(this.#root, 'dist', 'engine.cjs'), {
      execArgv: [],
      env: {
        ...process.env,
        ELECTRON_RUN_AS_NODE: '1',
        [engineEnvironment.packageRoot]: this.#root,
        [engineEnvironment.scratchFolder]: this.#scratchFolder,
      },
      stdio: ['ignore', 'pipe', 'pipe', 'ipc'],
    });
    this.#child = child;
    this.#log.info(`engine started (process ${child.pid})`);
    child.stderr?.on('data', (text) => this.#log.warn(`engine: ${String(text).trimEnd()}`));
    child.on('message', (message) => this.#receive(message));
    child.on('error', (error) => {
      this.#log.error(`engine: ${error.message}`);
      if (child.pid === undefined) this.#ended(child, 'could not be started'); // then there is no exit event
    });
    child.on('exit', (code, signal) => this.#ended(child, `ended (${signal ?? code})`));
    return child;
  }

  #ended(child: ChildProcess, how: string): void {
    if (this.#child !== child) return;
    this.#child = undefined;
    this.#log.error(`engine ${how}`);
    for (const requestId of [...this.#pending.keys()]) this.#fail(requestId, gone());
    this.#died.fire();
  }

  #receive(raw: unknown): void {
    const parsed = engineMessageSchema.safeParse(raw);
    if (!parsed.success) {
      this.#log.error(`engine sent a message that is not in the protocol: ${parsed.error.message}`);
      return;
    }
    const message = parsed.data;
    switch (message.type) {
      case 'reply':
        if (message.result.trace) this.#traceCame.fire(message.result.trace);
        for (const fork of message.result.forks ?? []) this.#traceCame.fire(fork);
        this.#pending.get(message.requestId)?.resolve(message.result);
        this.#pending.delete(message.requestId);
        return;
      case 'failure': {
        const { code, remedy } = message.error;
        this.#fail(
          message.requestId,
          new SecondThoughtError(code as ErrorCode, message.error.message, remedy ? { remedy } : {}),
        );
        return;
      }
      case 'log':
        this.#log[message.level](message.text);
        return;
      default:
        this.#notified.fire(message);
    }
  }

  #fail(requestId: number, error: Error): void {
    this.#pending.get(requestId)?.reject(error);
    this.#pending.delete(requestId);
  }
}

function gone(): SecondThoughtError {
  return new SecondThoughtError('internal', 'The engine of Second Thought ended unexpectedly.', {
    remedy: 'Traces that were running are interrupted and can be continued; run the command again to restart it.',
  });
}
