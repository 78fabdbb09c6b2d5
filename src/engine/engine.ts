import { untilAborted } from '../core/base/abort';
import type { Clock } from '../core/base/clock';
import { type ErrorCode, reportError, SecondThoughtError } from '../core/base/errors';
import { outcomeRecord } from '../core/evaluate/outcomeRecord';
import { conditionKey } from '../core/forcing/condition';
import { waitAgain } from '../core/forcing/fork';
import { prepareTrace } from '../core/forcing/prepare';
import { generateRecorded } from '../core/forcing/recorded';
import { Matcher } from '../core/grade/matcher';
import { setRemoved } from '../core/lab/notes';
import { readProbes } from '../core/lab/probeFile';
import { chatModel } from '../core/servers/chatModel';
import { type Connection, connect } from '../core/servers/connect';
import { examineServer } from '../core/servers/doctor';
import { probeServer, proposeDialect } from '../core/servers/probe';
import type { ServerSpec } from '../core/servers/serverSpec';
import { readRunSamples } from '../core/studies/readRunSamples';
import { findWithForks, logprobsOf } from '../core/traces/forkStore';
import { RunStore } from '../core/traces/runStore';
import type { Trace } from '../core/traces/trace';
import type { EngineMessage, EngineRequest, EngineResult } from '../protocol/engine';
import { runReport } from '../runPage/runReport';
import { CurationViews } from './curationViews';
import { forksOf, keepAsRow, laboratoryOf, probesOf, removeFork, writeNote } from './laboratory';

interface EngineOptions {
  store: RunStore;
  packageRoot: string;
  clock: Clock;
  send(message: EngineMessage): void;
}

/** A trace that is being generated, and the two ways to stop it. */
interface Running {
  stop: AbortController;
  answerNow: AbortController;
  done: Promise<void>;
}

/** How often a waiting request reports itself. */
const waitingEveryMs = 1_000;

/** Answers the extension host's requests; several traces may run at once. */
export class Engine {
  readonly #options: EngineOptions;
  readonly #running = new Map<string, Running>();
  readonly #curations = new CurationViews();
  /** Interrupted traces that are about to run again. */
  readonly #resuming = new Set<string>();
  /** Requests that are being answered, by number: what `cancel` ends. */
  readonly #answering = new Map<number, AbortController>();
  /** One connection per server as configured; kept, so that a local server starts once. */
  readonly #connections = new Map<string, Promise<Connection>>();
  readonly #matchers = new WeakMap<Connection, Matcher>();

  constructor(options: EngineOptions) {
    this.#options = options;
  }

  async handle(request: EngineRequest): Promise<void> {
    const { requestId } = request;
    const cancel = new AbortController();
    this.#answering.set(requestId, cancel);
    try {
      const { runs = [], ...result } = await this.#perform(request, cancel.signal);
      this.#options.send({ type: 'reply', requestId, result });
      for (const each of runs) this.#run(each);
    } catch (error) {
      const shown = cancel.signal.aborted ? new SecondThoughtError('cancelled', 'Stopped.') : error;
      this.#options.send({ type: 'failure', requestId, error: reportError(shown) });
    } finally {
      this.#answering.delete(requestId);
    }
  }

