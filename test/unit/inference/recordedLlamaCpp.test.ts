import { afterEach, describe, expect, it } from 'vitest';
import { checkTrace } from '../../../src/core/traces/history';
import { cuesUsed, receivedIdsOf, thinkingTokens } from '../../../src/core/traces/trace';
import { doctor, reward, splitCharacters, traces } from '../../vllm/conversations';
import { type ExchangeServer, readExchanges, startReplay } from '../../vllm/exchange';

/** Conversations with llama.cpp's own server, replayed through the real client: `npm run llamacpp:record` records anew. */
let server: ExchangeServer;
afterEach(() => server?.stop());

async function replay(name: string) {
  const replayed = await startReplay(readExchanges(name, 'llamaCpp'));
  server = replayed.server;
  return replayed.left;
}

describe('a recorded conversation with llama.cpp’s own server', () => {
  it.each(['two-cues', 'capped'] as const)('(%s) is had again, request by request, and gives its ids', async (name) => {
    const left = await replay(name);
    const trace = await traces[name](server.url);
    expect(trace).toMatchObject({ status: 'complete', warnings: [] });
    expect(checkTrace(trace)).toEqual([]);
    expect(left).toEqual([]);
    const sent = readExchanges(name, 'llamaCpp')
      .filter(({ path }) => path === '/completion')
      .map(({ reply }) =>
        [...reply.matchAll(/"tokens":\[([\d,]+)\]/g)].flatMap(([, ids = '']) => ids.split(',').map(Number)),
      );
    // It knows no stop ids, so a pass is closed one event after its end; the record holds what nobody read.
    for (const [pass, ids] of sent.entries()) {
      const received = receivedIdsOf(trace, pass);
      expect(received.length).toBeGreaterThan(0);
      expect(ids.slice(0, received.length)).toEqual(received);
    }
    if (name === 'two-cues') expect(cuesUsed(trace)).toBe(2);
    else expect(thinkingTokens(trace)).toBeLessThanOrEqual(8);
  });

  it('(doctor) finds what it found then', async () => {
    const left = await replay('doctor');
    const findings = await doctor(server.url);
    const verdicts = Object.fromEntries(findings.map(({ capability, verdict }) => [capability, verdict]));
    expect(left).toEqual([]);
    expect(verdicts).toEqual({
      template: 'works',
      dialect: 'works',
      ids: 'works',
      'stop-ids': 'lies',
      'min-tokens': 'lies',
      mask: 'works',
      seeds: 'works',
      continuation: 'works',
      logprobs: 'works',
      'bad-words': 'lies',
      'prefix-cache': 'works',
      'native-cap': 'lies',
      'prm-pooling': 'missing',
      'prm-classify': 'missing',
    });
  });

  it('(splitCharacters) the ids that it holds back of a character come with the character, but not at the limit', async () => {
    const left = await replay('splitCharacters');
    const { written, received, reportedTokens } = await splitCharacters(server.url);
    expect(left).toEqual([]);
    expect(reportedTokens).toBe(5); // the fifth begins the arrow, and is never sent
    expect(received).toEqual(written.slice(0, 4));
  });

  it('(reward) a generative reward model is read by the log-probabilities that its server lists by id', async () => {
    const left = await replay('reward');
    const verdicts = await reward(server.url);
    expect(left).toEqual([]);
    const listed = readExchanges('reward', 'llamaCpp').filter(({ path }) => path === '/completion');
    const tags = readExchanges('reward', 'llamaCpp').filter(({ body }) =>
      /"<.(good|bad).>"/.test(JSON.stringify(body)),
    );
    const [good, bad] = tags.map(({ reply }) => JSON.parse(reply).tokens[0]);
    for (const [index, { reply }] of listed.entries()) {
      const top = [...reply.matchAll(/"id":(\d+),[^{}]*?"logprob":([-\d.]+)/g)].map(([, id, logprob]) => [id, logprob]);
      const chance = (wanted: number) => Math.exp(Number(top.find(([id]) => Number(id) === wanted)?.[1]));
      expect(verdicts[index]).toBeCloseTo(chance(good) / (chance(good) + chance(bad)), 6);
    }
    expect(verdicts[0]).not.toBeCloseTo(verdicts[1] ?? 0, 6);
  });
});
