import { describe, expect, test } from 'vitest';
import { readArguments } from '../../../src/localServer/arguments';
import { createServer } from '../../../src/localServer/http/server';
import { renderChat } from '../../../src/localServer/model/chatTemplate';
import { SequencePool } from '../../../src/localServer/model/sequencePool';
import { createFakeEngine } from '../support/fakeEngine';

const { engine, plans } = createFakeEngine();
const app = createServer({ engine, apiKey: 'key', version: '1.2.3' });
const authorization = 'Bearer key';

async function post(url: string, payload: object | string, headers: Record<string, string> = {}) {
  const reply = await app.inject({ method: 'POST', url, payload, headers: { authorization, ...headers } });
  const isJson = String(reply.headers['content-type']).includes('json');
  return { status: reply.statusCode, text: reply.body, body: isJson ? reply.json() : null };
}

const complete = (fields: object) =>
  post('/v1/completions', { prompt: [5, 6], max_tokens: 4, temperature: 0, ...fields });

describe('refusals', () => {
  test.each([
    ['no prompt', { prompt: null }, 'Bad Request', 'body.prompt'],
    ['an empty prompt', { prompt: '' }, 'Bad Request', 'body.prompt'],
    ['a negative id', { prompt: [-1] }, 'Bad Request', 'body.prompt.0'],
    ['min_tokens above max_tokens', { min_tokens: 5 }, 'BadRequestError', 'min_tokens'],
    ['no tokens at all', { max_tokens: 0 }, 'BadRequestError', 'max_tokens'],
    ['a negative temperature', { temperature: -0.1 }, 'BadRequestError', 'temperature'],
    ['a temperature above 2', { temperature: 2.1 }, 'BadRequestError', 'temperature'],
    ['several greedy choices', { n: 2 }, 'BadRequestError', 'n'],
    ['top_p of 0', { top_p: 0 }, 'BadRequestError', 'top_p'],
    ['prompt and output longer than the context', { max_tokens: 63 }, 'BadRequestError', 'input_tokens'],
    ['stream options without a stream', { stream_options: { include_usage: true } }, 'Bad Request', 'stream_options'],
    ['an empty stop string', { stop: [''] }, 'Bad Request', 'body.stop.0'],
    ['echo in a stream', { echo: true, stream: true }, 'Bad Request', 'echo'],
    ['a negative thinking budget', { thinking_token_budget: -2 }, 'Bad Request', 'body.thinking_token_budget'],
    ['half a thinking budget', { thinking_token_budget: 0.5 }, 'Bad Request', 'body.thinking_token_budget'],
    ['an empty bad word', { bad_words: [''] }, 'Bad Request', 'body.bad_words.0'],
    ['named logprobs without logprobs', { logprob_token_ids: [5] }, 'Bad Request', 'logprob_token_ids'],
    ['prompt logprobs in a stream', { prompt_logprobs: 1, stream: true }, 'Bad Request', 'prompt_logprobs'],
    ['beam search', { use_beam_search: true }, 'Bad Request', 'use_beam_search'],
    ['logprobs of penalised ids', { logprobs: 1, repetition_penalty: 1.1 }, 'Bad Request', 'logprobs'],
    [
      'what would end repetitions',
      { repetition_detection: { max_pattern_size: 9 } },
      'Bad Request',
      'repetition_detection',
    ],
    ['an id the model does not have', { prompt: [30] }, 'BadRequestError', null],
    ['such an id as a stop id', { stop_token_ids: [30] }, 'BadRequestError', null],
    ['such an id in logit_bias', { logit_bias: { 30: 1 } }, 'BadRequestError', null],
    ['more than 20 logprobs', { logprobs: 21 }, 'BadRequestError', null],
    ['logprobs of every id', { logprobs: -1 }, 'BadRequestError', null],
    ['more than 20 prompt logprobs', { prompt_logprobs: 21 }, 'BadRequestError', null],
    ['an unknown id among named logprobs', { logprobs: 1, logprob_token_ids: [30] }, 'BadRequestError', null],
  ])('%s is a 400 that names the field', async (_what, fields, type, param) => {
    const { status, body } = await complete(fields);
    expect(status).toBe(400);
    expect(body.error).toMatchObject({ type, param, code: 400, message: expect.any(String) });
  });

  test('an unknown id in a stream is an event in a 200, like vLLM’s', async () => {
    const { status, text } = await complete({ prompt: [30], stream: true });
    expect(status).toBe(200);
    expect(text).toMatch(/^data: \{"error":\{.*"code":400\}\}\n\ndata: \[DONE\]\n\n$/);
  });

  test('the length error has the sentence from which clients read the context length', async () => {
    const { body } = await complete({ max_tokens: 63 });
    expect(body.error.message).toMatch(/maximum context length is 64 tokens.*requested 63 output.*contains 2 input/);
  });

  test('another model is a 404', async () => {
    const { status, body } = await complete({ model: 'other' });
    expect([status, body.error.type, body.error.param]).toEqual([404, 'NotFoundError', 'model']);
  });

  test('bad JSON is a 400', async () => {
    const { status } = await post('/v1/completions', '{', { 'content-type': 'application/json' });
    expect(status).toBe(400);
  });

  test('an unknown path is a 404', async () => {
    expect(await post('/v1/nothing', {})).toMatchObject({ status: 404, body: { detail: 'Not Found' } });
  });

  test.each(['/v1/models', '/metrics', '/tokenize', '/nothing'])('%s wants the key', async (url) => {
    for (const headers of [{}, { authorization: 'Bearer wrong' }, { authorization: 'key' }]) {
      const reply = await app.inject({ method: 'GET', url, headers });
      expect([reply.statusCode, reply.json()]).toEqual([401, { error: 'Unauthorized' }]);
    }
  });

  test.each(['/health', '/version'])('%s answers without a key', async (url) => {
    expect((await app.inject({ method: 'GET', url })).statusCode).toBe(200);
  });
});

