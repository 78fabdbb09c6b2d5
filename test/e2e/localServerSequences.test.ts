import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { type Client, endless, loadTimeoutMs, questionIds, start } from './support/localServer';

/** What a cancelled request may go on for (the bar of docs/architecture.md is what vLLM does: at once). */
const cancelWithinMs = 300;

let client: Client;
let prompt: number[];

beforeAll(async () => {
  client = await start();
  prompt = await questionIds(client);
}, loadTimeoutMs);

afterAll(async () => {
  await client?.server.stop();
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
