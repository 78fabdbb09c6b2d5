import { mkdtempSync, readFileSync, rmSync, truncateSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { afterAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { CurationFolder } from '../../../src/core/curate/curationFolder';
import { describeDecision } from '../../../src/core/curate/describeReason';
import { runCuration } from '../../../src/core/curate/runCuration';

/** Whatever is wrong with what a curation reads is said in one sentence, and nothing else happens. */
const home = mkdtempSync(path.join(tmpdir(), 'bad-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

const file = (name: string, content: string | Uint8Array) => {
  writeFileSync(path.join(home, name), content);
  return name;
};
const rows = (...questions: string[]) => questions.map((question) => `${JSON.stringify({ question })}\n`).join('');

async function run(source: object, more: object = {}) {
  const curation = { sources: [{ name: 'a', ...source }], select: { strategy: '59k-full' }, ...more };
  return runCuration(parseCuration(JSON.stringify(curation), 'bad.curation.yaml'), {
    base: home,
    folder: path.join(home, 'out'),
    signal: new AbortController().signal,
    onProgress() {},
    features: {
      connectTo: () => Promise.reject(new Error('no model is asked here')),
      dialectOf: async () => 's1',
      taxonomyFile: '',
      concurrency: 1,
      clock: systemClock,
      patienceMs: 0,
    },
  });
}
const refusal = (source: object, more: object = {}) =>
  run(source, more).then(
    () => 'nothing was wrong',
    (error: Error) => error.message,
  );

/** Of two row groups the first page of the second is overwritten. */
function brokenParquet(): Uint8Array {
  const data = Array.from({ length: 200 }, (_, at) => `What is ${at}? ${'x'.repeat(50)}`);
  const bytes = new Uint8Array(
    parquetWriteBuffer({
      columnData: [{ name: 'question', data, type: 'STRING' }],
      rowGroupSize: 100,
      codec: 'UNCOMPRESSED',
    }),
  );
  bytes.fill(0xff, bytes.length / 2, bytes.length / 2 + 400);
  return bytes;
}

describe('a curation', () => {
  it.each([
    [
      'columns that are not there',
      { file: file('columns.jsonl', rows('a')), solution: 'answr' },
      'The source "a" (columns.jsonl) has no field "answr".',
    ],
    [
      'a broken Parquet page',
      { file: file('page.parquet', brokenParquet()) },
      /page\.parquet.*rows 101 to 200 cannot be read/,
    ],
    [
      'mixed encodings',
      { file: file('mixed.jsonl', Buffer.concat([Buffer.from(rows('é')), Buffer.from(rows('é'), 'latin1')])) },
      /mixed\.jsonl.*it is not UTF-8 text/,
    ],
    ['a file without rows', { file: file('empty.jsonl', '') }, 'The source "a" (empty.jsonl) gives no row.'],
  ])('refuses %s', async (_, source, sentence) => {
    const told = await refusal(source);
    if (typeof sentence === 'string') expect(told).toBe(sentence);
    else expect(told).toMatch(sentence);
    expect(told).not.toContain('\n');
  });

  it.each([
    ['json', /huge\.json.*it is larger than 512 MB/],
    ['jsonl', /huge\.jsonl.*it has a line of more than 256 MB, so it is no table/],
  ])(
    'refuses a file of 2 GB that is no table (%s) before it is in memory',
    async (ending, sentence) => {
      const name = file(`huge.${ending}`, '');
      truncateSync(path.join(home, name), 2 ** 31 + 1); // no disk is used
      expect(await refusal({ file: name })).toMatch(sentence);
      rmSync(path.join(home, name));
    },
    60_000,
  );

  it('drops the second of two rows with the same id, and says which one it repeats', async () => {
    const result = await run({ file: file('twice.jsonl', rows('One?', 'Two?', 'One?')) });
    const [first] = result.rows;
    const told = result.verdicts.decisions.map((decision) => describeDecision(decision));
    expect(result.verdicts.funnel.at(-1)?.left).toBe(2);
    expect(told[2]).toBe(`Dropped at deduplication: it is the question of ${first?.id} again.`);
    expect(
      readFileSync(new CurationFolder(path.join(home, 'out')).file('decisions.jsonl'), 'utf8').split('\n'),
    ).toHaveLength(4);
  });

  it('refuses a domain without rows, rows without domain, and a set larger than the pool', async () => {
    const source = { file: file('pool.jsonl', rows('One?', 'Two?')), features: { domain: 'd', length: 'l' } };
    writeFileSync(
      path.join(home, 'pool.jsonl'),
      `${JSON.stringify({ question: 'One?', d: 'x', l: 1 })}\n${JSON.stringify({ question: 'Two?', d: 'y', l: 2 })}\n`,
    );
    const select = (changes: object) => refusal(source, { select: { size: 1, seeds: [], ...changes } });
    expect(await select({ size: 3 })).toBe('The set is to have 3 rows, and only 2 are left to choose from.');
    expect(await select({ domains: { z: 1 } })).toBe('No row is left in the domain "z" that select.domains names.');
    writeFileSync(
      path.join(home, 'pool.jsonl'),
      `${JSON.stringify({ question: 'One?', d: 'x', l: 1 })}\n${JSON.stringify({ question: 'Two?', l: 2 })}\n`,
    );
    expect(await select({})).toBe('Some rows have no value of the feature "domain" that names their domain.');
  });
});