describe('requests', () => {
  test('unknown fields pass, nulls count as not given, 16 tokens are the default', async () => {
    plans.length = 0;
    const { status } = await post('/v1/completions', {
      prompt: 'abc',
      nonsense: 1,
      top_k: null,
      max_tokens: null,
      seed: 2 ** 53 - 1,
    });
    expect(status).toBe(200);
    expect(plans[0]).toMatchObject({
      promptIds: [5, 6, 7],
      maxTokens: 16,
      seed: 2 ** 53 - 1,
      sampling: { topK: 0, temperature: 1 },
    });
  });

  test('choices of several prompts are numbered prompt * n + sample', async () => {
    const { body } = await complete({ prompt: [[5], [6]], n: 2, temperature: 1, return_token_ids: true });
    const prompts = body.choices.map((choice: { index: number; prompt_token_ids: number[] }) => [
      choice.index,
      choice.prompt_token_ids,
    ]);
    expect(prompts).toEqual([
      [0, [5]],
      [1, [5]],
      [2, [6]],
      [3, [6]],
    ]);
    expect(body.usage).toMatchObject({ prompt_tokens: 2, completion_tokens: 4, total_tokens: 6 });
  });

  test('a stream ends with usage and [DONE]', async () => {
    const { text } = await complete({ stream: true, stream_options: { include_usage: true }, return_token_ids: true });
    const events = text.split('\n\n').filter(Boolean);
    expect(events).toHaveLength(3);
    expect(JSON.parse(events[0]?.slice(6) ?? '').choices[0]).toMatchObject({
      index: 0,
      text: '',
      token_ids: [1],
      prompt_token_ids: [5, 6],
      finish_reason: 'stop',
      stop_reason: null,
    });
    expect(JSON.parse(events[1]?.slice(6) ?? '')).toMatchObject({ choices: [], usage: { completion_tokens: 1 } });
    expect(events[2]).toBe('data: [DONE]');
  });

  test('metrics have vLLM’s names', async () => {
    const { body } = await app.inject({ method: 'GET', url: '/metrics', headers: { authorization } });
    expect(body).toContain('vllm:num_requests_running{model_name="tiny"} 1\n');
    expect(body).toContain('vllm:num_requests_waiting{model_name="tiny"} 2\n');
  });
});

