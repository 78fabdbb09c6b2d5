import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, endless, loadTimeoutMs, modelFile, questionIds, start } from './support/localServer';

let client: Client;
let prompt: number[];
let endId: number;

beforeAll(async () => {
  client = await start();
  prompt = await questionIds(client);
  endId = (await client.tokenize('<|im_end|>'))[0] ?? -1;
}, loadTimeoutMs);

afterAll(async () => {
  await client?.server.stop();
});

describe('what it says of itself', () => {
  test('the model, its file and its context', async () => {
    const { data } = await client.json<{ data: object[] }>('/v1/models');
    expect(data).toMatchObject([{ id: 'tiny', root: modelFile, max_model_len: client.server.contextLength }]);
    expect(await client.json('/version')).toMatchObject({ version: expect.any(String), server: 'second-thought' });
  });

  test('text becomes ids and text again, control tokens and emoji included', async () => {
    const text = '<|im_start|>user\nWait, é 中 🙂<|im_end|>\n';
    const tokens = await client.tokenize(text);
    expect(tokens).toContain(endId);
    expect(await client.json('/detokenize', { tokens })).toEqual({ prompt: text });
  });

  test('a chat is rendered by the template of the file, open for a reply or inside the last message', async () => {
    const text = async (fields: object) => {
      const { tokens } = await client.json<{ tokens: number[] }>('/tokenize', fields);
      return (await client.json<{ prompt: string }>('/detokenize', { tokens })).prompt;
    };
    const user = { role: 'user', content: 'What is 2+3?' };
    expect(await text({ messages: [user] })).toMatch(/What is 2\+3\?<\|im_end\|>\n<\|im_start\|>assistant\n$/);
    const messages = [user, { role: 'assistant', content: 'The answer' }];
    expect(await text({ messages, continue_final_message: true })).toMatch(/assistant\nThe answer$/);
  });
});

describe('ids in, ids out', () => {
  test('an id prompt is taken as it is, and given back', async () => {
    const { choices, usage } = await client.complete({ prompt, max_tokens: 3, temperature: 0 });
    expect(choices[0]?.prompt_token_ids).toEqual(prompt);
    expect(usage.prompt_tokens).toBe(prompt.length);
    expect(usage.completion_tokens).toBe(choices[0]?.token_ids.length);
  });

  test('a text prompt is the same as its ids', async () => {
    const text = (await client.json<{ prompt: string }>('/detokenize', { tokens: prompt })).prompt;
    const { choices } = await client.complete({ prompt: text, max_tokens: 1 });
    expect(choices[0]?.prompt_token_ids).toEqual(prompt);
  });

  test('a stop id is in the ids and not in the text', async () => {
    const free = await client.ids({ prompt, max_tokens: 12, temperature: 0, ignore_eos: true });
    const stop = free.findLast((id) => id !== endId) ?? -1;
    const [choice] = (await client.complete({ prompt, max_tokens: 12, temperature: 0, stop_token_ids: [stop] }))
      .choices;
    expect(choice?.token_ids).toEqual(free.slice(0, free.indexOf(stop) + 1));
    expect(choice).toMatchObject({ finish_reason: 'stop', stop_reason: stop });
    const before = await client.json<{ prompt: string }>('/detokenize', { tokens: choice?.token_ids.slice(0, -1) });
    expect(choice?.text).toBe(before.prompt);
  });

  test('the main end id is a stop with reason null, even if listed; ignored, it is a reason', async () => {
    const toEnd = { prompt, max_tokens: 4, temperature: 0, allowed_token_ids: [endId] };
    for (const stop_token_ids of [[], [endId]]) {
      const [choice] = (await client.complete({ ...toEnd, stop_token_ids })).choices;
      expect(choice).toMatchObject({ token_ids: [endId], text: '', finish_reason: 'stop', stop_reason: null });
    }
    const [choice] = (await client.complete({ ...toEnd, stop_token_ids: [endId], ignore_eos: true })).choices;
    expect(choice).toMatchObject({ token_ids: [endId], stop_reason: endId });
  });

  test('min_tokens holds back the end and the stop ids', async () => {
    const wantsEnd = { prompt, max_tokens: 20, temperature: 0, logit_bias: { [endId]: 100 } };
    expect(await client.ids(wantsEnd)).toEqual([endId]);
    const held = await client.ids({ ...wantsEnd, min_tokens: 6 });
    expect(held).toHaveLength(7);
    expect(held.indexOf(endId)).toBe(6);
  });

  test('a stop string cuts the text', async () => {
    const text = (await client.complete({ prompt, max_tokens: 12, temperature: 0 })).choices[0]?.text ?? '';
    const stop = text.slice(2, 4);
    const [choice] = (await client.complete({ prompt, max_tokens: 12, temperature: 0, stop: [stop] })).choices;
    expect(choice).toMatchObject({ text: text.slice(0, text.indexOf(stop)), finish_reason: 'stop', stop_reason: stop });
  });

  test('logit_bias forbids an id', async () => {
    const [first = -1] = await client.ids({ prompt, max_tokens: 1, temperature: 0 });
    const other = await client.ids({ prompt, max_tokens: 20, temperature: 1, seed: 1, logit_bias: { [first]: -100 } });
    expect(other).not.toContain(first);
  });

  test('rows that pad the vocabulary are never sampled', async () => {
    const ids = await client.ids({ ...endless, prompt, temperature: 2, seed: 3 });
    const { prompt: text } = await client.json<{ prompt: string }>('/detokenize', { tokens: ids });
    const again = await Promise.all(
      [...new Set(ids)].map((id) => client.json<{ prompt: string }>('/detokenize', { tokens: [id] })),
    );
    expect(text).not.toContain('[PAD');
    expect(again.every(({ prompt: one }) => one.length > 0)).toBe(true);
  });
});

