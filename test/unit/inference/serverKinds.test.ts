import { afterEach, describe, expect, it } from 'vitest';
import { greedy } from '../../../src/core/forcing/condition';
import type { CompletionChunk } from '../../../src/core/inference/inferenceClient';
import { connect } from '../../../src/core/servers/connect';
import { type Answers, ConversationServer } from '../../faults/conversationServer';

let server: ConversationServer;
afterEach(() => server.stop());

const never = new AbortController().signal;
const models = { json: { data: [{ id: 'm', max_model_len: 4096 }] } };
const request = {
  promptIds: [1, 2, 3],
  maxTokens: 5,
  minTokens: 1,
  stopTokenIds: [9],
  seed: 2 ** 40 + 7,
  sampling: greedy,
  maskedTokenIds: [70],
};

async function meet(answers: Answers) {
  server = await ConversationServer.start(answers);
  const spec = { kind: 'url' as const, id: 's', url: server.url, model: null, keySource: 'none' };
  return connect(spec, { packageRoot: '' });
}

async function read(chunks: AsyncIterable<CompletionChunk>): Promise<CompletionChunk[]> {
  const all: CompletionChunk[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}

const summary = (chunks: CompletionChunk[]) => ({
  tokenIds: chunks.flatMap(({ tokenIds }) => tokenIds),
  text: chunks.map(({ text }) => text).join(''),
  finishReason: chunks.map(({ finishReason }) => finishReason).find((reason) => reason !== null),
  stopReason: chunks.map(({ stopReason }) => stopReason).find((reason) => reason !== null) ?? null,
});

/** Fields of a request that mean the same on vLLM and SGLang. */
const common = {
  model: 'm',
  prompt: [1, 2, 3],
  stream: true,
  stream_options: { include_usage: true },
  max_tokens: 5,
  min_tokens: 1,
  stop_token_ids: [9],
  return_token_ids: true,
  skip_special_tokens: false,
  spaces_between_special_tokens: false,
  add_special_tokens: false,
  seed: 2 ** 40 + 7,
  temperature: 0,
  top_p: 1,
  min_p: 0,
  repetition_penalty: 1,
  logit_bias: { 70: -100 },
};

describe('vLLM before 0.10.2', () => {
  it('gives its ids as the names in the log-probabilities', async () => {
    const { client, kind } = await meet({
      '/v1/models': models,
      '/version': { json: { version: '0.6.4.post1' } },
      '/v1/completions': {
        events: [
          { choices: [{ text: 'a', logprobs: { tokens: ['token_id:11'] }, finish_reason: null }] },
          { choices: [{ text: '', logprobs: { tokens: ['token_id:9'] }, finish_reason: 'stop', stop_reason: 9 }] },
          { choices: [], usage: { prompt_tokens: 3 } },
        ],
      },
    });
    expect(kind).toBe('vllm');
    const chunks = await read(client.complete(request, never));
    expect(summary(chunks)).toEqual({ tokenIds: [11, 9], text: 'a', finishReason: 'stop', stopReason: 9 });
    expect(server.to('/v1/completions')[0]).toEqual({
      ...common,
      top_k: 0,
      logprobs: 0,
      return_tokens_as_token_ids: true,
    });
  });

  it('that names no ids is refused with the version that would', async () => {
    const { client } = await meet({
      '/v1/models': models,
      '/version': { json: { version: '0.6.4' } },
      '/v1/completions': { events: [{ choices: [{ text: 'a', logprobs: { tokens: ['a'] }, finish_reason: null }] }] },
    });
    await expect(read(client.complete(request, never))).rejects.toMatchObject({ code: 'ids-not-returned' });
  });
});

describe('SGLang', () => {
  const sglang = {
    '/v1/models': models,
    '/get_model_info': { json: { model_path: 'Qwen/Qwen3-8B', is_generation: true } },
  };

  it('is asked with its own neutral values, and its matched_stop is the reason', async () => {
    const { client, kind } = await meet({
      ...sglang,
      '/v1/completions': {
        events: [
          { choices: [{ text: 'a', token_ids: [11], finish_reason: null }] },
          { choices: [{ text: '', token_ids: [9], finish_reason: 'stop', matched_stop: 9 }] },
        ],
      },
    });
    expect(kind).toBe('sglang');
    const chunks = await read(client.complete(request, never));
    expect(summary(chunks)).toEqual({ tokenIds: [11, 9], text: 'a', finishReason: 'stop', stopReason: 9 });
    expect(server.to('/v1/completions')[0]).toEqual({ ...common, top_k: -1, no_stop_trim: true });
  });

  it('tokenizes below /v1, and renders a prompt by a chat of one token', async () => {
    const { client } = await meet({
      ...sglang,
      '/v1/tokenize': { json: { tokens: [4, 5], count: 2, max_model_len: 4096 } },
      '/v1/detokenize': { json: { text: 'ab' } },
      '/v1/chat/completions': { json: { choices: [{ prompt_token_ids: [1, 2], message: { content: 'x' } }] } },
    });
    expect(await client.tokenize('ab')).toEqual([4, 5]);
    expect(await client.detokenize([4, 5])).toBe('ab');
    expect((await client.renderChat('q?')).promptIds).toEqual([1, 2]);
    expect(server.to('/v1/tokenize')[0]).toEqual({ model: 'm', prompt: 'ab', add_special_tokens: false });
    expect(server.to('/v1/detokenize')[0]).toEqual({ model: 'm', tokens: [4, 5], skip_special_tokens: false });
    expect(server.to('/v1/chat/completions')[0]).toEqual({
      model: 'm',
      messages: [{ role: 'user', content: 'q?' }],
      max_tokens: 1,
      return_token_ids: true,
    });
  });
});

describe('llama.cpp’s server', () => {
  const llamaCpp = {
    '/v1/models': { json: { data: [{ id: 'm', meta: { n_ctx_train: 32_768 } }] } },
    '/props': { json: { default_generation_settings: { n_ctx: 2048 }, build_info: 'b6500-abc', chat_template: '…' } },
  };

  it('is asked by its native route, with a seed of 32 bits, and the context is what it was started with', async () => {
    const {
      client,
      kind,
      server: record,
    } = await meet({
      ...llamaCpp,
      '/completion': {
        events: [
          { index: 0, content: 'a', tokens: [11], stop: false },
          { index: 0, content: '', tokens: [], stop: true, stop_type: 'limit', timings: { cache_n: 2 } },
        ],
      },
    });
    expect(kind).toBe('llama.cpp');
    expect(record).toMatchObject({ contextLength: 2048, version: 'b6500-abc' });
    const chunks = await read(client.complete(request, never));
    expect(summary(chunks)).toEqual({ tokenIds: [11], text: 'a', finishReason: 'length', stopReason: null });
    expect(chunks.at(-1)?.cachedPromptTokens).toBe(2);
    expect(server.to('/completion')[0]).toEqual({
      prompt: [1, 2, 3],
      n_predict: 5,
      stream: true,
      return_tokens: true,
      cache_prompt: true,
      seed: (2 ** 40 + 7) % (2 ** 32 - 1),
      temperature: 0,
      top_p: 1,
      top_k: 0,
      min_p: 0,
      repeat_penalty: 1,
      logit_bias: [[70, false]],
    });
  });

  it('that ends by itself does not make its last id an end', async () => {
    const { client } = await meet({
      ...llamaCpp,
      '/completion': {
        events: [
          { content: 'a', tokens: [11], stop: false },
          { content: '', tokens: [], stop: true, stop_type: 'eos' },
        ],
      },
    });
    const chunks = await read(client.complete(request, never));
    expect(summary(chunks)).toMatchObject({ tokenIds: [11], finishReason: 'stop', stopReason: 'eos' });
  });

  it('whose held back ids cannot be told from the text of the character is not believed', async () => {
    const { client } = await meet({
      ...llamaCpp,
      '/tokenize': { json: { tokens: [7, 8, 9] } },
      '/completion': { events: [{ content: 'é', tokens: [9], tokens_predicted: 2, stop: false }] },
    });
    await expect(read(client.complete(request, never))).rejects.toMatchObject({ code: 'ids-not-returned' });
  });

  it('renders the template to a text, whose ids include what the tokenizer puts in front', async () => {
    const { client } = await meet({
      ...llamaCpp,
      '/apply-template': { json: { prompt: '<|user|>q?' } },
      '/tokenize': (body) => ({ json: { tokens: body.add_special ? [0, 7, 8] : [7, 8] } }),
      '/detokenize': { json: { content: 'ab' } },
    });
    expect((await client.renderChat('q?')).promptIds).toEqual([0, 7, 8]);
    expect(await client.tokenize('ab')).toEqual([7, 8]);
    expect(await client.detokenize([7, 8])).toBe('ab');
    expect(server.to('/apply-template')[0]).toEqual({ messages: [{ role: 'user', content: 'q?' }] });
    expect(server.to('/tokenize')).toEqual([
      { content: '<|user|>q?', add_special: true, parse_special: true },
      { content: 'ab', add_special: false, parse_special: true },
    ]);
    expect(server.to('/detokenize')[0]).toEqual({ tokens: [7, 8] });
  });
});

describe('a host that only chats', () => {
  const heard = (...deltas: object[]) => ({
    '/v1/models': models,
    '/v1/chat/completions': {
      events: [
        ...deltas.map((delta) => ({ choices: [{ delta, finish_reason: null }] })),
        { choices: [{ delta: {}, finish_reason: 'stop' }] },
        { choices: [], usage: { completion_tokens: 9 } },
      ],
    },
  });
  const asked = { ...request, templateArguments: { reasoning_effort: 'high', enable_thinking: true } };

  it.each(['reasoning', 'reasoning_content'])(
    'has its %s written down as thinking, and its effort asked for',
    async (field) => {
      const { client, kind, server: met } = await meet(heard({ [field]: 'so' }, { [field]: ' far' }, { content: '5' }));
      expect(kind).toBe('openai');
      expect(met.level).toBe('chat');
      const { promptIds } = await client.renderChat('q?');
      const chunks = await read(client.complete({ ...asked, promptIds, stopTokenIds: [], isOpenEnded: true }, never));
      expect(summary(chunks)).toMatchObject({ text: '<think>so far</think>5', finishReason: 'stop' });
      expect(chunks.at(-1)?.reportedTokens).toBe(9);
      expect(await client.detokenize(chunks.flatMap(({ tokenIds }) => tokenIds))).toBe('<think>so far</think>5');
      const [body] = server.to('/v1/chat/completions');
      expect(body).toMatchObject({ messages: [{ role: 'user', content: 'q?' }], reasoning_effort: 'high' });
      expect(body).toMatchObject({ chat_template_kwargs: { enable_thinking: true } });
      expect(Object.keys(body ?? {})).not.toContain('max_tokens');
    },
  );

  it('may be Ollama, whose completions put the text into its template: it is taken for a chat', async () => {
    const completions = { json: { choices: [{ text: '4' }] } };
    const { server: met } = await meet({
      ...heard(),
      '/api/version': { json: { version: '0.9' } },
      '/v1/completions': completions,
    });
    expect(met.level).toBe('chat');
  });

  it('but tokenizes is vLLM whose version a proxy hides', async () => {
    const { kind } = await meet({ '/v1/models': models, '/tokenize': { json: { tokens: [1], max_model_len: 4096 } } });
    expect(kind).toBe('vllm');
  });
});

describe('log-probabilities', () => {
  const lists = {
    tokens: [' a', ''],
    token_logprobs: [-0.1, -2.5],
    top_logprobs: [
      { 7: -3, ' a': -0.1 },
      { '': -2.5, b: -0.3 },
    ],
  };
  const said = [
    {
      text: ' a',
      logprob: -0.1,
      top: [
        [' a', -0.1],
        ['7', -3],
      ],
    },
    {
      text: '',
      logprob: -2.5,
      top: [
        ['b', -0.3],
        ['', -2.5],
      ],
    },
  ];
  const chat = { choices: [{ prompt_token_ids: [1] }] };

  it.each([
    ['vLLM', { '/version': { json: { version: '0.32.0' } } }],
    ['SGLang', { '/get_model_info': { json: { model_path: 'm' } }, '/v1/chat/completions': { json: chat } }],
  ])('of %s are read id by id, the likeliest first, and asked for by number', async (_, identity) => {
    const { client } = await meet({
      '/v1/models': models,
      ...identity,
      '/v1/completions': {
        events: [{ choices: [{ text: ' a', token_ids: [11, 12], logprobs: lists, finish_reason: 'length' }] }],
      },
    });
    const [chunk] = await read(client.complete({ ...request, logprobs: 2 }, never));
    expect(server.to('/v1/completions')[0]).toMatchObject({ logprobs: 2, return_token_ids: true });
    expect(chunk?.logprobs).toEqual(said);
  });

  it('of llama.cpp are read where their id is the one that came', async () => {
    const entry = (id: number) => ({
      id,
      token: ' a',
      logprob: -0.1,
      top_logprobs: [{ id, token: ' a', logprob: -0.1 }],
    });
    const event = { content: ' a', tokens: [11, 12], completion_probabilities: [entry(11), entry(99)] };
    const { client } = await meet({
      '/v1/models': models,
      '/props': { json: { build_info: 'b6000', default_generation_settings: { n_ctx: 4096 } } },
      '/completion': { events: [event, { content: '', tokens: [], stop: true, stop_type: 'limit' }] },
    });
    const [chunk] = await read(client.complete({ ...request, logprobs: 3 }, never));
    expect(server.to('/completion')[0]).toMatchObject({ n_probs: 3 });
    expect(chunk?.logprobs).toEqual([{ text: ' a', logprob: -0.1, top: [[' a', -0.1]] }, null]);
  });

  it('in lists that do not fit the ids are taken for none, never for those of other ids', async () => {
    const { client } = await meet({
      '/v1/models': models,
      '/version': { json: { version: '0.32.0' } },
      '/v1/completions': {
        events: [{ choices: [{ text: ' a', token_ids: [11, 12, 13], logprobs: lists, finish_reason: 'length' }] }],
      },
    });
    const [chunk] = await read(client.complete({ ...request, logprobs: 2 }, never));
    expect(chunk?.logprobs).toEqual([null, null, null]);
  });
});
