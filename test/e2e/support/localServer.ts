import path from 'node:path';
import { expect } from 'vitest';
import { type LocalServerProcess, startLocalServer } from '../../../src/core/servers/localServerProcess';

export const program = path.resolve('dist/localServer.cjs');
export const modelFile = path.resolve(process.env.SECOND_THOUGHT_TEST_MODEL ?? 'media/model/s1-tiny.gguf');
export const loadTimeoutMs = 60_000;

export interface Choice {
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

export interface Completion {
  choices: Choice[];
  usage: { prompt_tokens: number; completion_tokens: number; prompt_tokens_details: { cached_tokens: number } };
}

/** A client that shows everything a server sends. */
export class Client {
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

/** A local server with the bundled model. The caller stops it. */
export const start = async (options: { deterministic?: boolean; sequences?: number; contextLength?: number } = {}) =>
  new Client(await startLocalServer({ program, modelFile, modelName: 'tiny', ...options }));

/** The prompt of most tests: a question, rendered by the chat template. */
export async function questionIds(client: Client): Promise<number[]> {
  const messages = [{ role: 'user', content: 'What is 2+3?' }];
  return (await client.json<{ tokens: number[] }>('/tokenize', { messages })).tokens;
}

/** A generation that never ends by itself. */
export const endless = { ignore_eos: true, temperature: 1, max_tokens: 700 };
