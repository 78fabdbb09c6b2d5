import { describe, expect, test } from 'vitest';
import type { Candidates } from '../../../src/localServer/generation/sampler';
import { createServer } from '../../../src/localServer/http/server';
import { findThinkingMarks } from '../../../src/localServer/model/thinkingMarks';
import { createFakeEngine } from '../support/fakeEngine';

const candidates = (...ids: number[]): Candidates => ({ ids, logprobs: ids.map((_, index) => -0.25 - index) });
/** A model that wants to say `a`, the two halves of `é`, then the end. */
const says = [candidates(5, 6, 7), candidates(20, 6), candidates(21, 7), candidates(1, 5)];

async function post(url: string, payload: object, given = says): Promise<string> {
  const { engine } = createFakeEngine(given);
  const app = createServer({ engine, apiKey: 'key', version: '1' });
  const reply = await app.inject({ method: 'POST', url, payload, headers: { authorization: 'Bearer key' } });
  expect(reply.statusCode).toBe(200);
  return reply.body;
}

const greedy = { temperature: 0, max_tokens: 4 };
const complete = async (fields: object, given = says) =>
  JSON.parse(await post('/v1/completions', { prompt: [6, 7], ...greedy, ...fields }, given)).choices[0];
const chat = async (fields: object) =>
  JSON.parse(await post('/v1/chat/completions', { messages: [{ role: 'user', content: 'a' }], ...greedy, ...fields }));

describe('logprobs of completions', () => {
  test('are four lists: names, offsets, the chosen ids and the likeliest', async () => {
    expect((await complete({ logprobs: 2 })).logprobs).toEqual({
      tokens: ['a', '', 'é', '<1>'],
      text_offset: [0, 1, 1, 2],
      token_logprobs: [-0.25, -0.25, -0.25, -0.25],
      top_logprobs: [
        { a: -0.25, b: -1.25 },
        { '': -0.25, b: -1.25 },
        { é: -0.25, c: -1.25 },
        { '<1>': -0.25, a: -1.25 },
      ],
    });
  });

  test('name ids by number if asked to, and list the chosen one beside the likeliest', async () => {
    const { logprobs } = await complete({ logprobs: 1, return_tokens_as_token_ids: true, logit_bias: { 5: -100 } });
    expect(logprobs.tokens[0]).toBe('token_id:6');
    expect(logprobs.top_logprobs[0]).toEqual({ 'token_id:6': -1.25, 'token_id:5': -0.25 });
  });

  test('of 0 list the chosen ids only', async () => {
    expect((await complete({ logprobs: 0 })).logprobs.top_logprobs[0]).toEqual({ a: -0.25 });
  });

  test('can be of named ids; what cannot come has -9999', async () => {
    const { logprobs } = await complete({ logprobs: 1, logprob_token_ids: [7, 9] });
    expect(logprobs.top_logprobs[0]).toEqual({ a: -0.25, c: -2.25, e: -9999 });
  });

  test('are the same in a stream, whose offsets go on', async () => {
    const text = await post('/v1/completions', { prompt: [6], ...greedy, logprobs: 1, stream: true });
    const events = text.split('\n\n').filter((line) => line.startsWith('data: {'));
    const parts = events.map((line) => JSON.parse(line.slice(6)).choices[0].logprobs);
    const { logprobs } = await complete({ logprobs: 1 });
    for (const list of ['tokens', 'text_offset', 'token_logprobs', 'top_logprobs']) {
      expect(parts.flatMap((part) => part[list])).toEqual(logprobs[list]);
    }
  });
});

