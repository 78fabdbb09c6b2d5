import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { readRows } from '../../src/core/data/readRows';
import { FaultServer } from '../faults/faultServer';
import { curationPool } from '../support/curationPool';
import { writePool } from '../support/writePool';
import { CliHome } from './support/cli';

/** A curation from the command line, on a pool with planted cases for every rule. */
const home = new CliHome();
const folder = path.join(home.folder, 'pool');
const out = path.join(home.folder, 'out');
const pool = curationPool(6_000);
afterAll(() => home.dispose());

beforeAll(() => writePool(folder, pool, 400));

const curate = async (...words: string[]) => {
  const { code, stdout, stderr } = await home.run(['curate', ...words, '--json']);
  return { code, stderr, document: code === 0 ? JSON.parse(stdout) : undefined };
};
const run = (...more: string[]) => curate('run', path.join(folder, 'small.curation.yaml'), '--out', out, ...more);

/** Takes all rows, and asks for no feature. */
const bare = { preset: undefined, select: { strategy: '59k-full', seeds: [] } };

describe('second-thought curate', () => {
  it('drops exactly the planted rows, and says of each why', async () => {
    const { document, stderr } = await run();
    expect(stderr).toBe('');
    const expected = pool.expected['s1-paper'];
    const decisions = parseJsonLines(readFileSync(path.join(out, 'decisions.jsonl'), 'utf8')) as { stage: string }[];
    const wrong = decisions.flatMap(({ stage }, index) =>
      stage === (expected[index]?.stage ?? 'selection') ? [] : [index],
    );
    expect(wrong).toEqual([]);
    expect(document.stages.at(-1)).toMatchObject({ stage: 'selection', left: 400 });
    const dropped = decisions.findIndex(({ stage }) => stage === 'decontamination');
    const [told] = (await curate('explain', out, pool.rows[dropped]?.id ?? '')).document;
    expect(told.sentence).toMatch(/^Dropped at decontamination: it shares “.+” with .+/);
  });

  it('writes the set as JSON lines and Parquet, with a card, and the same bytes again', async () => {
    const first = (await run()).document;
    const set = path.join(out, 'set');
    expect(existsSync(path.join(set, 'README.md'))).toBe(true);
    const rows = [];
    for await (const { row } of readRows(path.join(set, 'train.parquet'))) rows.push(row);
    const same = [];
    for await (const { row } of readRows(path.join(set, 'train.jsonl'))) same.push(row);
    expect(rows).toHaveLength(400);
    expect(rows.map(({ text, thinking_trajectories }) => [text, thinking_trajectories])).toEqual(
      same.map(({ text, thinking_trajectories }) => [text, thinking_trajectories]),
    );
    expect(rows[0]?.text).toMatch(
      /<\|im_start\|>think\nThought \d+\.\n\nIt is so\.\n<\|im_start\|>answer\nAnswer: 42<\|im_end\|>/,
    );
    expect((await run()).document.files).toEqual(first.files);
  });

  it('keeps and drops rows by hand from the next run on, and takes that back', async () => {
    const file = path.join(folder, 'small.curation.yaml');
    const fates = async (...ids: string[]) => (await curate('explain', out, ...ids)).document;
    const first = (await run()).document;
    const decided = parseJsonLines(readFileSync(path.join(out, 'decisions.jsonl'), 'utf8')) as {
      id: string;
      isKept: boolean;
      reason: { rule: string };
    }[];
    const chosen = decided.find(({ reason }) => reason.rule === 'drawn')?.id ?? '';
    const solved = decided.find(({ reason }) => reason.rule === 'solved')?.id ?? '';
    await curate('by-hand', file, chosen, '--drop', '--note', 'a typo', '--out', out);
    await curate('by-hand', file, solved.slice(0, 12), '--keep', '--note', 'worth it', '--out', out);
    expect(await fates(chosen)).toMatchObject([{ isKept: true }]); // the next run honours it
    expect((await run()).document.stages.at(-1).left).toBe(400);
    expect(await fates(chosen, solved)).toMatchObject([
      { isKept: false, sentence: 'Dropped at quality: decided by hand: a typo.' },
      { isKept: true, sentence: 'In the set: decided by hand: worth it.' },
    ]);
    await curate('by-hand', file, chosen, solved, '--undo', '--out', out);
    expect((await run()).document.files).toEqual(first.files);
    const { stderr } = await curate('by-hand', file, chosen, '--out', out);
    expect(JSON.parse(stderr).error.message).toBe('Say one of --keep, --drop and --undo.');
  });

  it('asks the server that a feature names, of the settings of the window that started it', async () => {
    const server = await FaultServer.start();
    const file = path.join(folder, 'asks.curation.yaml');
    const asked = {
      sources: [{ name: 'GPQA', file: 'GPQA.jsonl', sample: 2 }],
      features: { thoughts: { kind: 'trace', server: 'gpu01' } },
      select: { strategy: '59k-full' },
    };
    writeFileSync(file, JSON.stringify(asked));
    const words = ['curate', 'run', file, '--out', path.join(home.folder, 'asks'), '--server', 'bundled', '--json'];
    const price = { input: 1, output: 20 };
    const known = JSON.stringify([{ id: 'gpu01', url: server.url, apiKeyEnv: 'GPU01_KEY', price }]);
    try {
      const env = { SECOND_THOUGHT_SERVERS: known, GPU01_KEY: 'secret' };
      expect(await home.run(words, env)).toMatchObject({ code: 0, stderr: '' });
      expect(server.requests.length).toBeGreaterThanOrEqual(4); // thinking and answer of two rows
      const planned = ['curate', 'plan', file, '--out', path.join(home.folder, 'asks'), '--json'];
      const [plan] = JSON.parse((await home.run(planned, env)).stdout).producers;
      expect(plan).toMatchObject({ server: 'gpu01', requests: 2, durationMs: expect.any(Number) });
      expect(plan.cost).toBeCloseTo((plan.promptTokens + 20 * plan.tokens) / 1e6, 12);
      expect(plan.promptTokens).toBeGreaterThan(plan.tokens);
      const status = JSON.parse(readFileSync(path.join(home.folder, 'asks', 'status.json'), 'utf8'));
      expect(status.features[0].took).toMatch(/^[\d,]+ tokens in, \d+ out, \$0\.\d+$/);
      const without = await home.run(words);
      expect(JSON.parse(without.stderr).error.message).toBe('There is no server named "gpu01".');
      const broken = await home.run(words, { SECOND_THOUGHT_SERVERS: 'gpu01' });
      expect(JSON.parse(broken.stderr).error.message).toContain('SECOND_THOUGHT_SERVERS is not a JSON list');
    } finally {
      await server.stop();
    }
  });

  it.each([
    ['a feature that nobody gives', { difficulty: { solvedBy: ['gpt'] } }, 'bad-usage', /"gpt"/],
    [
      'a target larger than the pool',
      { select: { size: 100_000, length: 'gemini_length', seeds: [] } },
      'bad-usage',
      /100000|100,000/,
    ],
    [
      'a source without its field',
      { ...bare, sources: [{ name: 'a', file: 'AIME.jsonl', question: 'qestion' }] },
      'invalid-file',
      /"qestion"/,
    ],
    [
      'a source that is not there',
      { ...bare, sources: [{ name: 'a', file: 'none.csv' }] },
      'file-not-found',
      /none\.csv/,
    ],
    [
      'a feature of a trace that nothing gives',
      { features: { length: { kind: 'length', of: 'student' } } },
      'bad-usage',
      /"length" is of the trace "student"/,
    ],
  ])('refuses %s in one sentence', async (_, change, code, says) => {
    const file = path.join(folder, 'wrong.curation.yaml');
    const good = JSON.parse(readFileSync(path.join(folder, 'small.curation.yaml'), 'utf8'));
    writeFileSync(file, JSON.stringify({ ...good, ...change }));
    const { stderr } = await curate('run', file, '--out', path.join(home.folder, 'wrong'));
    expect(JSON.parse(stderr).error).toMatchObject({ code, message: expect.stringMatching(says) });
  });
});
