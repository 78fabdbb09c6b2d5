import { spawn } from 'node:child_process';
import { access, mkdtemp, rm, writeFile } from 'node:fs/promises';
import os from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { isError } from '../../src/core/base/errors';
import { type LocalServerProcess, startLocalServer } from '../../src/core/servers/localServerProcess';

const program = path.resolve('dist/localServer.cjs');
const modelFile = path.resolve(process.env.SECOND_THOUGHT_TEST_MODEL ?? 'media/model/s1-tiny.gguf');
const loadTimeoutMs = 60_000;

/** What a cancelled request may go on for (the bar of docs/architecture.md is what vLLM does: at once). */
const cancelWithinMs = 300;

interface Choice {
  index: number;
  text: string;
  token_ids: number[];
  prompt_token_ids: number[] | null;
  finish_reason: string | null;
  stop_reason: number | string | null;
  logprobs: {
    tokens: string[];
    token_logprobs: number[];
    top_logprobs: Record<string, number>[];
    text_offset: number[];
  } | null;
}

interface Completion {
  choices: Choice[];
  usage: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details: { cached_tokens: number } };
}

/** A client that shows everything a server sends. */
class Client {
  readonly server: LocalServerProcess;

  constructor(server: LocalServerProcess) {
    this.server = server;
  }

  request(route: string, body?: object, signal?: AbortSignal): Promise<Response> {
    const headers = { authorization: `Bearer ${this.server.apiKey}`, 'content-type': 'application/json' };
    return fetch(new URL(route, this.server.url), {
      headers,
      ...(body ? { method: 'POST', body: JSON.stringify(body) } : {}),
      ...(signal ? { signal } : {}),
    });
  }

  async json<T>(route: string, body?: object): Promise<T> {
    const reply = await this.request(route, body);
    if (!reply.ok) throw new Error(await reply.text());
    return (await reply.json()) as T;
  }

  async tokenize(prompt: string): Promise<number[]> {
    return (await this.json<{ tokens: number[] }>('/tokenize', { prompt })).tokens;
  }

  async complete(fields: object): Promise<Completion> {
    return this.json('/v1/completions', { return_token_ids: true, skip_special_tokens: false, ...fields });
  }

  /** Ids of the only choice. */
  async ids(fields: object): Promise<number[]> {
    return (await this.complete(fields)).choices[0]?.token_ids ?? [];
  }

  async events(fields: object): Promise<Completion[]> {
    const body = { stream: true, return_token_ids: true, skip_special_tokens: false, ...fields };
    const reply = await this.request('/v1/completions', body);
    const lines = (await reply.text()).split('\n\n').filter(Boolean);
    expect(lines.pop()).toBe('data: [DONE]');
    return lines.map((line) => JSON.parse(line.slice('data: '.length)) as Completion);
  }

  async metric(name: string): Promise<number> {
    const page = await (await this.request('/metrics')).text();
    const line = page.split('\n').find((one) => one.startsWith(`vllm:${name}{`));
    return Number(line?.split(' ').at(-1));
  }

  /** Milliseconds until the metric has the value. */
  async untilMetric(name: string, value: number): Promise<number> {
    const since = performance.now();
    while ((await this.metric(name)) !== value) {
      if (performance.now() - since > 10_000) throw new Error(`${name} did not become ${value}`);
    }
    return performance.now() - since;
  }
}

const start = async (options: { deterministic?: boolean; sequences?: number; contextLength?: number } = {}) =>
  new Client(await startLocalServer({ program, modelFile, modelName: 'tiny', ...options }));

let client: Client;
let prompt: number[];
let endId: number;

beforeAll(async () => {
  client = await start();
  const messages = [{ role: 'user', content: 'What is 2+3?' }];
  prompt = (await client.json<{ tokens: number[] }>('/tokenize', { messages })).tokens;
  endId = (await client.tokenize('<|im_end|>'))[0] ?? -1;
}, loadTimeoutMs);

afterAll(async () => {
  await client?.server.stop();
});

/** A generation that never ends by itself. */
const endless = { ignore_eos: true, temperature: 1, max_tokens: 700 };

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

describe('cancelling', () => {
  /** Milliseconds from closing the connection until nothing runs. */
  async function cancelWhenRunning(body: object): Promise<number> {
    await client.untilMetric('num_requests_running', 0);
    const controller = new AbortController();
    const reply = client.request('/v1/completions', { stream: true, ...body }, controller.signal).then((r) => r.text());
    const ended = expect(reply).rejects.toThrow();
    await client.untilMetric('num_requests_running', 1);
    controller.abort();
    const tookMs = await client.untilMetric('num_requests_running', 0);
    await ended;
    return tookMs;
  }

  test('frees the sequence while generating', async () => {
    expect(await cancelWhenRunning({ ...endless, prompt })).toBeLessThan(cancelWithinMs);
  });

  test('frees the sequence while reading a long prompt', async () => {
    const long = Array.from({ length: client.server.contextLength - 20 }, (_, index) => 40 + (index % 50));
    const before = await client.metric('generation_tokens_total');
    // Several at once, so that the prompt takes long enough to be caught in it.
    expect(await cancelWhenRunning({ prompt: long, max_tokens: 1 }).catch(() => 0)).toBeLessThan(cancelWithinMs);
    expect((await client.metric('generation_tokens_total')) - before).toBeLessThanOrEqual(1);
  });

  test('takes a waiting request out of the queue', async () => {
    const controller = new AbortController();
    const many = client.request('/v1/completions', { ...endless, prompt, n: 10, stream: true }, controller.signal);
    const ended = expect(many.then((reply) => reply.text())).rejects.toThrow();
    await client.untilMetric('num_requests_waiting', 2);
    controller.abort();
    await client.untilMetric('num_requests_waiting', 0);
    expect(await client.untilMetric('num_requests_running', 0)).toBeLessThan(cancelWithinMs);
    await ended;
  });
});