describe('chat templates', () => {
  const template = {
    source:
      '{% for m in messages %}[{{ m.role }}]{{ m.content }}[end]\n{% endfor %}{% if add_generation_prompt %}[assistant]{% endif %}',
    bosText: '',
    eosText: '',
  };
  const messages = [
    { role: 'user', content: 'a' },
    { role: 'assistant', content: 'b ' },
  ];
  const render = (options: object) =>
    renderChat(template, messages, {
      addGenerationPrompt: false,
      continueFinalMessage: false,
      variables: {},
      ...options,
    });

  test('messages become text, with the opening of the reply if asked for', () => {
    expect(render({})).toBe('[user]a[end]\n[assistant]b [end]\n');
    expect(render({ addGenerationPrompt: true })).toBe('[user]a[end]\n[assistant]b [end]\n[assistant]');
  });

  test('the last message can be left open', () => {
    expect(render({ continueFinalMessage: true })).toBe('[user]a[end]\n[assistant]b ');
  });

  test('what a template refuses is an error with its words', () => {
    const refusing = { ...template, source: "{{ raise_exception('no system prompt') }}" };
    const options = { addGenerationPrompt: false, continueFinalMessage: false, variables: {} };
    expect(() => renderChat(refusing, messages, options)).toThrow('no system prompt');
  });
});

describe('sequences', () => {
  const sequence = (held: readonly number[]) => ({
    held,
    commonPrefixLength: (ids: readonly number[]) => ids.findIndex((id, index) => held[index] !== id),
  });
  const never = new AbortController().signal;

  test('the free one that holds the longest part of the prompt is taken', async () => {
    const [short, long] = [sequence([1]), sequence([1, 2])];
    expect(await new SequencePool([short, long]).acquire([1, 2, 3], never)).toBe(long);
  });

  test('who finds none waits for the next, first come, first served; who leaves is forgotten', async () => {
    const only = sequence([]);
    const pool = new SequencePool([only]);
    await pool.acquire([1], never);
    const leaving = new AbortController();
    const left = pool.acquire([1], leaving.signal);
    const waits = pool.acquire([1], never);
    expect(pool.waiting).toBe(2);
    leaving.abort(new Error('left'));
    await expect(left).rejects.toThrow('left');
    pool.release(only);
    expect(await waits).toBe(only);
    expect([pool.waiting, pool.lent.size]).toEqual([0, 1]);
  });
});

describe('arguments', () => {
  test('a model and a key are enough', () => {
    const read = readArguments(['--model', '/m/s1.gguf'], { SECOND_THOUGHT_SERVER_KEY: 'k' });
    expect(read).toMatchObject({
      modelName: 's1',
      port: 0,
      contextLength: null,
      sequences: 8,
      deterministic: false,
      apiKey: 'k',
    });
  });

  test.each([
    [[], { SECOND_THOUGHT_SERVER_KEY: 'k' }, '--model'],
    [['--model', 'm'], {}, 'SECOND_THOUGHT_SERVER_KEY'],
    [['--model', 'm', '--port', 'x'], { SECOND_THOUGHT_SERVER_KEY: 'k' }, '--port'],
    [['--model', 'm', '--wrong'], { SECOND_THOUGHT_SERVER_KEY: 'k' }, '--wrong'],
  ])('%j is refused by name', (argv, environment, named) => {
    expect(() => readArguments(argv, environment)).toThrow(named);
  });
});
