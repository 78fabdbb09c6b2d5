import { afterEach, describe, expect, it } from 'vitest';
import { checkTrace } from '../../../src/core/traces/history';
import { contextIds, thinkingText, thinkingTokens } from '../../../src/core/traces/trace';
import { type Behaviour, type FaultServer, ids, natural } from '../../faults/faultServer';
import { FakeClock } from '../support/fakeClock';
import { answer, begin as beginTrace, go } from '../support/faultyTrace';

let server: FaultServer;
afterEach(() => server.stop());

async function begin(...order: Parameters<typeof beginTrace>) {
  const begun = await beginTrace(...order);
  server = begun.server;
  return begun;
}

async function run(...order: Parameters<typeof beginTrace>) {
  const begun = await begin(...order);
  await go(begun);
  return begun;
}

describe('a generation that fails half-way keeps what arrived, says why, and continues by ids', () => {
  const halves: [string, string, Behaviour][] = [
    [
      'the connection is lost',
      'stream-cut',
      async (stream) => {
        stream.send(ids.of('half'), 'half');
        await stream.cut();
      },
    ],
    [
      'the stream ends without a finish reason',
      'stream-cut',
      (stream) => {
        stream.send(ids.of('half'), 'half');
        stream.done();
      },
    ],
    [
      'an error comes inside the stream',
      'server-error',
      (stream) => {
        stream.send(ids.of('half'), 'half');
        stream.event({ error: { message: 'EngineCore encountered an issue', type: 'InternalServerError', code: 500 } });
        stream.done();
      },
    ],
    [
      'ids come as words',
      'invalid-reply',
      (stream) => {
        stream.send(ids.of('half'), 'half');
        stream.send(['105'], 'x');
        stream.done();
      },
    ],
    [
      'the stream is no JSON',
      'invalid-reply',
      (stream) => {
        stream.send(ids.of('half'), 'half');
        stream.raw('data: {"choices": [\n\n');
        stream.done();
      },
    ],
  ];

  it.each(halves)('when %s', async (_, code, half) => {
    const begun = await run({ ignore: 1 }, half, natural(' and half'), natural(', again'), answer);
    const { trace } = begun;
    expect(trace).toMatchObject({ status: 'interrupted', thinkingEndedBy: 'interrupted', interruption: { code } });
    expect(thinkingText(trace)).toBe('half');
    const before = contextIds(trace);
    await go(begun);
    expect(trace).toMatchObject({ status: 'complete', thinkingEndedBy: 'model' });
    expect(server.requests[1]?.prompt).toEqual(before);
    expect(thinkingText(trace)).toBe('half and halfWait, again');
    expect(checkTrace(trace)).toEqual([]);
  });

  it('in the answer, too', async () => {
    const begun = await run(
      {},
      natural('abc'),
      async (stream) => {
        stream.send(ids.of('\n4'), '\n4');
        await stream.cut();
      },
      natural('2', ids.imEnd),
    );
    expect(begun.trace.status).toBe('interrupted');
    await go(begun);
    expect(begun.trace).toMatchObject({ status: 'complete', answerEndedBy: 'model' });
    expect(server.requests[2]?.prompt.slice(-2)).toEqual(ids.of('\n4'));
  });
});

describe('a refusal is one clear sentence', () => {
  it.each([
    ['a wrong key', 401, { error: 'Unauthorized' }, 'unauthorized', 'use --api-key-env NAME'],
    [
      'an unknown model',
      404,
      { error: { message: 'The model `faulty` does not exist.', type: 'NotFoundError' } },
      'model-not-found',
      'does not serve',
    ],
    [
      'a prompt that is too long',
      400,
      { error: { message: "This model's maximum context length is 512 tokens. However, …", param: 'input_tokens' } },
      'context-too-long',
      '512 tokens',
    ],
    [
      'a bad field',
      400,
      { error: { message: 'min_p is not supported', type: 'BadRequestError' } },
      'request-refused',
      'min_p is not supported',
    ],
    [
      'a dead engine',
      500,
      { error: { message: 'EngineDeadError', type: 'InternalServerError' } },
      'server-error',
      'EngineDeadError',
    ],
    ['a gateway', 502, '<html><body><h1>502 Bad Gateway</h1></body></html>', 'server-error', '502 Bad Gateway'],
    [
      'a queue that is full',
      503,
      { error: { message: 'Service Unavailable', code: 503 } },
      'server-busy',
      'Service Unavailable',
    ],
  ])('for %s', async (_, status, body, code, says) => {
    const { trace } = await run({}, (stream) => stream.status(status, body));
    expect(trace.interruption?.code).toBe(code);
    expect(`${trace.interruption?.message} ${trace.interruption?.remedy}`).toContain(says);
    expect(trace.interruption?.message).not.toContain('<');
  });

  it('for a server too old to return ids', async () => {
    const { trace } = await run({}, (stream) => {
      stream.event({ choices: [{ index: 0, text: 'hello', finish_reason: null }] });
      stream.done();
    });
    expect(trace.interruption).toMatchObject({ code: 'ids-not-returned', remedy: expect.stringContaining('0.10.2') });
  });
});

