import { appendFileSync, cpSync, mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { waitAgain } from '../../../src/core/forcing/fork';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { generateRecorded } from '../../../src/core/forcing/recorded';
import type { CompletionChunk, CompletionRequest } from '../../../src/core/inference/inferenceClient';
import { readJournal } from '../../../src/core/traces/journal';
import { logprobFile, readLogprobs } from '../../../src/core/traces/logprobs';
import { RunStore } from '../../../src/core/traces/runStore';
import { receivedIdsOf, type Trace } from '../../../src/core/traces/trace';
import { conditions, others, passes, presets } from '../support/anyTrace';
import { ScriptedClient, type ScriptedPass } from '../support/scriptedClient';

const server = { id: 'scripted', url: 'http://127.0.0.1:1/v1', model: 'scripted', version: null, contextLength: null };
const never = new AbortController().signal;

/** Says of each id a number that depends on nothing but the id, in pieces of three ids; of every seventh nothing. */
class TellingClient extends ScriptedClient {
  override async *complete(request: CompletionRequest): AsyncGenerator<CompletionChunk> {
    for await (const chunk of super.complete(request)) {
      const { tokenIds, text, finishReason } = chunk;
      for (let at = 0; at < tokenIds.length; at += 3) {
        const ids = tokenIds.slice(at, at + 3);
        const isLast = at + 3 >= tokenIds.length;
        const logprobs = ids.map((id, index) => ((at + index) % 7 === 6 ? null : said(id)));
        const end = isLast ? { finishReason } : { finishReason: null };
        yield {
          ...chunk,
          tokenIds: ids,
          text: text.slice(at, at + 3),
          ...end,
          ...(request.logprobs ? { logprobs } : {}),
        };
      }
    }
  }
}
const said = (id: number) => ({
  text: `t${id}`,
  logprob: -(id + 1) / 1e3,
  top: [
    [`t${id}`, -(id + 1) / 1e3],
    ['other', -9],
  ] as [string, number][],
});

let folder: string;
let store: RunStore;
beforeEach(async () => {
  folder = mkdtempSync(path.join(tmpdir(), 'second-thought-'));
  store = await RunStore.openScratch(folder, systemClock);
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function recorded(condition: Condition, script: ScriptedPass[], logprobs: number | undefined = 2) {
  const client = new TellingClient(script);
  const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock);
  await generateRecorded(trace, store, { client, clock: systemClock, signal: never, logprobs });
  return { trace, client };
}

/** What the client said of every id of a trace, pass by pass. */
const expected = (trace: Pick<Trace, 'passes' | 'spans'>) =>
  trace.passes.map(({ index }) => receivedIdsOf(trace, index).map((id, at) => (at % 7 === 6 ? null : said(id))));

describe.each([...Object.keys(presets), ...Object.keys(others)])('log-probabilities of %s', (preset) => {
  it('are one entry for each id that each pass received, kept, suppressed or cut, in order', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, async (condition, script) => {
        const { trace } = await recorded(condition, script);
        expect((await readLogprobs(folder, trace))?.passes).toEqual(expected(trace));
      }),
      { numRuns: 25 },
    );
  });
});

const twoCues: ScriptedPass[] = [
  { ids: 20, stop: '<|im_start|>' },
  { ids: 10, stop: '<|im_start|>' },
  { ids: 3, stop: '<|im_end|>' },
];

