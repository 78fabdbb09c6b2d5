import { afterEach, describe, expect, it } from 'vitest';
import type { SecondThoughtError } from '../../../src/core/base/errors';
import { checkTrace } from '../../../src/core/traces/history';
import { cuesUsed, type Trace, thinkingTokens } from '../../../src/core/traces/trace';
import { doctor, traces } from '../../vllm/conversations';
import { type Asked, type Exchange, type ExchangeServer, readExchanges, startReplay } from '../../vllm/exchange';

/**
 * Conversations with real vLLM, replayed through the real client. A request that differs in one field from what vLLM was
 * asked then has no reply: `npm run vllm:record` records anew.
 */
let server: ExchangeServer;
afterEach(() => server?.stop());

type Json = Record<string, unknown>;
/** Changes a reply, or each event of a stream, as another server may send it. */
type Change = (document: Json, asked: Asked) => unknown;

const same: Change = (document) => document;

/** A server that knows the recorded requests, each in its turn, and nothing else. */
async function replay(name: keyof typeof traces | 'doctor', change: Change = same, more: Exchange[] = []) {
  const replayed = await startReplay([...readExchanges(name), ...more], (exchange) => changed(exchange, change));
  server = replayed.server;
  return replayed.left;
}

function changed(exchange: Exchange, change: Change): Exchange {
  const each = (text: string) => JSON.stringify(change(JSON.parse(text), exchange));
  if (exchange.contentType === 'application/json') return { ...exchange, reply: each(exchange.reply) };
  const lines = exchange.reply
    .split('\n')
    .map((line) => (line.startsWith('data: {') ? `data: ${each(line.slice(6))}` : line));
  return { ...exchange, reply: lines.join('\n') };
}

/** Only in replies of one path. */
const at =
  (path: string, change: (document: Json) => unknown): Change =>
  (document, asked) =>
    asked.path === path ? change(document) : document;

const without = (field: string) => (document: Json) => ({ ...document, [field]: undefined });
const inChoices = (change: (choice: Json) => unknown) => (document: Json) => ({
  ...document,
  choices: (document.choices as Json[]).map(change),
});
const inModels = (change: (model: Json) => unknown) => (document: Json) => ({
  ...document,
  data: (document.data as Json[]).map(change),
});

/** What a trace holds but for its times and its random id. */
const essence = ({ spans, passes, thinkingEndedBy, answerEndedBy, warnings, status, dialect }: Trace) => ({
  spans,
  passes: passes.map(({ startedAt: _, firstTokenMs: __, durationMs: ___, ...rest }) => rest),
  thinkingEndedBy,
  answerEndedBy,
  warnings,
  status,
  dialect,
});

async function failureOf(task: Promise<Trace>): Promise<{ code: string; message: string; remedy: string | undefined }> {
  const trace = await task.catch((error: SecondThoughtError) => error);
  if (trace instanceof Error) return trace;
  if (!trace.interruption) throw new Error('it did not fail');
  return { remedy: undefined, ...trace.interruption };
}

describe('a recorded conversation with vLLM', () => {
  it.each(['two-cues', 'capped'] as const)('(%s) is had again, request by request, and gives its ids', async (name) => {
    const recorded = readExchanges(name);
    const left = await replay(name);
    const trace = await traces[name](server.url);
    expect(trace).toMatchObject({ status: 'complete', warnings: [] });
    expect(checkTrace(trace)).toEqual([]);
    expect(left).toEqual([]);
    const sent = recorded
      .filter(({ path }) => path === '/v1/completions')
      .flatMap(({ reply }) => [...reply.matchAll(/"token_ids":\[([\d,]+)\]/g)])
      .flatMap(([, ids = '']) => ids.split(',').map(Number));
    const received = trace.spans.filter(({ origin }) => origin === 'model').flatMap(({ tokenIds }) => tokenIds);
    expect(received).toEqual(sent);
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
      ids: 'guaranteed',
      'stop-ids': 'guaranteed',
      'min-tokens': 'guaranteed',
      mask: 'works',
      seeds: 'works',
      continuation: 'works',
      logprobs: 'works',
      'bad-words': 'works',
      'prefix-cache': 'missing', // vLLM tells it only with --enable-prompt-tokens-details
      'native-cap': 'works',
      'prm-pooling': 'missing',
      'prm-classify': 'missing',
    });
  });
});

