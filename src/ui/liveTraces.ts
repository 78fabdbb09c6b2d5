import * as vscode from 'vscode';
import { applyEvent, type TraceEvent } from '../core/traces/events';
import type { Trace } from '../core/traces/trace';
import type { EngineClient } from './engineClient';

export interface TraceChange {
  trace: Trace;
  /** Undefined: the trace as a whole is new, or waits. */
  event: TraceEvent | undefined;
}

/** What a running trace waits for, before its first token. */
export interface Waiting {
  waitedMs: number;
  /** Requests in the server's queue, where it tells. */
  waiting: number | null;
}

/** The window's replicas of traces: each is the engine's trace, event by event. */
export class LiveTraces implements vscode.Disposable {
  readonly #engine: EngineClient;
  readonly #traces = new Map<string, Trace>();
  readonly #waiting = new Map<string, Waiting>();
  readonly #changed = new vscode.EventEmitter<TraceChange>();
  readonly #subscriptions: vscode.Disposable[];
  #latest: Trace | undefined;

  readonly onDidChange = this.#changed.event;

  constructor(engine: EngineClient) {
    this.#engine = engine;
    this.#subscriptions = [
      engine.onTrace((trace) => {
        if (!this.#traces.has(trace.id)) this.#traces.set(trace.id, trace); // a known replica has seen more
      }),
      engine.onNotification((message) => {
        const trace = this.#traces.get(message.traceId);
        if (!trace) return;
        if (message.type === 'trace/event') {
          this.#waiting.delete(trace.id);
          applyEvent(trace, message.event);
          this.#changed.fire({ trace, event: message.event });
        } else if (message.type === 'trace/waiting') {
          this.#waiting.set(trace.id, { waitedMs: message.waitedMs, waiting: message.waiting });
          this.#changed.fire({ trace, event: undefined });
        }
      }),
      engine.onDied(() => this.#interruptAll()),
      this.#changed,
    ];
  }

  /** The replica of a trace that the engine has just begun: now the latest one. */
  began(trace: Trace): Trace {
    const replica = this.#traces.get(trace.id) ?? trace;
    this.#latest = replica;
    this.#changed.fire({ trace: replica, event: undefined });
    return replica;
  }

  /** The trace, from here, from the scratch run, or from the run in a folder. */
  async get(traceId: string, run?: string): Promise<Trace> {
    const known = this.#traces.get(traceId);
    if (known) return known;
    const from = run === undefined ? {} : { run };
    const { trace } = await this.#engine.ask({ type: 'read', traceId, ...from });
    if (!trace) throw new Error(`the engine gave no trace ${traceId}`);
    return this.#traces.get(traceId) ?? trace;
  }

  peek(traceId: string): Trace | undefined {
    return this.#traces.get(traceId);
  }

  waitingFor(traceId: string): Waiting | undefined {
    return this.#waiting.get(traceId);
  }

  get latest(): Trace | undefined {
    return this.#latest;
  }

  get running(): Trace[] {
    return [...this.#traces.values()].filter((trace) => trace.status === 'running');
  }

  /** Resolves with the next event of the trace. */
  nextChange(trace: Trace): Promise<void> {
    return new Promise((resolve) => {
      const subscription = this.onDidChange((change) => {
        if (change.trace !== trace || !change.event) return;
        subscription.dispose();
        resolve();
      });
    });
  }

  /** Resolves when the trace has come to its end, however that is. */
  ended(trace: Trace): Promise<void> {
    return new Promise((resolve) => {
      const done = () => {
        if (trace.status === 'running') return;
        subscription.dispose();
        resolve();
      };
      const subscription = this.onDidChange((change) => change.trace === trace && done());
      done();
    });
  }

  /** Their run was deleted. */
  forgetAll(): void {
    this.#traces.clear();
    this.#waiting.clear();
    this.#latest = undefined;
  }

  dispose(): void {
    for (const subscription of this.#subscriptions) subscription.dispose();
  }

  #interruptAll(): void {
    for (const trace of this.running) {
      const event: TraceEvent = {
        type: 'interrupted',
        reason: {
          code: 'process-ended',
          message: 'The engine ended in the middle of this trace.',
          remedy: 'Use Continue to go on from the last token.',
        },
      };
      applyEvent(trace, event);
      this.#changed.fire({ trace, event });
    }
  }
}
