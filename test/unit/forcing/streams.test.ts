import { afterEach, describe, expect, it } from 'vitest';
import { checkTrace } from '../../../src/core/traces/history';
import { thinkingText, thinkingTokens } from '../../../src/core/traces/trace';
import { type Behaviour, type FaultServer, ids, natural } from '../../faults/faultServer';
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

describe('a stream', () => {
  it('with several ids in one event counts ids, not events', async () => {
    const { trace } = await run(
      {},
      (stream) => {
        stream.send(ids.of('abc'), 'abc');
        stream.send([...ids.of('de'), ids.imStart], 'de', 'stop', ids.imStart);
        stream.done();
      },
      answer,
    );
    expect(thinkingText(trace)).toBe('abcde');
    expect(thinkingTokens(trace)).toBe(5);
  });

  it('cut into single bytes, through frames and characters, is read whole', async () => {
    const { trace } = await run(
      {},
      async (stream) => {
        for (const character of 'né🙂') {
          const choice = { index: 0, text: character, token_ids: ids.of(character), finish_reason: null };
          await stream.split({ choices: [choice] }, 1);
        }
        stream.send([ids.imStart], '', 'stop', ids.imStart);
        stream.done();
      },
      answer,
    );
    expect(thinkingText(trace)).toBe('né🙂');
  });

  it('whose text lags behind its ids keeps all ids', async () => {
    const { trace } = await run(
      {},
      (stream) => {
        stream.send([700], '');
        stream.send([701], 'é');
        stream.send([702], '', 'length');
        stream.done();
      },
      answer,
    );
    expect(thinkingTokens(trace)).toBe(3);
    expect(thinkingText(trace)).toBe('é');
  });

  it('with an unasked event without choices, and fields nobody knows, is read', async () => {
    const { trace } = await run(
      {},
      (stream) => {
        stream.event({ choices: [], usage: { prompt_tokens: 3, novelty: true } });
        stream.send(ids.of('a'), 'a');
        stream.send([ids.imStart], '', 'stop', ids.imStart);
        stream.done();
      },
      answer,
    );
    expect(trace.status).toBe('complete');
  });

  it('that ignores the limit is cut at it, and its socket is closed', async () => {
    const { trace } = await run(
      { maxThinkingTokens: 5 },
      async (stream) => {
        while (!stream.isClosed) {
          stream.send(ids.of('x'), 'x');
          await stream.breathe();
        }
      },
      answer,
    );
    await server.closed(0);
    expect(thinkingTokens(trace)).toBe(5);
    expect(trace).toMatchObject({ status: 'complete', thinkingEndedBy: 'cap' });
  });

  it('that ignores the stop ids is cut at the first of them', async () => {
    const { trace } = await run(
      {},
      (stream) => {
        stream.send([...ids.of('ab'), ids.imStart, ...ids.of('answer')], 'ab<|im_start|>answer');
        stream.send(ids.of('more'), 'more', 'length');
        stream.done();
      },
      answer,
    );
    expect(thinkingText(trace)).toBe('ab');
    expect(trace.thinkingEndedBy).toBe('model');
    expect(checkTrace(trace)).toEqual([]);
  });

  it('that stops at an id we did not name takes that id for the end', async () => {
    const { trace } = await run(
      {},
      (stream) => {
        stream.send([...ids.of('ab'), 555], 'ab', 'stop', 555);
        stream.done();
      },
      answer,
    );
    expect(trace.spans.filter((span) => span.fate === 'suppressed').map((span) => span.tokenIds)).toEqual([[555]]);
  });

  it('that ends by the repetition detector is closed as a loop', async () => {
    const { trace } = await run(
      { ignore: 3 },
      (stream) => {
        stream.send(ids.of('aaa'), 'aaa', 'repetition', 'repetition_detected');
        stream.done();
      },
      answer,
    );
    expect(trace.thinkingEndedBy).toBe('loop');
  });

  it('with an id outside the vocabulary is cut there, and the id is never asked for again', async () => {
    const { trace } = await run(
      {},
      (stream) => {
        stream.send([...ids.of('ab'), ids.unknown, ...ids.of('cd')], 'abcd');
        stream.send([ids.imStart], '', 'stop', ids.imStart);
        stream.done();
      },
      natural(' ef'),
      answer,
    );
    expect(thinkingText(trace)).toBe('ab ef');
    expect(server.requests[1]?.logit_bias).toEqual({ [ids.unknown]: -100 });
    expect(server.requests[1]?.prompt).not.toContain(ids.unknown);
    expect(trace.warnings[0]).toContain(`Token ${ids.unknown}`);
    expect(checkTrace(trace)).toEqual([]);
  });

  it('from a server that keeps sampling such an id ends with one clear sentence', async () => {
    const stray: Behaviour = (stream) => {
      stream.send([ids.unknown], '', 'length');
      stream.done();
    };
    const { trace } = await run({}, stray, stray, stray);
    expect(trace).toMatchObject({ status: 'interrupted', interruption: { code: 'invalid-reply' } });
    expect(server.requests).toHaveLength(2);
  });
});
