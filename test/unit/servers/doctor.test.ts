import { afterEach, describe, expect, it } from 'vitest';
import type { CompletionChunk, CompletionRequest } from '../../../src/core/inference/inferenceClient';
import { connect } from '../../../src/core/servers/connect';
import { measureDeterminism } from '../../../src/core/servers/determinism';
import { examineServer } from '../../../src/core/servers/doctor';
import { guaranteeOf } from '../../../src/core/servers/guarantees';
import { type Behaviour, FaultServer, ids } from '../../faults/faultServer';
import { ScriptedClient } from '../support/scriptedClient';

const never = new AbortController().signal;
let server: FaultServer | undefined;
afterEach(() => server?.stop());

/** Replies with these ids whatever it is asked: every field is accepted, none is kept to. */
const deaf =
  (text: string): Behaviour =>
  (stream) => {
    for (const character of text) stream.send(ids.of(character), character);
    stream.send([], '', 'length');
    stream.done();
  };

async function examine(...behaviours: Behaviour[]) {
  server = await FaultServer.start(...behaviours);
  const { client } = await connect(
    { kind: 'url', id: 'liar', url: server.url, model: null, keySource: 'none' },
    { packageRoot: '' },
  );
  const findings = await examineServer({ client, kind: 'vllm', dialect: 's1', version: '0.32.0', signal: never });
  return new Map(findings.map((finding) => [finding.capability, finding]));
}

describe('a server that accepts every field and keeps to none', () => {
  it('is found lying in each capability that can be measured, whatever its version promises', async () => {
    const found = await examine(...Array.from({ length: 40 }, () => deaf('abcdefgh')));
    const verdicts = Object.fromEntries([...found].map(([capability, { verdict }]) => [capability, verdict]));
    expect(verdicts).toMatchObject({
      ids: 'guaranteed',
      'stop-ids': 'lies',
      'min-tokens': 'lies',
      mask: 'lies',
      seeds: 'lies',
      continuation: 'lies',
      'bad-words': 'lies',
      logprobs: 'missing',
      'native-cap': 'lies',
      'prefix-cache': 'missing',
    });
  });

  it('that sends more ids than asked for is found out, too', async () => {
    const found = await examine(deaf('abcdefghijklmnop'));
    expect(found.get('ids')).toMatchObject({ verdict: 'lies', need: 'needed' });
  });

  it('that returns no ids is of no use for forcing, and each finding says what follows', async () => {
    const noIds: Behaviour = (stream) => {
      stream.event({ choices: [{ index: 0, text: 'hello', finish_reason: 'length' }] });
      stream.done();
    };
    const found = await examine(...Array.from({ length: 40 }, () => noIds));
    expect(found.get('ids')).toMatchObject({ verdict: 'missing', evidence: expect.stringContaining('token ids') });
    for (const { consequence } of found.values()) expect(consequence).toMatch(/\.$/);
  });
});

describe('a guarantee', () => {
  it('needs a version that is known to give it, and names its source', () => {
    expect(guaranteeOf('ids', '0.10.2')).toContain('#22587');
    expect(guaranteeOf('ids', '0.30.0+cpu')).toContain('#22587');
    expect(guaranteeOf('ids', '0.9.9')).toBeUndefined();
    expect(guaranteeOf('ids', null)).toBeUndefined();
    expect(guaranteeOf('seeds', '0.30.0')).toBeUndefined();
  });
});

/** Greedy, but its second id depends on whether other requests run: a batch whose rounding differs. */
class BatchDependent extends ScriptedClient {
  #running = 0;

  override async *complete(request: CompletionRequest): AsyncGenerator<CompletionChunk> {
    this.#running++;
    await new Promise((resolve) => setImmediate(resolve));
    const tokenIds = Array.from({ length: request.maxTokens }, (_, at) => 100 + ((request.promptIds.length + at) % 7));
    if (this.#running > 1 && tokenIds.length > 1) tokenIds[1] = 99;
    this.#running--;
    const topLogprobs = request.extra ? [{ a: -0.5, b: -0.5003 }] : [];
    yield { tokenIds, text: '', finishReason: 'length', stopReason: null, cachedPromptTokens: null, topLogprobs };
  }
}

describe('the determinism of greedy replies', () => {
  it('is told apart for alone, among others and in parts, with position and gap of each difference', async () => {
    const client = new BatchDependent([]);
    const steps: number[] = [];
    const onProgress = (done: number) => void steps.push(done);
    const found = await measureDeterminism({ client, signal: never, prompts: 3, others: 4, tokens: 9, onProgress });
    const [again, among, parts] = found;
    expect(again).toMatchObject({ way: 'again', identical: 3, of: 3 });
    expect(parts).toMatchObject({ way: 'in-three-parts', identical: 3, of: 3 });
    expect(among?.identical).toBeLessThan(3);
    for (const { position, gap } of among?.differences ?? []) {
      expect(position).toBe(1);
      expect(gap).toBeCloseTo(0.0003);
    }
    expect(steps.at(-1)).toBe(12);
  });
});
