import { type ChildProcess, fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { createCondition } from '../../src/core/forcing/condition';
import { bundledServer } from '../../src/core/servers/serverSpec';
import { applyEvent } from '../../src/core/traces/events';
import { checkTrace } from '../../src/core/traces/history';
import { RunStore } from '../../src/core/traces/runStore';
import { contextIds, cuesUsed, type Trace, thinkingTokens } from '../../src/core/traces/trace';
import {
  type EngineMessage,
  type EngineRequest,
  type EngineResult,
  engineEnvironment,
  engineMessageSchema,
} from '../../src/protocol/engine';
import { root } from './support/cli';

/** The engine process as the extension host sees it: requests in, numbered events out. */
class EngineProcess {
  readonly child: ChildProcess;
  readonly messages: EngineMessage[] = [];
  #watchers: (() => void)[] = [];
  #lastRequest = 0;

  constructor(scratchFolder: string) {
    const env = {
      ...process.env,
      [engineEnvironment.scratchFolder]: scratchFolder,
      [engineEnvironment.packageRoot]: root,
    };
    this.child = fork(path.join(root, 'dist', 'engine.cjs'), { env, execArgv: [] });
    this.child.on('message', (message) => {
      this.messages.push(engineMessageSchema.parse(message));
      for (const watch of this.#watchers) watch();
    });
  }

  /** Resolves once the messages so far satisfy the question. */
  until<T>(find: (messages: EngineMessage[]) => T | undefined): Promise<T> {
    return new Promise((resolve) => {
      const look = () => {
        const found = find(this.messages);
        if (found === undefined) return;
        this.#watchers = this.#watchers.filter((watch) => watch !== look);
        resolve(found);
      };
      this.#watchers.push(look);
      look();
    });
  }

  async ask(request: object): Promise<EngineResult & { error?: { code: string } }> {
    const requestId = ++this.#lastRequest;
    this.child.send({ ...request, requestId } as EngineRequest);
    const reply = await this.until((messages) =>
      messages.find((m) => (m.type === 'reply' || m.type === 'failure') && m.requestId === requestId),
    );
    if (reply.type === 'failure') return { error: reply.error };
    return reply.type === 'reply' ? reply.result : {};
  }

  force(question: string, ignore: number) {
    return this.ask({
      type: 'force',
      problem: { question },
      condition: createCondition({ ignore }),
      server: bundledServer,
      seed: 0,
      sample: 0,
    });
  }

  eventsOf(traceId: string) {
    return this.messages.flatMap((m) => (m.type === 'trace/event' && m.traceId === traceId ? [m] : []));
  }

  ended(traceId: string) {
    return this.until((messages) => messages.find((m) => m.type === 'trace/ended' && m.traceId === traceId));
  }

  received(traceId: string) {
    return this.until(() => this.eventsOf(traceId).find(({ event }) => event.type === 'received'));
  }

  exited(): Promise<void> {
    return new Promise((resolve) => {
      if (this.child.exitCode !== null || this.child.signalCode !== null) resolve();
      else this.child.once('exit', () => resolve());
    });
  }
}

let folder: string;
let engine: EngineProcess;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'engine-'));
  engine = new EngineProcess(folder);
});
afterEach(async () => {
  if (engine.child.connected) engine.child.disconnect();
  await engine.exited();
  rmSync(folder, { recursive: true, force: true });
});

const long = 'What is 3+14+9+18+7+16+11+5?';

async function begun(question = long, ignore = 12): Promise<Trace> {
  const { trace } = await engine.force(question, ignore);
  if (!trace) throw new Error('no trace');
  return trace;
}