describe('a field of vLLM’s replies', () => {
  it('that nobody knows, anywhere, changes nothing', async () => {
    await replay('two-cues');
    const plain = essence(await traces['two-cues'](server.url));
    await server.stop();
    await replay('two-cues', (document) => withNovelty(document));
    expect(essence(await traces['two-cues'](server.url))).toEqual(plain);
  });

  const unusable: [string, Change, string, RegExp][] = [
    ['data of /v1/models', at('/v1/models', without('data')), 'invalid-reply', /\/models .*data/],
    ['id of a model', at('/v1/models', inModels(without('id'))), 'invalid-reply', /data\.0\.id/],
    ['tokens of /tokenize', at('/tokenize', without('tokens')), 'invalid-reply', /\/tokenize .*tokens/],
    ['choices of an event', at('/v1/completions', without('choices')), 'invalid-reply', /stream .*choices/],
    ['token_ids of a choice', at('/v1/completions', inChoices(without('token_ids'))), 'ids-not-returned', /token ids/],
    [
      'finish_reason of every choice',
      at('/v1/completions', inChoices(without('finish_reason'))),
      'stream-cut',
      /before the generation was finished/,
    ],
    [
      'max_model_len everywhere',
      (document, asked) =>
        asked.path === '/v1/models' ? inModels(without('max_model_len'))(document) : without('max_model_len')(document),
      'invalid-reply',
      /context length/,
    ],
  ];
  it.each(unusable)('that is needed and missing is named: %s', async (_, change, code, says) => {
    await replay('capped', change);
    expect(await failureOf(traces.capped(server.url))).toMatchObject({
      code,
      message: expect.stringMatching(says),
      remedy: expect.stringMatching(/\.$/),
    });
  });

  const wrong: [string, Change][] = [
    ['tokens as texts', at('/tokenize', (document) => ({ ...document, tokens: ['a', 'b'] }))],
    [
      'a negative id',
      at(
        '/v1/completions',
        inChoices((choice) => ({ ...choice, token_ids: [-1] })),
      ),
    ],
    [
      'an id with a fraction',
      at(
        '/v1/completions',
        inChoices((choice) => ({ ...choice, token_ids: [1.5] })),
      ),
    ],
    [
      'a text that is a number',
      at(
        '/v1/completions',
        inChoices((choice) => ({ ...choice, text: 7 })),
      ),
    ],
  ];
  it.each(wrong)('of another type is refused: %s', async (_, change) => {
    await replay('capped', change);
    expect(await failureOf(traces.capped(server.url))).toMatchObject({ code: 'invalid-reply' });
  });

  const spared: [string, Change][] = [
    ['usage', at('/v1/completions', without('usage'))],
    ['logprobs', at('/v1/completions', inChoices(without('logprobs')))],
    ['max_model_len of /v1/models, as /tokenize tells it', at('/v1/models', inModels(without('max_model_len')))],
    ['max_model_len of /tokenize, as /v1/models tells it', at('/tokenize', without('max_model_len'))],
  ];
  it.each(spared)('that can be spared is spared: %s', async (_, change) => {
    await replay('capped');
    const plain = essence(await traces.capped(server.url));
    await server.stop();
    await replay('capped', change);
    expect(essence(await traces.capped(server.url))).toEqual(plain);
  });

  it('the version can be spared: vLLM is known by its way to tokenize, which costs one request more', async () => {
    await replay('capped');
    const plain = essence(await traces.capped(server.url));
    await server.stop();
    const asked = { method: 'POST', path: '/tokenize', body: { model: 's1-tiny', prompt: 'a' } };
    const more = { ...asked, status: 200, contentType: 'application/json', reply: '{"tokens":[97]}' };
    const left = await replay('capped', at('/version', without('version')), [more]);
    expect(essence(await traces.capped(server.url))).toEqual(plain);
    expect(left).toEqual([]);
  });

  it('stop_reason can be spared: the ids tell where a pass ended', async () => {
    await replay('two-cues');
    const plain = essence(await traces['two-cues'](server.url));
    await server.stop();
    await replay('two-cues', at('/v1/completions', inChoices(without('stop_reason'))));
    const spared = essence(await traces['two-cues'](server.url));
    expect(spared.spans).toEqual(plain.spans);
    expect(spared.thinkingEndedBy).toBe(plain.thinkingEndedBy);
  });
});

/** A new field in every object; the lists of log-probabilities by name have no fields of their own. */
function withNovelty(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withNovelty);
  if (value === null || typeof value !== 'object') return value;
  const entries = Object.entries(value).map(([key, inner]) => [
    key,
    key === 'top_logprobs' ? inner : withNovelty(inner),
  ]);
  return { ...Object.fromEntries(entries), novelty_of_0_99: { deep: [1, null] } };
}