describe('log-probabilities', () => {
  it('are neither asked for nor kept without a wish', async () => {
    const { trace, client } = await recorded(createCondition({ ignore: 1 }), twoCues, 0);
    expect(client.requests.every((request) => request.logprobs === undefined)).toBe(true);
    expect(await readLogprobs(folder, trace)).toBeUndefined();
  });

  it('change neither the requests otherwise nor the ids', async () => {
    const [without, with2] = [
      await recorded(createCondition({ ignore: 1 }), twoCues, 0),
      await recorded(createCondition({ ignore: 1 }), twoCues),
    ];
    expect(with2.client.requests.map(({ logprobs: _, ...rest }) => rest)).toEqual(without.client.requests);
    expect(with2.client.requests.map(({ logprobs }) => logprobs)).toEqual(with2.client.requests.map(() => 2));
    expect(with2.trace.conditionKey).toBe(without.trace.conditionKey);
  });

  it('of any id that a crash left in the journal are on disk, cut at any byte', async () => {
    const { trace } = await recorded(createCondition({ ignore: 1 }), twoCues);
    const whole = readFileSync(logprobFile(folder, trace.id));
    for (let bytes = 0; bytes <= whole.length; bytes += 97) {
      truncateSync(logprobFile(folder, trace.id), bytes);
      const read = await readLogprobs(folder, trace);
      for (const [pass, entries] of (read?.passes ?? []).entries()) {
        for (const [at, entry] of entries.entries()) if (entry) expect(entry).toEqual(expected(trace)[pass]?.[at]);
      }
      writeFileSync(logprobFile(folder, trace.id), whole);
    }
  });

  it('are written before the journal says that their ids came', async () => {
    const client = new TellingClient(twoCues);
    const condition = createCondition({ ignore: 1 });
    const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock);
    const journal = path.join(folder, 'live', `${trace.id}.jsonl`);
    const moments: string[] = [];
    await generateRecorded(trace, store, {
      client,
      clock: systemClock,
      signal: never,
      logprobs: 2,
      onEvent(event) {
        if (event.type !== 'pass' && event.type !== 'settle') return;
        moments.push(path.join(folder, `as-of-${moments.length}`));
        cpSync(path.dirname(journal), path.join(moments.at(-1) ?? '', 'live'), { recursive: true });
        cpSync(path.join(folder, 'logprobs'), path.join(moments.at(-1) ?? '', 'logprobs'), { recursive: true });
      },
    });
    for (const left of moments) {
      const written = await readJournal(path.join(left, 'live', `${trace.id}.jsonl`), () => false);
      expect((await readLogprobs(left, written))?.passes).toEqual(expected(written));
    }
    expect(moments.length).toBeGreaterThan(3);
  });

  it('go on with a trace that is continued, though nobody asks again, and ignore what the crash left too much', async () => {
    const condition = createCondition({ ignore: 1 });
    const stop = new AbortController();
    const client = new TellingClient(twoCues);
    const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock);
    let pieces = 0;
    const onEvent = ({ type }: { type: string }) => {
      if (type === 'received' && ++pieces === 4) stop.abort();
    };
    await generateRecorded(trace, store, { client, clock: systemClock, signal: stop.signal, logprobs: 2, onEvent });
    expect(trace.status).toBe('interrupted');
    const extra = { pass: 0, at: receivedIdsOf(trace, 0).length, ids: [7], logprobs: [-1], texts: ['x'], top: [[]] };
    appendFileSync(logprobFile(folder, trace.id), `${JSON.stringify(extra)}\n{"pass":0,"at"`);
    const again = await store.find(trace.id);
    await generateRecorded(again, store, { client: new TellingClient(twoCues), clock: systemClock, signal: never });
    expect(again.status).toBe('complete');
    expect((await readLogprobs(folder, again))?.passes).toEqual(expected(again));
  });

  it('of a fork hold those of the passes that it shares', async () => {
    const { trace } = await recorded(createCondition(), twoCues);
    const child = waitAgain(trace, systemClock);
    const client = new TellingClient([{ ids: 5, stop: '<|im_start|>' }]);
    await generateRecorded(child, store, { client, clock: systemClock, signal: never });
    expect(child.passes.length).toBeGreaterThan(1);
    expect((await readLogprobs(folder, child))?.passes).toEqual(expected(child));
  });

  it('of another id than the trace has are not taken for its own', async () => {
    const { trace } = await recorded(createCondition(), twoCues);
    const file = logprobFile(folder, trace.id);
    const [header = '', ...lines] = readFileSync(file, 'utf8').trimEnd().split('\n');
    const changed = lines.map((line) => {
      const value = JSON.parse(line) as { ids: number[] };
      return JSON.stringify({ ...value, ids: value.ids.map((id) => id + 1) });
    });
    writeFileSync(file, `${[header, ...changed].join('\n')}\n`);
    expect((await readLogprobs(folder, trace))?.passes.flat().every((entry) => entry === null)).toBe(true);
  });

  it('of a newer format are not read', async () => {
    const { trace } = await recorded(createCondition(), twoCues);
    const file = logprobFile(folder, trace.id);
    writeFileSync(file, readFileSync(file, 'utf8').replace('"logprobs":1', '"logprobs":2'));
    expect(await readLogprobs(folder, trace)).toBeUndefined();
  });
});
