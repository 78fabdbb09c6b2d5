import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { SecondThoughtError } from '../../../src/core/base/errors';
import { createCondition } from '../../../src/core/forcing/condition';
import { type GenerateOptions, generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { Reconnection } from '../../../src/core/forcing/reconnection';
import { connect } from '../../../src/core/servers/connect';
import { checkTrace } from '../../../src/core/traces/history';
import { receivedIdsOf, thinkingText } from '../../../src/core/traces/trace';
import { type Behaviour, FaultServer, ids, natural } from '../../faults/faultServer';
import { FakeClock } from '../support/fakeClock';

let server: FaultServer;
afterEach(() => server?.stop().catch(() => {}));

const never = new AbortController().signal;
const answer = natural('\n42', ids.imEnd);

/** Sends half a thought and then does something to the server. */
const halfThen =
  (act: () => unknown): Behaviour =>
  async (stream) => {
    stream.send(ids.of('half'), 'half');
    await stream.breathe();
    await act();
  };

async function begin(...behaviours: Behaviour[]) {
  server = await FaultServer.start(...behaviours);
  const connection = await connect(
    { kind: 'url', id: 'faulty', url: server.url, model: null, keySource: 'use --api-key-env NAME' },
    { packageRoot: '' },
  );
  const order = { problem: { question: 'q?' }, condition: createCondition({}), server: connection.server };
  const trace = await prepareTrace(order, connection.client, systemClock);
  const go = (options: Partial<GenerateOptions> = {}) =>
    generateTrace(trace, { client: connection.clientFor('test'), clock: systemClock, signal: never, ...options });
  return { trace, go };
}

const quickly = { windowMs: 10_000, firstDelayMs: 1 };

describe('a server that is killed in the middle of a thought', () => {
  it('and started again goes on from the last id, in one trace whose warning says so', async () => {
    let killed: Promise<{ restart(): Promise<void> }> | undefined;
    const { trace, go } = await begin(
      halfThen(() => {
        killed = server.kill();
        void killed.then((port) => port.restart());
      }),
      natural(' and half'),
      answer,
    );
    await go({ retry: quickly });
    expect(trace.status).toBe('complete');
    expect(thinkingText(trace)).toBe('half and half');
    expect(server.requests[1]?.prompt).toEqual([...(server.requests[0]?.prompt ?? []), ...ids.of('half')]);
    expect(trace.passes.map((pass) => pass.purpose)).toContain('resume');
    expect(trace.warnings.join()).toContain('went on from the last token');
    expect(checkTrace(trace)).toEqual([]);
  });

  it('and not started again leaves the trace interrupted, which one call continues', async () => {
    let killed: Promise<{ restart(): Promise<void> }> | undefined;
    const { trace, go } = await begin(
      halfThen(() => {
        killed = server.kill();
      }),
      natural(' and half'),
      answer,
    );
    await go({ retry: { windowMs: 20, firstDelayMs: 5 } });
    expect(trace).toMatchObject({ status: 'interrupted', interruption: { code: 'stream-cut' } });
    expect(receivedIdsOf(trace, 0)).toEqual(ids.of('half'));
    await (await killed)?.restart();
    await go();
    expect(trace.status).toBe('complete');
    expect(thinkingText(trace)).toBe('half and half');
    expect(checkTrace(trace)).toEqual([]);
  });
});

describe('a server that refuses a request because it is busy', () => {
  it('is asked again after the time it names, with the same request', async () => {
    const { trace, go } = await begin(
      (stream) => stream.status(429, { error: { message: 'slow down' } }, { 'retry-after': '0' }),
      natural('ok'),
      answer,
    );
    await go();
    expect(trace).toMatchObject({ status: 'complete', warnings: [] });
    expect(server.requests[1]).toEqual(server.requests[0]);
    expect(trace.passes).toHaveLength(2);
  });
});

describe('waiting for a lost server', () => {
  const lost = new SecondThoughtError('stream-cut', 'lost');

  async function wait(error: SecondThoughtError, aliveAfterMs: number, windowMs: number) {
    const clock = new FakeClock();
    const startedAt = clock.now();
    const looks: number[] = [];
    const client = {
      async isAlive() {
        looks.push(clock.now() - startedAt);
        return clock.now() - startedAt >= aliveAfterMs;
      },
    };
    const waited = new Reconnection({ windowMs }, { client, clock, signal: never }).wait(error, 5);
    await clock.advance(windowMs * 2);
    return { waited: await waited, looks, clock };
  }

  it('looks less and less often, until it answers', async () => {
    const { waited, looks } = await wait(lost, 10_000, 60_000);
    expect(looks).toEqual([500, 1_500, 3_500, 7_500, 15_500]);
    expect(waited).toBe(15_500);
  });

  it('ends with its window', async () => {
    const { waited, clock } = await wait(lost, Number.POSITIVE_INFINITY, 60_000);
    expect(waited).toBeUndefined();
    expect(clock.pending).toBe(0);
  });

  it('does not begin where the server answered and refused', async () => {
    const { waited, looks } = await wait(new SecondThoughtError('unauthorized', 'no'), 0, 60_000);
    expect({ waited, looks }).toEqual({ waited: undefined, looks: [] });
  });
});