describe('silence', () => {
  it('of ten minutes before the first token is waited out', async () => {
    let release = () => {};
    const released = new Promise<void>((resolve) => {
      release = resolve;
    });
    const begun = await begin(
      {},
      async (stream) => {
        await released;
        await natural('late')(stream);
      },
      answer,
    );
    const clock = new FakeClock();
    const waits: number[] = [];
    const done = go(begun, { clock, onWaiting: (ms) => waits.push(ms) });
    await whileTrue(() => server.requests.length === 0);
    for (let minute = 0; minute < 10; minute++) await passMinute(clock);
    expect(begun.trace.status).toBe('running');
    release();
    await done;
    expect(begun.trace).toMatchObject({ status: 'complete' });
    expect(thinkingText(begun.trace)).toBe('late');
    expect(waits.at(-1)).toBeGreaterThan(500_000);
  });

  it('before the first token ends when the server says that its engine is dead', async () => {
    const begun = await begin({}, () => {});
    server.isHealthy = false;
    const clock = new FakeClock();
    const done = go(begun, { clock });
    await whileTrue(() => server.requests.length === 0);
    await passMinute(clock);
    await done;
    expect(begun.trace.interruption?.code).toBe('server-unreachable');
  });

  it('after the first token ends the pass, and what arrived stays', async () => {
    const begun = await begin({}, (stream) => stream.send(ids.of('half'), 'half'));
    const clock = new FakeClock();
    const done = go(begun, { clock });
    await whileTrue(() => thinkingTokens(begun.trace) === 0 || clock.pending === 0);
    await clock.advance(120_000);
    await done;
    expect(begun.trace.interruption?.code).toBe('stream-stalled');
    expect(thinkingText(begun.trace)).toBe('half');
    await server.closed(0);
  });

  /** Real sockets answer health checks in between, so the fake minute passes in steps. */
  async function passMinute(clock: FakeClock): Promise<void> {
    for (let step = 0; step < 12; step++) {
      await clock.advance(5_000);
      await whileTrue(() => clock.pending === 0 && server.isHealthy);
    }
  }
});

describe('the user', () => {
  const endless: Behaviour = async (stream) => {
    while (!stream.isClosed) {
      stream.send(ids.of('x'), 'x');
      await stream.breathe();
    }
  };

  it('who cancels closes the socket and keeps what arrived', async () => {
    const begun = await begin({}, endless);
    const stop = new AbortController();
    const done = go(begun, { signal: stop.signal, onEvent: (event) => event.type === 'received' && stop.abort() });
    await done;
    await server.closed(0);
    expect(begun.trace).toMatchObject({ status: 'interrupted', interruption: { code: 'cancelled' } });
    expect(thinkingTokens(begun.trace)).toBeGreaterThan(0);
  });

  it('who wants the answer now gets it from where the thinking was', async () => {
    const begun = await begin({}, endless, answer);
    const answerNow = new AbortController();
    await go(begun, {
      answerNow: answerNow.signal,
      onEvent: (event) => event.type === 'received' && answerNow.abort(),
    });
    expect(begun.trace).toMatchObject({ status: 'complete', thinkingEndedBy: 'user' });
    expect(begun.trace.spans.some((span) => span.origin === 'forced-delimiter')).toBe(true);
    expect(checkTrace(begun.trace)).toEqual([]);
  });
});

async function whileTrue(condition: () => boolean): Promise<void> {
  while (condition()) await new Promise((resolve) => setImmediate(resolve));
}
