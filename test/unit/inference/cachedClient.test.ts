import { mkdtempSync, readdirSync, rmSync, utimesSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import * as z from 'zod';
import { DiskCache } from '../../../src/core/base/diskCache';
import { cachedClient } from '../../../src/core/inference/cachedClient';
import { plainRequest } from '../../../src/core/servers/measure';
import { checkTrace } from '../../../src/core/traces/history';
import { generatedTokens, tokensFromCache } from '../../../src/core/traces/trace';
import { type Behaviour, type FaultServer, ids, natural } from '../../faults/faultServer';
import { FakeClock } from '../support/fakeClock';
import { answer, begin, go } from '../support/faultyTrace';
import { ScriptedClient } from '../support/scriptedClient';

let folder: string;
let server: FaultServer | undefined;
const clock = new FakeClock();
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'second-thought-'));
});
afterEach(async () => {
  await server?.stop();
  rmSync(folder, { recursive: true, force: true });
});

/** A trace of two passes: `thought`, then an answer. */
async function generate({ sample = 0, of = 'gpu01', cache = folder, thought = natural('hm') as Behaviour } = {}) {
  await server?.stop();
  const begun = await begin({}, thought, answer);
  server = begun.server;
  begun.trace.sample = sample;
  const client = cachedClient(begun.connection.client, { cache: new DiskCache(cache), clock, server: of });
  await go(
    { ...begun, connection: { ...begun.connection, client: client as typeof begun.connection.client } },
    { clock },
  );
  return { trace: begun.trace, requests: begun.server.requests.length };
}
const files = () => readdirSync(folder, { recursive: true, encoding: 'utf8' }).filter((name) => name.endsWith('.json'));

describe('the cache of requests', () => {
  it('gives a reply again without asking, marked as such, and with the time that it took then', async () => {
    const slow: Behaviour = async (stream) => {
      await clock.advance(700);
      natural('hm')(stream);
    };
    const first = await generate({ thought: slow });
    const again = await generate({ thought: natural('something else') });
    expect(first.requests).toBe(2);
    expect(again.requests).toBe(0);
    expect(again.trace.spans).toEqual(first.trace.spans);
    expect(first.trace.passes.map(({ fromCache }) => fromCache)).toEqual([undefined, undefined]);
    expect(again.trace.passes.map(({ fromCache }) => fromCache)).toEqual([true, true]);
    expect(again.trace.passes[0]?.durationMs).toBe(first.trace.passes[0]?.durationMs);
    expect(again.trace.passes[0]?.durationMs).toBeGreaterThanOrEqual(700);
    expect(tokensFromCache(again.trace)).toBe(generatedTokens(again.trace));
    expect(tokensFromCache(first.trace)).toBe(0);
    expect(checkTrace(again.trace)).toEqual([]);
  });

  it('is of the same level as its server, and gives that server’s own count of tokens again', async () => {
    const texts = new ScriptedClient([]);
    const chunk = { tokenIds: [1], text: 'a', finishReason: 'stop', stopReason: 'text', cachedPromptTokens: null };
    const complete = async function* () {
      yield { ...chunk, reportedTokens: 7 };
    };
    const own = Object.assign(texts, { level: 'text' as const, complete });
    const client = cachedClient(own, { cache: new DiskCache(folder), clock, server: 's' });
    expect(client.level).toBe('text');
    const request = plainRequest([1], 1);
    for (const _ of ['asked', 'kept']) {
      for await (const each of client.complete(request, new AbortController().signal)) {
        expect(each.reportedTokens).toBe(7);
      }
    }
    expect(files()).toHaveLength(1);
  });

  it.each([
    ['another sample', { sample: 1 }],
    ['another server', { of: 'gpu02' }],
  ])('asks anew for %s, greedy or not', async (_, other) => {
    await generate();
    expect((await generate(other)).requests).toBe(2);
    expect((await generate(other)).requests).toBe(0);
  });

  it('keeps nothing of a stream that broke', async () => {
    const broken: Behaviour = async (stream) => {
      stream.send(ids.of('half'), 'half');
      await stream.cut();
    };
    const { trace } = await generate({ thought: broken });
    expect(trace.status).toBe('interrupted');
    expect(files()).toEqual([]);
  });

  it('asks anew where what was kept is damaged, and a disk that takes nothing fails nothing', async () => {
    await generate();
    for (const name of files()) writeFileSync(path.join(folder, name), '{"tokenIds": [1');
    expect((await generate()).requests).toBe(2);
    const blocked = path.join(folder, 'a file');
    writeFileSync(blocked, '');
    expect((await generate({ cache: blocked })).trace.status).toBe('complete');
  });

  it('holds no more than its bound: what was not used for longest goes first', async () => {
    const cache = new DiskCache(folder, 1_000);
    const value = 'x'.repeat(198);
    for (const [age, name] of ['old', 'older but used', 'new', 'newer'].entries()) {
      const before = new Set(files());
      await cache.put(name, value);
      const at = new Date(Date.UTC(2026, 0, 1 + age));
      for (const file of files()) if (!before.has(file)) utimesSync(path.join(folder, file), at, at);
    }
    expect(await cache.get('older but used', z.string())).toBe(value);
    await cache.put('newest', value);
    await cache.put('last', value);
    await cache.trim();
    expect((await cache.size()).bytes).toBeLessThanOrEqual(900);
    const left = await Promise.all(['old', 'older but used', 'last'].map((name) => cache.get(name, z.string())));
    expect(left).toEqual([undefined, value, value]);
    await cache.clear();
    expect(await cache.size()).toEqual({ entries: 0, bytes: 0 });
  });
});