describe('seeds and choices', () => {
  const sampled = { temperature: 1, max_tokens: 40, ignore_eos: true };

  test('the same seed gives the same ids, alone or with logprobs; another seed gives others', async () => {
    const seed = 2 ** 53 - 111;
    const first = await client.ids({ ...sampled, prompt, seed });
    expect(await client.ids({ ...sampled, prompt, seed })).toEqual(first);
    expect(await client.ids({ ...sampled, prompt, seed, logprobs: 1 })).toEqual(first);
    // At temperature 2, where even a model that is sure of itself draws differently.
    const hot = { ...sampled, temperature: 2, prompt };
    expect(await client.ids({ ...hot, seed: seed - 1 })).not.toEqual(await client.ids({ ...hot, seed }));
  });

  test('choice i of n is the choice of seed + i', async () => {
    const { choices } = await client.complete({ ...sampled, prompt, seed: 10, n: 3 });
    expect(choices.map(({ index }) => index)).toEqual([0, 1, 2]);
    expect(choices[2]?.token_ids).toEqual(await client.ids({ ...sampled, prompt, seed: 12 }));
  });
});

describe('streams', () => {
  test('say the same as a plain reply, give the prompt once and the usage at the end', async () => {
    const fields = { prompt, max_tokens: 12, temperature: 0 };
    const events = await client.events({ ...fields, stream_options: { include_usage: true } });
    const usage = events.pop();
    expect(usage).toMatchObject({ choices: [], usage: { prompt_tokens: prompt.length } });
    const parts = events.flatMap(({ choices }) => choices);
    expect(parts.map((part) => part.prompt_token_ids)).toEqual(parts.map((_, index) => (index === 0 ? prompt : null)));
    const [plain] = (await client.complete(fields)).choices;
    expect(parts.flatMap((part) => part.token_ids)).toEqual(plain?.token_ids);
    expect(parts.map((part) => part.text).join('')).toBe(plain?.text);
    expect(parts.at(-1)?.finish_reason).toBe(plain?.finish_reason);
    expect(usage?.usage.completion_tokens).toBe(plain?.token_ids.length);
  });

  test('hold back the pieces of a character until it is whole', async () => {
    const pieces = await client.tokenize('🙂');
    expect(pieces.length).toBeGreaterThan(1);
    // Only the bytes of the character may be said: they come in any order, whole characters or none.
    const fields = { prompt, max_tokens: 60, temperature: 2, seed: 4, allowed_token_ids: pieces };
    const parts = (await client.events(fields)).flatMap(({ choices }) => choices);
    const bytes = parts.map(({ text }) => text).join('');
    const whole = await client.json<{ prompt: string }>('/detokenize', {
      tokens: parts.flatMap((part) => part.token_ids),
    });
    expect(whole.prompt.replace(/\uFFFD$/, '')).toBe(bytes);
  });

  test('of chats give the same text as the ids of the chat', async () => {
    const messages = [{ role: 'user', content: 'What is 2+3?' }];
    const plain = await client.json<{ choices: { message: { content: string } }[] }>('/v1/chat/completions', {
      messages,
      max_tokens: 12,
      temperature: 0,
      skip_special_tokens: false,
    });
    const [choice] = (await client.complete({ prompt, max_tokens: 12, temperature: 0 })).choices;
    expect(plain.choices[0]?.message.content).toBe(choice?.text);
  });
});

describe('refusals', () => {
  test('a prompt that does not fit is a 400 that names the context', async () => {
    const reply = await client.request('/v1/completions', {
      prompt: Array(100).fill(5),
      max_tokens: client.server.contextLength,
    });
    expect(reply.status).toBe(400);
    const { error } = (await reply.json()) as { error: { message: string; param: string } };
    expect(error.param).toBe('input_tokens');
    expect(error.message).toContain(`maximum context length is ${client.server.contextLength}`);
  });

  test('a wrong key is a 401, another model a 404', async () => {
    expect((await fetch(`${client.server.url}/models`)).status).toBe(401);
    expect((await client.request('/v1/completions', { prompt, model: 'other' })).status).toBe(404);
  });

  test('a full context ends with length, and nothing is forgotten', async () => {
    const { contextLength } = client.server;
    const { choices, usage } = await client.complete({ prompt, ...endless, max_tokens: contextLength - prompt.length });
    expect(choices[0]?.finish_reason).toBe('length');
    expect(usage.prompt_tokens + usage.completion_tokens).toBe(contextLength);
  });
});