describe('logprobs of prompts', () => {
  test('are objects by id, null for the first', async () => {
    expect((await complete({ prompt_logprobs: 1 })).prompt_logprobs).toEqual([
      null,
      { 5: { logprob: -0.5, rank: 1, decoded_token: 'a' }, 7: { logprob: -3, rank: 3, decoded_token: 'c' } },
    ]);
  });

  test('come before those of the output in an echo', async () => {
    const { text, logprobs } = await complete({ echo: true, logprobs: 1, max_tokens: 1 });
    expect(text).toBe('bca');
    expect(logprobs.tokens).toEqual(['b', 'c', 'a']);
    expect(logprobs.token_logprobs).toEqual([null, -3, -0.25]);
    expect(logprobs.top_logprobs[0]).toBeNull();
  });

  test('come alone in an echo of no output, as evaluations of likelihood ask for them', async () => {
    const { text, logprobs } = await complete({ echo: true, logprobs: 1, max_tokens: 0 });
    expect([text, logprobs.tokens]).toEqual(['bc', ['b', 'c']]);
  });
});

describe('logprobs of chats', () => {
  test('are one object for each id, with bytes and the likeliest', async () => {
    const { choices } = await chat({ logprobs: true, top_logprobs: 1 });
    expect(choices[0].logprobs.content.slice(0, 3)).toEqual([
      { token: 'a', logprob: -0.25, bytes: [97], top_logprobs: [{ token: 'a', logprob: -0.25, bytes: [97] }] },
      { token: '', logprob: -0.25, bytes: [], top_logprobs: [{ token: '', logprob: -0.25, bytes: [] }] },
      {
        token: 'é',
        logprob: -0.25,
        bytes: [195, 169],
        top_logprobs: [{ token: 'é', logprob: -0.25, bytes: [195, 169] }],
      },
    ]);
  });

  test('are listed without the likeliest by default, and not at all unless asked for', async () => {
    expect((await chat({ logprobs: true })).choices[0].logprobs.content[0].top_logprobs).toEqual([]);
    expect((await chat({})).choices[0].logprobs).toBeNull();
  });
});

describe('what keeps a model from saying something', () => {
  test('a bad word is kept from the beginning and from behind a space', async () => {
    const { engine, plans } = createFakeEngine();
    const app = createServer({ engine, apiKey: 'key', version: '1' });
    const payload = { prompt: [5], bad_words: ['ab', 'c'] };
    await app.inject({ method: 'POST', url: '/v1/completions', payload, headers: { authorization: 'Bearer key' } });
    // ' ab' has three ids: vLLM keeps only forms of the same length.
    expect(plans[0]?.badWords).toEqual([[5, 6], [7]]);
  });

  test('a thinking budget ends the thought', async () => {
    const thoughts = Array.from({ length: 5 }, () => candidates(6, 7));
    const fields = { prompt: [3], max_tokens: 4, thinking_token_budget: 2, return_token_ids: true };
    expect((await complete(fields, thoughts)).token_ids).toEqual([6, 6, 4, 6]);
    expect((await complete({ ...fields, thinking_token_budget: -1 }, thoughts)).token_ids).toEqual([6, 6, 6, 6]);
  });

  test('a thinking budget is refused for a model that is not known to think', async () => {
    const { engine } = createFakeEngine();
    const app = createServer({ engine: { ...engine, thinkingMarks: null }, apiKey: 'key', version: '1' });
    const payload = { prompt: [5], thinking_token_budget: 2 };
    const headers = { authorization: 'Bearer key' };
    const reply = await app.inject({ method: 'POST', url: '/v1/completions', payload, headers });
    expect(reply.json().error).toMatchObject({ code: 400, param: 'thinking_token_budget' });
  });
});

test('how a model thinks is read from its vocabulary', () => {
  const knowing = (token: string) => (text: string) =>
    text.split(token).flatMap((part, index) => [...(index > 0 ? [99] : []), ...[...part].map(() => 1)]);
  expect(findThinkingMarks(knowing('<think>'))).toMatchObject({ start: [99] });
  expect(findThinkingMarks(knowing('<|im_start|>'))).toEqual({
    start: [99, 1, 1, 1, 1, 1],
    end: [99, 1, 1, 1, 1, 1, 1],
  });
  expect(findThinkingMarks(knowing('[INST]'))).toBeNull();
});