  /** Stops every trace, waits until each is on disk, and ends the servers that were started here. */
  async close(): Promise<void> {
    for (const request of this.#answering.values()) request.abort();
    for (const running of this.#running.values()) running.stop.abort();
    await Promise.allSettled([...this.#running.values()].map((running) => running.done));
    const connections = await Promise.allSettled(this.#connections.values());
    await Promise.allSettled(
      connections.map((result) => (result.status === 'fulfilled' ? result.value.close() : undefined)),
    );
  }

  async #perform(request: EngineRequest, signal: AbortSignal): Promise<EngineResult & { runs?: ToRun[] }> {
    const { store, clock } = this.#options;
    switch (request.type) {
      case 'force': {
        return begin({ ...(await this.#prepare(request, signal)), logprobs: request.logprobs });
      }
      case 'evaluate':
        return this.#evaluate(request, signal);
      case 'cancel':
        this.#answering.get(request.target)?.abort();
        return {};
      case 'probe':
        return request.server.kind === 'url' ? { probe: await probeServer(request.server, signal) } : {};
      case 'proposeDialect': {
        const { client } = await this.#connect(request.server, signal);
        return { dialect: await proposeDialect(client, signal) };
      }
      case 'check': {
        const { client, kind, server } = await this.#connect(request.server, signal);
        const { dialect } = request;
        return { findings: await examineServer({ client, kind, dialect, version: server.version, signal }) };
      }
      case 'waitAgain': {
        const parent = await store.find(request.traceId);
        const connection = await this.#connectFor(parent, request.server, signal);
        const matcher = await this.#matcher(request.judge, signal);
        return begin({ trace: waitAgain(parent, clock), connection, matcher });
      }
      case 'continue':
        return this.#beginAgain(request, signal);
      case 'stop':
        this.#running.get(request.traceId)?.stop.abort();
        return {};
      case 'answerNow':
        this.#running.get(request.traceId)?.answerNow.abort();
        return {};
      case 'list':
        return { traces: await store.list() };
      case 'read':
        return {
          trace: await findWithForks(request.run ? RunStore.at(request.run, clock) : store, request.traceId, clock),
        };
      case 'fork': {
        const connection = await this.#connectFor(request.parent, request.server, signal);
        const forks = await forksOf(request, connection);
        const matcher = await this.#matcher(request.judge, signal);
        return { forks: structuredClone(forks), runs: forks.map((trace) => ({ trace, connection, matcher })) };
      }
      case 'probeTrace': {
        const connection = await this.#connectFor(request.trace, request.server, signal);
        return { probes: await probesOf(request, connection, request.run ?? store.folder, signal) };
      }
      case 'note': {
        const connection = await this.#connectFor(request.trace, request.server, signal);
        return { note: await writeNote(request, connection, request.run ?? store.folder) };
      }
      case 'removeNote':
        return { note: await setRemoved(request.run ?? store.folder, request.noteId, request.isRemoved) };
      case 'removeFork':
        await removeFork(request, store, clock);
        return {};
      case 'trainingRow':
        await keepAsRow(request, await this.#connectFor(request.trace, request.server, signal));
        return {};
      case 'laboratory':
        return { laboratory: await laboratoryOf(request.trace, request.run, store) };
      case 'logprobs': {
        const logprobs = await logprobsOf(request.run ?? store.folder, request.trace);
        return logprobs ? { logprobs } : {};
      }
      case 'score':
        return { report: runReport(await readRunSamples(request.run), await readProbes(request.run)) };
      case 'curation':
        return { curation: await this.#curations.answer(request.folder, request.query) };
      default:
        return request satisfies never;
    }
  }

  /** Prompts wait their turn too: a thousand problems do not ask for a thousand at once. */
  async #prepareInTurn(request: Evaluation, signal: AbortSignal): Promise<ToRun> {
    const { scheduler } = await this.#connect(request.server, signal);
    scheduler.ceiling = request.concurrency;
    return scheduler.run({ key: conditionKey(request.condition), signal }, () => this.#prepare(request, signal));
  }

  async #prepare(request: Order, signal: AbortSignal): Promise<ToRun> {
    const connection = await this.#connect(request.server, signal);
    const { problem, condition, seed, sample, grader } = request;
    const order = { problem, condition, server: connection.server, studySeed: seed, sample, grader };
    const matcher = await this.#matcher(request.judge, signal);
    return { trace: await prepareTrace(order, connection.client, this.#options.clock, signal), connection, matcher };
  }

  /** A whole trace without anyone watching; one that was interrupted stays in its journal and is a failure here. */
  async #evaluate(request: Evaluation, signal: AbortSignal): Promise<EngineResult> {
    const { trace, connection, matcher } = await this.#prepareInTurn(request, signal);
    const { store, clock } = this.#options;
    const { retry } = connection;
    const { logprobs } = request;
    const client = connection.clientFor(trace.conditionKey);
    await generateRecorded(trace, store, { client, clock, signal, retry, matcher, logprobs });
    const outcome = outcomeRecord(trace);
    if (outcome) return { outcome };
    const { code, message, remedy } = trace.interruption ?? { code: 'internal', message: 'The trace has no outcome.' };
    throw new SecondThoughtError(code as ErrorCode, message, remedy ? { remedy } : {});
  }

  /** Takes up an interrupted trace, once: the place is taken before anything is waited for. */
  async #beginAgain({ traceId, server, judge }: Again, signal: AbortSignal) {
    if (this.#running.has(traceId) || this.#resuming.has(traceId)) throw alreadyRunning();
    this.#resuming.add(traceId);
    try {
      const connection = await this.#connect(server, signal);
      const matcher = await this.#matcher(judge, signal);
      const trace = await this.#options.store.find(traceId);
      if (trace.status !== 'interrupted') throw nothingToContinue();
      this.#refuseOtherModel(trace, connection);
      return begin({ trace, connection, matcher });
    } catch (error) {
      this.#resuming.delete(traceId);
      throw error;
    }
  }

  /** Ids mean something for one model only. */
  #refuseOtherModel(trace: Trace, { server }: Connection): void {
    if (trace.server.model === server.model) return;
    throw new SecondThoughtError(
      'model-not-found',
      `This trace was generated by "${trace.server.model}", but the server "${server.id}" serves "${server.model}".`,
      { remedy: 'Choose the server that the trace came from.' },
    );
  }

  async #connectFor(trace: Trace, spec: ServerSpec, signal: AbortSignal): Promise<Connection> {
    const connection = await this.#connect(spec, signal);
    this.#refuseOtherModel(trace, connection);
    return connection;
  }

  /** Cancelling a request does not end a connection: others may wait for it too. */
  #connect(spec: ServerSpec, signal: AbortSignal): Promise<Connection> {
    return untilAborted(this.#shared(spec), signal);
  }

  #shared(spec: ServerSpec): Promise<Connection> {
    const key = JSON.stringify(spec);
    const known = this.#connections.get(key);
    if (known) return known.then((connection) => this.#stillAlive(key, connection, spec));
    const fresh = connect(spec, { packageRoot: this.#options.packageRoot });
    this.#connections.set(key, fresh);
    fresh.catch(() => this.#connections.delete(key)); // the next command tries again
    return fresh;
  }

  async #stillAlive(key: string, connection: Connection, spec: ServerSpec): Promise<Connection> {
    if (spec.kind === 'url' || (await connection.client.isAlive())) return connection;
    this.#connections.delete(key);
    await connection.close();
    return this.#shared(spec);
  }

  /** The language model that grades: one for all traces, so that it knows the answers that were given before. */
  async #matcher(judge: ServerSpec | undefined, signal: AbortSignal): Promise<Matcher | undefined> {
    if (!judge) return undefined;
    const connection = await this.#connect(judge, signal);
    const matcher = this.#matchers.get(connection) ?? new Matcher(chatModel(connection, this.#options));
    this.#matchers.set(connection, matcher);
    return matcher;
  }

  #run({ trace, connection, matcher, logprobs }: ToRun): void {
    const { store, clock, send } = this.#options;
    const stop = new AbortController();
    const answerNow = new AbortController();
    const traceId = trace.id;
    let seq = 0;
    let lastWaitingMs = 0;
    const generation = generateRecorded(trace, store, {
      client: connection.clientFor(traceId), // somebody watches: it shares evenly with whole evaluations
      clock,
      logprobs,
      retry: connection.retry,
      matcher,
      signal: stop.signal,
      answerNow: answerNow.signal,
      patience: { checkEveryMs: waitingEveryMs },
      onEvent: (event) => send({ type: 'trace/event', traceId, seq: ++seq, event }),
      onWaiting: (waitedMs) => {
        if (waitedMs - lastWaitingMs < waitingEveryMs && waitedMs > lastWaitingMs) return;
        lastWaitingMs = waitedMs;
        void connection.client
          .load(stop.signal)
          .then((load) => send({ type: 'trace/waiting', traceId, waitedMs, waiting: load?.waiting ?? null }));
      },
    });
    const done = generation
      .then(
        () => {},
        (error) => send({ type: 'log', level: 'error', text: `${traceId}: ${reportError(error).message}` }),
      )
      .finally(() => {
        this.#running.delete(traceId);
        send({ type: 'trace/ended', traceId });
      });
    this.#running.set(traceId, { stop, answerNow, done });
    this.#resuming.delete(traceId);
  }
}

type Order = Extract<EngineRequest, { type: 'force' | 'evaluate' }>;
type Evaluation = Extract<EngineRequest, { type: 'evaluate' }>;
type Again = Extract<EngineRequest, { type: 'continue' }>;

interface ToRun {
  trace: Trace;
  connection: Connection;
  matcher: Matcher | undefined;
  logprobs?: number | undefined;
}

/** The reply holds the trace as it is before its first event. */
function begin(toRun: ToRun) {
  return { trace: structuredClone(toRun.trace), runs: [toRun] };
}

function alreadyRunning(): SecondThoughtError {
  return new SecondThoughtError('busy', 'This trace is already running.', {
    remedy: 'Stop it first, or wait for its end.',
  });
}

function nothingToContinue(): SecondThoughtError {
  return new SecondThoughtError('bad-usage', 'This trace is finished: there is nothing to continue.', {
    remedy: 'Use Wait Again to make it think on.',
  });
}
