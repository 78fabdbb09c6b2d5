import { appendFileSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { generateRecorded } from '../../../src/core/forcing/recorded';
import { checkTrace } from '../../../src/core/traces/history';
import { readJournal, TraceJournal } from '../../../src/core/traces/journal';
import { RunStore } from '../../../src/core/traces/runStore';
import { contextIds, type Trace } from '../../../src/core/traces/trace';
import { readTraceFile, writeTraceFile } from '../../../src/core/traces/traceFile';
import { FakeClock } from '../support/fakeClock';
import { ScriptedClient, type ScriptedPass } from '../support/scriptedClient';

const server = { id: 'scripted', url: 'http://127.0.0.1:1/v1', model: 'scripted', version: null, contextLength: null };
const script: ScriptedPass[] = [
  { ids: 8, stop: '<|im_start|>' },
  { ids: 6, stop: '<|im_end|>' },
  { ids: 5, stop: '<|im_start|>' },
  { ids: 2, stop: '<|im_end|>' },
];
const condition = createCondition({ ignore: 2 });
const never = new AbortController().signal;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'journal-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

async function prepared(): Promise<{ trace: Trace; client: ScriptedClient }> {
  const client = new ScriptedClient([...script]);
  return { client, trace: await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock) };
}

/** A journal of a whole trace, and the trace it is of. */
async function journalOfTrace(file: string): Promise<Trace> {
  const { trace, client } = await prepared();
  const journal = TraceJournal.begin(file, trace, systemClock);
  await generateTrace(trace, { client, clock: systemClock, signal: never, onEvent: (event) => journal.write(event) });
  journal.flush();
  return trace;
}

describe('a journal', () => {
  it('gives back the trace it was written for', async () => {
    const file = path.join(folder, 'a.jsonl');
    const trace = await journalOfTrace(file);
    expect(await readJournal(file)).toEqual(trace);
  });

  it('cut at any byte still gives a sound trace, which continues to a complete one', async () => {
    const whole = path.join(folder, 'whole.jsonl');
    await journalOfTrace(whole);
    const bytes = readFileSync(whole);
    const headerEnd = bytes.indexOf(10) + 1;
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: headerEnd, max: bytes.length }), async (size) => {
        const file = path.join(folder, `cut-${size}.jsonl`);
        writeFileSync(file, bytes.subarray(0, size));
        const trace = await readJournal(file, () => false);
        const before = contextIds(trace);
        const client = new ScriptedClient(trace.passes.length >= 4 ? [] : script.slice(trace.passes.length));
        await generateTrace(trace, { client, clock: systemClock, signal: never });
        expect(trace.status).toBe('complete');
        expect(checkTrace(trace)).toEqual([]);
        expect(contextIds(trace).slice(0, before.length - 1)).toEqual(before.slice(0, -1));
      }),
      { numRuns: 60 },
    );
  });

  it('goes on after a half-written line: nothing that follows is lost with it', async () => {
    const file = path.join(folder, 'torn.jsonl');
    const { trace } = await prepared();
    TraceJournal.begin(file, trace, systemClock);
    appendFileSync(file, '{"type":"received","tokenIds":[1,');
    const journal = TraceJournal.begin(file, { ...trace, warnings: ['read back'] }, systemClock);
    journal.write({ type: 'warning', text: 'after the crash' });
    expect((await readJournal(file)).warnings).toEqual(['read back', 'after the crash']);
  });

  it('of a process that is gone says interrupted; of one that lives, running', async () => {
    const { trace } = await prepared();
    const file = path.join(folder, 'a.jsonl');
    TraceJournal.begin(file, trace, systemClock);
    expect(await readJournal(file, () => true)).toMatchObject({ status: 'running' });
    expect(await readJournal(file, () => false)).toMatchObject({
      status: 'interrupted',
      interruption: { code: 'process-ended' },
    });
  });

  it('holds ids back for at most a quarter of a second', async () => {
    const { trace } = await prepared();
    const clock = new FakeClock();
    const file = path.join(folder, 'a.jsonl');
    const journal = TraceJournal.begin(file, trace, clock);
    const lines = () => readFileSync(file, 'utf8').trim().split('\n').length;
    journal.write({ type: 'received', tokenIds: [1], text: 'a' });
    journal.write({ type: 'received', tokenIds: [2], text: 'b' });
    expect(lines()).toBe(1);
    await clock.advance(250);
    expect(lines()).toBe(2);
  });

  it('that is none is refused by name', async () => {
    const file = path.join(folder, 'a.jsonl');
    writeFileSync(file, '{"hello":1}\n');
    await expect(readJournal(file)).rejects.toMatchObject({ code: 'invalid-file' });
  });
});

describe('a run', () => {
  it('keeps a finished trace as one line and removes its journal', async () => {
    const store = await RunStore.openScratch(folder, systemClock);
    const { trace, client } = await prepared();
    await generateRecorded(trace, store, { client, clock: systemClock, signal: never });
    expect(await store.list()).toEqual([trace]);
    expect(readFileSync(path.join(folder, 'traces-0001.jsonl'), 'utf8').trim().split('\n')).toHaveLength(1);
  });

  it('ignores a torn last line and keeps what stands before it', async () => {
    const store = await RunStore.openScratch(folder, systemClock);
    const { trace, client } = await prepared();
    await generateRecorded(trace, store, { client, clock: systemClock, signal: never });
    appendFileSync(path.join(folder, 'traces-0001.jsonl'), '{"schemaVersion":1,"id":"to');
    expect((await store.list()).map(({ id }) => id)).toEqual([trace.id]);
  });

  it('keeps a trace that is recorded after a torn line', async () => {
    const store = await RunStore.openScratch(folder, systemClock);
    writeFileSync(path.join(folder, 'traces-0001.jsonl'), '{"schemaVersion":1,"id":"to');
    const { trace, client } = await prepared();
    await generateRecorded(trace, store, { client, clock: systemClock, signal: never });
    expect((await store.list()).map(({ id }) => id)).toEqual([trace.id]);
  });

  it('records traces that finish at the same time one after another', async () => {
    const store = await RunStore.openScratch(folder, systemClock);
    const { trace, client } = await prepared();
    await generateTrace(trace, { client, clock: systemClock, signal: never });
    const long = { ...trace, warnings: ['x'.repeat(2 ** 20)] };
    const traces = Array.from({ length: 8 }, (_, index) => ({ ...long, id: `${index}` }));
    await Promise.all(traces.map((each) => store.record(each)));
    expect((await store.list()).map(({ id }) => id).sort()).toEqual(traces.map(({ id }) => id));
  });

  it('keeps an interrupted trace in its journal, and finds it by the beginning of its id', async () => {
    const store = await RunStore.openScratch(folder, systemClock);
    const { trace, client } = await prepared();
    await generateRecorded(trace, store, { client, clock: systemClock, signal: AbortSignal.abort() });
    expect(await store.find(trace.id.slice(0, 6))).toMatchObject({ id: trace.id, status: 'interrupted' });
  });
});

describe('a trace file', () => {
  it('gives back what was written', async () => {
    const { trace } = await prepared();
    const file = path.join(folder, 'a.trace.json');
    await writeTraceFile(file, trace);
    expect(await readTraceFile(file)).toEqual(trace);
  });

  it.each([
    ['{', 'is not JSON'],
    ['{"schemaVersion":6}', 'newer version'],
    ['{"schemaVersion":3}', 'is not a trace'],
  ])('holding %j is refused: %s', async (text, reason) => {
    const file = path.join(folder, 'a.trace.json');
    writeFileSync(file, text);
    await expect(readTraceFile(file)).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining(reason),
    });
  });
});
