import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, loadTimeoutMs, questionIds, start } from './support/localServer';

let client: Client;
let prompt: number[];

beforeAll(async () => {
  client = await start();
  prompt = await questionIds(client);
}, loadTimeoutMs);

afterAll(async () => {
  await client?.server.stop();
});

describe('log-probabilities', () => {
  test('logprobs are the model’s own, four lists of one length', async () => {
    const fields = {
      prompt,
      max_tokens: 4,
      temperature: 0,
      logprobs: 3,
      return_tokens_as_token_ids: true,
      ignore_eos: true,
    };
    const [choice] = (await client.complete(fields)).choices;
    const [first = -1] = choice?.token_ids ?? [];
    expect(choice?.logprobs?.tokens).toEqual(choice?.token_ids.map((id) => `token_id:${id}`));
    expect(choice?.logprobs?.token_logprobs).toHaveLength(4);
    expect(choice?.logprobs?.text_offset[0]).toBe(0);
    const likeliest = choice?.logprobs?.top_logprobs[0] ?? {};
    expect(Object.keys(likeliest)).toHaveLength(3);
    expect(Math.max(...Object.values(likeliest))).toBe(choice?.logprobs?.token_logprobs[0]);
    // Untouched by temperature, cuts and bias.
    const cut = { ...fields, temperature: 2, top_k: 5, logit_bias: { [first]: 100 } };
    const [other] = (await client.complete(cut)).choices;
    expect(other?.token_ids[0]).toBe(first);
    expect(other?.logprobs?.token_logprobs[0]).toBeCloseTo(choice?.logprobs?.token_logprobs[0] ?? 0, 4);
  });

  test('of every id of the vocabulary are a distribution', async () => {
    const all = Array.from({ length: 1000 }, (_, id) => id);
    const sum = async (ids: number[]) => {
      const fields = { prompt, max_tokens: 1, temperature: 0, logprobs: 1, return_tokens_as_token_ids: true };
      const [choice] = (await client.complete({ ...fields, logprob_token_ids: ids })).choices;
      const listed = choice?.logprobs?.top_logprobs[0] ?? {};
      return ids.reduce((total, id) => total + Math.exp(listed[`token_id:${id}`] ?? Number.NEGATIVE_INFINITY), 0);
    };
    const vocabulary = await vocabularySize();
    let total = 0;
    for (let from = 0; from < vocabulary; from += 128)
      total += await sum(all.slice(from, Math.min(from + 128, vocabulary)));
    expect(total).toBeCloseTo(1, 3);
  });

  test('of a prompt are those that the same ids have when they are generated', async () => {
    const fields = { temperature: 0, ignore_eos: true, logprobs: 2, return_tokens_as_token_ids: true };
    const [said] = (await client.complete({ ...fields, prompt, max_tokens: 8 })).choices;
    const ids = said?.token_ids ?? [];
    const echo = { prompt: [...prompt, ...ids], echo: true, max_tokens: 0 };
    const [scored] = (await client.complete({ ...fields, ...echo })).choices;
    expect(scored?.logprobs?.tokens).toEqual([...prompt, ...ids].map((id) => `token_id:${id}`));
    expect(scored?.logprobs?.token_logprobs[0]).toBeNull();
    for (const [index, logprob] of (said?.logprobs?.token_logprobs ?? []).entries()) {
      expect(scored?.logprobs?.token_logprobs[prompt.length + index]).toBeCloseTo(logprob, 3);
    }
  });
});

/** The smallest number that the server does not take for an id. */
async function vocabularySize(): Promise<number> {
  let [low, high] = [0, 100_000];
  while (low + 1 < high) {
    const middle = Math.floor((low + high) / 2);
    const { ok } = await client.request('/v1/completions', { prompt: [middle], max_tokens: 1 });
    if (ok) low = middle;
    else high = middle;
  }
  return high;
}

describe('what the server forces by itself', () => {
  test('a thinking budget ends thinking after so many ids, those of the prompt included', async () => {
    const [opening, end] = await Promise.all([
      client.tokenize('<|im_start|>think'),
      client.tokenize('<|im_start|>answer'),
    ]);
    const thinking = [...prompt, ...opening];
    const fields = { temperature: 0, max_tokens: 30, thinking_token_budget: 6 };
    const free = await client.ids({ ...fields, prompt: thinking, thinking_token_budget: -1 });
    const capped = await client.ids({ ...fields, prompt: thinking });
    expect(free.slice(0, 6)).toEqual(capped.slice(0, 6));
    expect(capped.slice(6, 6 + end.length)).toEqual(end);
    const continued = await client.ids({ ...fields, prompt: [...thinking, ...capped.slice(0, 4)] });
    expect(continued.slice(0, 2 + end.length)).toEqual(capped.slice(4, 6 + end.length));
  });

  test('a bad word is never said', async () => {
    const fields = { prompt, temperature: 0, max_tokens: 12, ignore_eos: true };
    const free = await client.ids(fields);
    const { prompt: word } = await client.json<{ prompt: string }>('/detokenize', { tokens: free.slice(3, 5) });
    const { choices } = await client.complete({ ...fields, bad_words: [word] });
    expect(choices[0]?.token_ids).not.toEqual(free);
    expect(choices[0]?.text).not.toContain(word);
  });
});