/** Waits until the server of a trace no longer answers. */
async function serverGone(trace: Trace): Promise<void> {
  const health = trace.server.url.replace(/\/v1$/, '/health');
  for (;;) {
    const answers = await fetch(health).then(
      () => true,
      () => false,
    );
    if (!answers) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

describe('the engine', () => {
  it('evaluates a problem without a word in between, and replies with its outcome', async () => {
    const order = { problem: { id: 'p', question: 'What is 2+3?', answer: '5' }, condition: createCondition() };
    const { outcome } = await engine.ask({
      type: 'evaluate',
      ...order,
      server: bundledServer,
      seed: 0,
      sample: 0,
      concurrency: 1,
    });
    expect(outcome).toMatchObject({ problemKey: 'p', outcome: 'correct', answer: '5' });
    expect(engine.messages.filter((message) => message.type === 'trace/event')).toEqual([]);
    const store = await RunStore.openScratch(folder, systemClock);
    expect((await store.find(outcome?.traceId ?? '')).status).toBe('complete');
  });

  it('grades as it is told, by a language model on its server, too; where that is not named the outcome is ungraded', async () => {
    const order = { problem: { id: 'p', question: 'What is 2+3?', answer: 'five' }, condition: createCondition() };
    const request = { type: 'evaluate', ...order, server: bundledServer, seed: 0, sample: 0, concurrency: 1 };
    expect((await engine.ask({ ...request, grader: 'exact' })).outcome).toMatchObject({
      outcome: 'wrong',
      grader: 'exact',
    });
    const grader = { kind: 'llm-matcher', server: 'bundled' };
    const judged = (await engine.ask({ ...request, grader, judge: bundledServer })).outcome;
    expect(judged).toMatchObject({
      grader: 'llm-matcher:bundled',
      matched: { model: expect.any(String), rule: 'wrong' },
    });
    expect((await engine.ask({ ...request, grader })).outcome).toMatchObject({
      outcome: 'ungraded',
      matched: { model: null, failure: expect.stringContaining('not connected') },
    });
  });

  it('cancels a request to a server that takes the connection and never answers', async () => {
    const silent = createServer(() => {});
    await new Promise<void>((resolve) => silent.listen(0, '127.0.0.1', resolve));
    const url = `http://127.0.0.1:${(silent.address() as AddressInfo).port}/v1`;
    const server = { kind: 'url', id: 'silent', url, model: null, keySource: '' };
    const order = { problem: { question: 'Q?' }, condition: createCondition(), server, seed: 0, sample: 0 };
    const asked = engine.ask({ type: 'force', ...order });
    await engine.ask({ type: 'cancel', target: 1 });
    expect((await asked).error).toMatchObject({ code: 'cancelled' });
    silent.closeAllConnections();
    silent.close();
  });

  it('numbers the events of a trace from 1 without gaps, and they rebuild what it recorded', async () => {
    const trace = await begun(long, 2);
    await engine.ended(trace.id);
    const events = engine.eventsOf(trace.id);
    expect(events.map(({ seq }) => seq)).toEqual(events.map((_, index) => index + 1));
    for (const { event } of events) applyEvent(trace, event);
    const store = await RunStore.openScratch(folder, systemClock);
    expect(await store.find(trace.id)).toEqual(trace);
    expect(cuesUsed(trace)).toBe(2);
    expect(checkTrace(trace)).toEqual([]);
  });

  it('generates two traces at once', async () => {
    const [a, b] = await Promise.all([begun(long, 4), begun('How many r in raspberry?', 4)]);
    await Promise.all([engine.ended(a.id), engine.ended(b.id)]);
    const store = await RunStore.openScratch(folder, systemClock);
    expect((await store.list()).map(({ status }) => status)).toEqual(['complete', 'complete']);
  });

  it('stops a trace, keeps what arrived, refuses to continue it twice, and continues it by ids', async () => {
    const trace = await begun();
    await engine.received(trace.id);
    await engine.ask({ type: 'stop', traceId: trace.id });
    await engine.ended(trace.id);
    const { trace: stopped } = await engine.ask({ type: 'read', traceId: trace.id });
    if (stopped?.status !== 'interrupted' || !stopped) throw new Error('it was done before it could be stopped');
    expect(thinkingTokens(stopped)).toBeGreaterThan(0);
    const request = { type: 'continue', traceId: trace.id, server: bundledServer };
    const [first, second] = await Promise.all([engine.ask(request), engine.ask(request)]);
    expect([first.error?.code, second.error?.code].sort()).toEqual(['busy', undefined]);
    await engine.until((messages) =>
      messages.filter((m) => m.type === 'trace/ended').length === 2 ? true : undefined,
    );
    const { trace: whole } = await engine.ask({ type: 'read', traceId: trace.id });
    if (!whole) throw new Error('no trace');
    expect(whole).toMatchObject({ status: 'complete' });
    expect(contextIds(whole).slice(0, contextIds(stopped).length)).toEqual(contextIds(stopped));
    expect(checkTrace(whole)).toEqual([]);
  });

  it('answers now when asked to, from where the thinking was', async () => {
    const trace = await begun();
    await engine.received(trace.id);
    await engine.ask({ type: 'answerNow', traceId: trace.id });
    await engine.ended(trace.id);
    const { trace: done } = await engine.ask({ type: 'read', traceId: trace.id });
    expect(done).toMatchObject({ status: 'complete', thinkingEndedBy: 'user' });
  });

  it('ends with its parent, and the local server with it; the trace is found interrupted', async () => {
    const trace = await begun();
    await engine.received(trace.id);
    engine.child.disconnect();
    await engine.exited();
    await serverGone(trace);
    const store = await RunStore.openScratch(folder, systemClock);
    expect((await store.find(trace.id)).status).toBe('interrupted');
  });

  it('killed in the middle loses nothing that a new engine cannot go on with', async () => {
    const trace = await begun();
    await engine.received(trace.id);
    engine.child.kill('SIGKILL');
    await engine.exited();
    await serverGone(trace);
    engine = new EngineProcess(folder);
    const { trace: found } = await engine.ask({ type: 'read', traceId: trace.id });
    expect(found).toMatchObject({ status: 'interrupted', interruption: { code: 'process-ended' } });
    await engine.ask({ type: 'continue', traceId: trace.id, server: bundledServer });
    await engine.ended(trace.id);
    const { trace: done } = await engine.ask({ type: 'read', traceId: trace.id });
    if (!done) throw new Error('no trace');
    expect(done.status).toBe('complete');
    expect(cuesUsed(done)).toBe(12);
    expect(checkTrace(done)).toEqual([]);
  });
});
