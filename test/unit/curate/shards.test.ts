import { appendFileSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { shortHash } from '../../../src/core/base/seeds';
import { type CurationFile, parseCuration } from '../../../src/core/curate/curationFile';
import { type CurationOptions, runCuration } from '../../../src/core/curate/runCuration';
import { doneShards, mergeShards, runShard, shardFolder } from '../../../src/core/curate/shards';
import { connect } from '../../../src/core/servers/connect';
import { type Behaviour, detokenize, FaultServer, ids, natural } from '../../faults/faultServer';

/** Features asked in shards, by a model whose replies depend on the whole prompt. */
const speaks: Behaviour = (stream) => {
  const prompt = detokenize(stream.request.prompt);
  const isAnswer = prompt.includes('<|im_start|>answer');
  const number = Number.parseInt(shortHash(prompt).slice(0, 6), 16);
  const text = isAnswer ? `\nFinal Answer: ${number % 3}` : `\n${'so '.repeat(1 + (number % 4))}\n`;
  return natural(text, isAnswer ? ids.imEnd : ids.imStart)(stream);
};

let server: FaultServer;
let connection: Awaited<ReturnType<typeof connect>>;
beforeAll(async () => {
  server = await FaultServer.start(...new Array<Behaviour>(20_000).fill(speaks));
  const spec = { kind: 'url', id: 'faulty', url: server.url, model: null, keySource: '' } as const;
  connection = await connect(spec, { packageRoot: '' });
});
afterAll(() => server.stop());

let home: string;
beforeEach(() => {
  home = mkdtempSync(path.join(tmpdir(), 'shards-'));
});
afterEach(() => rmSync(home, { recursive: true, force: true }));

const features = {
  teacher: { kind: 'trace', samples: 2 },
  teacherCorrect: { kind: 'grade', of: 'teacher' },
  length: { kind: 'length', of: 'teacher' },
  given: { kind: 'length', of: 'old' },
};

function curationOf(rows: number, more: object = {}): CurationFile {
  const lines = Array.from({ length: rows }, (_, at) => {
    const row = {
      question: `What is ${at} and ${at % 4}?`,
      solution: String(at % 3),
      thinking: 'x'.repeat(at),
      attempt: '1',
    };
    return `${JSON.stringify(row)}\n`;
  });
  writeFileSync(path.join(home, 'all.jsonl'), lines.join(''));
  const traces = { old: { thinking: 'thinking', attempt: 'attempt' } };
  const file = {
    sources: [{ name: 'all', file: 'all.jsonl', traces }],
    features,
    select: { strategy: '59k-full' },
    ...more,
  };
  return parseCuration(JSON.stringify(file), 'test');
}

function optionsFor(folder: string, parts: Partial<CurationOptions['features']> = {}): CurationOptions {
  return {
    base: home,
    folder: path.join(home, folder),
    signal: new AbortController().signal,
    onProgress: () => {},
    features: {
      connectTo: async () => connection,
      dialectOf: async () => 's1',
      taxonomyFile: '',
      concurrency: 4,
      clock: systemClock,
      patienceMs: 0,
      ...parts,
    },
  };
}

const nobody = { connectTo: () => Promise.reject(new Error('a merge asks no server')) };

async function sharded(curation: CurationFile, of: number, folder: string, order: readonly number[]) {
  for (const index of order) {
    const options = optionsFor(folder);
    await runShard(curation, { index, of }, { ...options, folder: shardFolder(options.folder, { index, of }) });
  }
}

async function merged(curation: CurationFile, folder: string) {
  const options = optionsFor(folder, nobody);
  const kept = await mergeShards(curation, home, options.folder);
  return runCuration(curation, { ...options, features: { ...options.features, kept } });
}

/** Everything that a run leaves for its reader. */
function resultsIn(folder: string): Record<string, string> {
  const read = (name: string) => readFileSync(path.join(home, folder, name)).toString('base64');
  const set = readdirSync(path.join(home, folder, 'set')).map((name) => `set/${name}`);
  return Object.fromEntries(['decisions.jsonl', 'funnel.json', ...set].map((name) => [name, read(name)]));
}

describe('features asked in shards', () => {
  it('give the same bytes as in one run, however many shards there are and in whatever order they end', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 1, max: 5 }),
        fc.integer({ min: 1, max: 4 }),
        fc.nat(),
        async (rows, of, turn) => {
          const curation = curationOf(rows);
          const run = `${rows}-${of}-${turn}`;
          await runCuration(curation, optionsFor(`whole-${run}`));
          const order = Array.from({ length: of }, (_, at) => (at + turn) % of);
          await sharded(curation, of, `parts-${run}`, order);
          const asked = server.requests.length;
          await merged(curation, `parts-${run}`);
          expect(server.requests.length).toBe(asked);
          expect(resultsIn(`parts-${run}`)).toEqual(resultsIn(`whole-${run}`));
        },
      ),
      { numRuns: 4 },
    );
  }, 60_000);

  it('are merged once: a merge that was cut goes on, and a second one changes nothing', async () => {
    const curation = curationOf(5);
    await sharded(curation, 2, 'parts', [0, 1]);
    await merged(curation, 'parts');
    const [teacher = ''] = readdirSync(path.join(home, 'parts', 'features')).filter((name) =>
      name.startsWith('teacher'),
    );
    const place = path.join(home, 'parts', 'features', teacher);
    const replies = readFileSync(path.join(place, 'replies.jsonl'), 'utf8');
    const files = readdirSync(place);
    const results = resultsIn('parts');
    await merged(curation, 'parts');
    expect(readFileSync(path.join(place, 'replies.jsonl'), 'utf8')).toBe(replies);
    const cut = replies.slice(0, replies.length / 2); // in the middle of a line
    writeFileSync(path.join(place, 'replies.jsonl'), cut);
    await merged(curation, 'parts');
    expect([resultsIn('parts'), readdirSync(place)]).toEqual([results, files]);
  });

  it('are not merged while one is missing, of another division, or made of other sources: one sentence each', async () => {
    const curation = curationOf(6);
    const refusal = () =>
      merged(curation, 'parts').then(
        () => '',
        (error: Error) => error.message,
      );
    expect(await refusal()).toMatch(/holds no shard that is done\.$/);
    await sharded(curation, 3, 'parts', [1]);
    expect(await refusal()).toBe('Of 3 shards these are not done: 0, 2.');
    await sharded(curation, 3, 'parts', [0, 2]);
    appendFileSync(
      path.join(home, 'all.jsonl'),
      `${JSON.stringify({ question: 'One more?', thinking: '', attempt: '' })}\n`,
    );
    expect(await refusal()).toBe('Shard 0/3 was made with other sources, models or conditions than now.');
    await sharded(curation, 2, 'parts', [0]);
    expect(await refusal()).toMatch(/holds shards of different divisions\.$/);
    expect(await doneShards(path.join(home, 'parts'))).toHaveLength(4);
  });

  it('refuse a cap that depends on all rows at once', async () => {
    const teacher = { kind: 'trace', condition: { maxThinkingTokens: 'auto' } };
    const curation = curationOf(2, { features: { teacher } });
    await expect(sharded(curation, 2, 'parts', [1])).rejects.toMatchObject({ code: 'bad-usage' });
  });
});
