import { describe, expect, it } from 'vitest';
import type { CompletionChunk, CompletionRequest, MeasuringClient } from '../../../src/core/inference/inferenceClient';
import { GenerativePrm } from '../../../src/core/scorers/generativePrm';
import { Judge, Likelihood, randomScorer } from '../../../src/core/scorers/plainScorers';
import { OutcomeReward, PoolingPrm } from '../../../src/core/scorers/poolingScorers';
import { parseScorer, scorerNames } from '../../../src/core/scorers/scorerChoice';
import { ScriptedClient } from '../support/scriptedClient';

/** Replies as vLLM documents them; what is tested is what is asked and how the reply is read. */
class Replies extends ScriptedClient implements MeasuringClient {
  readonly model = 'reward';
  readonly asked: { path: string; body: Record<string, unknown> }[] = [];
  readonly #reply: unknown;
  readonly #logprobs: Record<string, number>;

  constructor(reply: unknown, logprobs: Record<string, number> = {}) {
    super([]);
    this.#reply = reply;
    this.#logprobs = logprobs;
  }

  override async tokenize(text: string): Promise<number[]> {
    const tags: Record<string, number> = { '<|step|>': 90, '<|good|>': 91, '<|bad|>': 92 };
    return tags[text] === undefined ? super.tokenize(text) : [tags[text]];
  }

  async post(path: string, body: object): Promise<unknown> {
    this.asked.push({ path, body: body as Record<string, unknown> });
    return this.#reply;
  }

  override async *complete(request: CompletionRequest): AsyncGenerator<CompletionChunk> {
    this.requests.push(request);
    const common = { text: 'x', finishReason: 'length', stopReason: null, cachedPromptTokens: null };
    yield { tokenIds: [91], ...common, topLogprobs: [this.#logprobs] };
  }
}

const never = new AbortController().signal;
const request = { question: 'How many?', steps: ['one', 'two'], ids: [1, 2, 3, 4], promptLength: 2, seed: 5 };
const usage = { prompt_tokens: 12, completion_tokens: 2 };

describe('a scorer', () => {
  it('that is a generative model gives the share of the good verdict behind the last step', async () => {
    const client = new Replies(null, { 'token_id:91': Math.log(0.3), 'token_id:92': Math.log(0.1), 'token_id:7': 0 });
    const verdict = await new GenerativePrm(client).score(request, never);
    expect(verdict.value).toBeCloseTo(0.75, 10);
    const sent = client.requests[0];
    expect(sent).toMatchObject({ maxTokens: 1, extra: { logprob_token_ids: [91, 92] } });
    expect(verdict).toMatchObject({ promptTokens: sent?.promptIds.length, generatedTokens: 1 });
    expect(await client.detokenize(sent?.promptIds ?? [])).toMatch(/think\none<\|step\|>\ntwo<\|step\|>$/);
  });

  it('that is a generative model says so when neither verdict is listed', async () => {
    const scoring = new GenerativePrm(new Replies(null, { 'token_id:7': 0 })).score(request, never);
    await expect(scoring).rejects.toMatchObject({ code: 'scorer-failed' });
  });

  it('behind /pooling is read as Qwen2.5-Math-PRM gives it: the second number of the last step', async () => {
    const rows = [[0.9, 0.1], [0.2, 0.8]]; // biome-ignore format: a table
    const client = new Replies({ data: [{ data: rows }], usage });
    expect(await new PoolingPrm('qwen-prm', client).score(request, never)).toEqual({
      value: 0.8,
      promptTokens: 12,
      generatedTokens: 0,
    });
    expect(client.asked[0]?.path).toBe('/pooling');
    expect(JSON.stringify(client.asked[0]?.body)).toContain('one<extra_0>two<extra_0>');
  });

  it('behind /pooling is read as the Llemma reward model gives it: the sigmoid of the last logit', async () => {
    const client = new Replies({ data: [{ data: [[-1], [0]] }] });
    expect((await new PoolingPrm('llemma-prm', client).score(request, never)).value).toBe(0.5);
    expect(client.asked[0]?.body.input).toBe('How many?\nStep 1: one ки\nStep 2: two ки');
  });

  it('behind /pooling that returns another number of rows is refused with the remedy', async () => {
    const scoring = new PoolingPrm('qwen-prm', new Replies({ data: [{ data: [[0, 1]] }] })).score(request, never);
    await expect(scoring).rejects.toMatchObject({ code: 'scorer-failed', remedy: expect.stringContaining('STEP') });
  });

  it('behind /classify is the logit of a model with one label', async () => {
    const client = new Replies({ data: [{ probs: [-3.5] }], usage });
    expect((await new OutcomeReward(client).score(request, never)).value).toBe(-3.5);
  });

  it('that judges gives a tenth of its mark, and its question quotes the steps as data', async () => {
    const client = new Replies({ choices: [{ message: { content: 'Score: 7' } }], usage });
    expect(await new Judge(client).score(request, never)).toEqual({ value: 0.7, promptTokens: 12, generatedTokens: 2 });
    expect(JSON.stringify(client.asked[0]?.body)).toContain('not instructions');
    const silent = new Judge(new Replies({ choices: [{ message: { content: 'no idea' } }] })).score(request, never);
    await expect(silent).rejects.toMatchObject({ code: 'scorer-failed', message: expect.stringContaining('no idea') });
  });

  it('by likelihood is exp of the mean log-probability of what the policy wrote', async () => {
    const listed = [null, { '2': { logprob: -9 } }, { '3': { logprob: -1 } }, { '4': { logprob: -3 } }];
    const client = new Replies({ choices: [{ prompt_logprobs: listed }] });
    expect((await new Likelihood(client).score(request, never)).value).toBeCloseTo(Math.exp(-2), 10);
    const blind = new Likelihood(new Replies({ choices: [{ prompt_logprobs: [null] }] })).score(request, never);
    await expect(blind).rejects.toMatchObject({ code: 'scorer-failed' });
  });

  it('by chance is the same for the same seed, between 0 and 1', async () => {
    const values = await Promise.all([5, 5, 6].map((seed) => randomScorer.score({ ...request, seed }, never)));
    expect(values[0]).toEqual(values[1]);
    expect(values[0]).not.toEqual(values[2]);
    for (const { value } of values) expect(value >= 0 && value < 1).toBe(true);
  });
});

describe('the name of a scorer', () => {
  it('may be followed by a server and a model', () => {
    expect(parseScorer('qwen-prm:http://gpu01:8000/v1#prm')).toEqual({
      kind: 'qwen-prm',
      server: 'http://gpu01:8000/v1',
      model: 'prm',
    });
    expect(parseScorer('judge')).toEqual({ kind: 'judge', server: null, model: null });
  });

  it.each([
    ['nobody', scorerNames.join(', ')],
    ['', scorerNames.join(', ')],
    ['qwen-prm', 'qwen-prm:SERVER'],
    ['random:http://x', 'random alone'],
  ])('%j is refused with what to write', (text, remedy) => {
    expect(() => parseScorer(text)).toThrow(
      expect.objectContaining({ code: 'bad-usage', remedy: expect.stringContaining(remedy) }),
    );
  });
});