describe('prefix reuse', () => {
  test('a continuation reads only what is new, and says what a fresh server says', async () => {
    const half = await client.ids({ prompt, max_tokens: 8, temperature: 0, ignore_eos: true });
    const continued = {
      prompt: [...prompt, ...half, ...(await client.tokenize('Wait'))],
      max_tokens: 24,
      temperature: 0,
    };
    const warm = await client.complete(continued);
    expect(warm.usage.prompt_tokens_details.cached_tokens).toBeGreaterThanOrEqual(prompt.length + half.length - 1);
    const fresh = await start();
    try {
      expect(await fresh.ids(continued)).toEqual(warm.choices[0]?.token_ids);
    } finally {
      await fresh.server.stop();
    }
  });
});

describe('sequences in one batch', () => {
  test('say what each says alone', async () => {
    const questions = ['raspberry', 'committee', 'mississippi', 'banana', 'balloon', 'strawberry', 'coffee', 'letter'];
    const prompts = await Promise.all(
      questions.map((word) =>
        client.tokenize(`How many e in ${word}?<|im_end|>\n<|im_start|>assistant\n<|im_start|>think`),
      ),
    );
    const greedy = (ids: number[]) => client.ids({ prompt: ids, temperature: 0, max_tokens: 80, ignore_eos: true });
    const alone: number[][] = [];
    for (const ids of prompts) alone.push(await greedy(ids));
    for (let round = 0; round < 3; round++) expect(await Promise.all(prompts.map(greedy))).toEqual(alone);
  });
});

describe('deterministic mode', () => {
  test('gives the same ids alone and among eight', async () => {
    const exact = await start({ deterministic: true });
    try {
      const seeded = (seed: number) => exact.ids({ prompt, seed, temperature: 1, max_tokens: 40, ignore_eos: true });
      const alone = await seeded(1);
      const among = await Promise.all([2, 3, 4, 1, 5, 6, 7, 8].map(seeded));
      expect(among[3]).toEqual(alone);
      expect(await exact.metric('num_requests_running')).toBe(0);
    } finally {
      await exact.server.stop();
    }
  });
});

describe('starting and ending', () => {
  const failure = async (options: Partial<Parameters<typeof startLocalServer>[0]>) =>
    startLocalServer({ program, modelFile, ...options }).then(
      () => null,
      (error: unknown) => error,
    );

  test('a missing model, a file that is no model and a cancelled start are clear errors', async () => {
    const missing = await failure({ modelFile: '/nowhere/model.gguf' });
    expect(isError(missing, 'file-not-found') && missing.message).toContain('/nowhere/model.gguf');
    expect(isError(await failure({ modelFile: path.resolve('package.json') }), 'invalid-file')).toBe(true);
    const controller = new AbortController();
    const starting = failure({ signal: controller.signal });
    controller.abort();
    expect(isError(await starting, 'cancelled')).toBe(true);
  });

  test('a program that ends early is quoted; one without native part says what it needs', async () => {
    const folder = await mkdtemp(path.join(os.tmpdir(), 'local-server-'));
    try {
      const fake = async (name: string, source: string) => {
        await writeFile(path.join(folder, name), source);
        return failure({ program: path.join(folder, name) });
      };
      const early = await fake('early.cjs', "console.error('no room'); process.exit(1);");
      expect(isError(early, 'local-server-unavailable') && early.message).toContain('no room');
      const other = await fake('other.cjs', 'process.exit(3);');
      expect(isError(other, 'local-server-unavailable') && other.remedy).toContain('made for this platform');
    } finally {
      await rm(folder, { recursive: true });
    }
  });

  test('stop ends the process and tells listeners, also with an open stream', async () => {
    const short = await start({ sequences: 1 });
    const reply = await short.request('/v1/completions', { ...endless, prompt, stream: true });
    const cut = expect(reply.text()).rejects.toThrow();
    const gone = new Promise<void>((resolve) => short.server.onExit(resolve));
    await short.server.stop();
    await gone;
    await cut;
    expect(isRunning(short.server.pid)).toBe(false);
  });

  test('the server ends when the process that started it is killed', async () => {
    await access(program);
    const script = `
      const { spawn } = require('node:child_process');
      const child = spawn(process.execPath, [${JSON.stringify(program)}, '--model', ${JSON.stringify(modelFile)}], {
        env: { ...process.env, SECOND_THOUGHT_SERVER_KEY: 'k' },
        stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
      });
      child.stdout.on('data', () => process.stdout.write(child.pid + '\\n'));
    `;
    const parent = spawn(process.execPath, ['-e', script], { stdio: ['ignore', 'pipe', 'inherit'] });
    const pid = await new Promise<number>((resolve) => parent.stdout.once('data', (text) => resolve(Number(text))));
    expect(isRunning(pid)).toBe(true);
    parent.kill('SIGKILL');
    await expect.poll(() => isRunning(pid), { timeout: 5000 }).toBe(false);
  });
});

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
