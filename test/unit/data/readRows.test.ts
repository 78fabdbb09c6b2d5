import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { writeParquet } from '../../../src/core/data/parquet';
import { readRows } from '../../../src/core/data/readRows';
import { readProblems } from '../../../src/core/problems/readProblems';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'rows-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

function write(name: string, content: string | Buffer): string {
  const file = path.join(folder, name);
  writeFileSync(file, content);
  return file;
}

async function rowsOf(file: string) {
  const rows = [];
  for await (const row of readRows(file)) rows.push(row);
  return rows;
}

const failure = async (file: string) => {
  try {
    await rowsOf(file);
  } catch (error) {
    return error as { code: string; message: string };
  }
  throw new Error('it was read');
};

describe('rows', () => {
  it.each([
    ['a.jsonl', '{"question":"q","n":1}\n\n{"question":"ü"}\n', [1, 3]],
    ['a.json', '[{"question":"q","n":1},{"question":"ü"}]', [1, 2]],
    ['b.json', '{"data":[{"question":"q","n":1},{"question":"ü"}]}', [1, 2]],
  ])('of %s come with their places', async (name, text, lines) => {
    expect(await rowsOf(write(name, text))).toEqual([
      { row: { question: 'q', n: 1 }, line: lines[0] },
      { row: { question: 'ü' }, line: lines[1] },
    ]);
  });

  it.each([
    ['a.csv', 'question,answer\r\n"a, ""b""\nc",1\r\nd,2\r\n'],
    ['a.tsv', 'question\tanswer\n"a, ""b""\nc"\t1\nd\t2\n'],
  ])('of %s may hold delimiters, quotes and line breaks', async (name, text) => {
    const rows = await rowsOf(write(name, text));
    expect(rows.map(({ row }) => row)).toEqual([
      { question: 'a, "b"\nc', answer: '1' },
      { question: 'd', answer: '2' },
    ]);
  });

  it('of UTF-8 and UTF-16 files with a byte order mark are the same', async () => {
    const text = '{"question":"ü€😀"}\n';
    const utf16 = Buffer.concat([Buffer.from([0xff, 0xfe]), Buffer.from(text, 'utf16le')]);
    const files = [write('8.jsonl', `\ufeff${text}`), write('16.jsonl', utf16)];
    for (const file of files) expect((await rowsOf(file))[0]?.row).toEqual({ question: 'ü€😀' });
  });

  it('survive Parquet: texts, whole numbers, fractions, truth values and nothing at all', async () => {
    const values = fc.record({
      text: fc.oneof(fc.string({ unit: 'grapheme' }), fc.constant(null)),
      count: fc.integer(),
      share: fc.double({ noNaN: true, noDefaultInfinity: true }).map((value) => value + 0.5),
      isGood: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(values, { minLength: 1, maxLength: 20 }), async (rows) => {
        const file = path.join(folder, 'a.parquet');
        await writeParquet(file, rows);
        const read = (await rowsOf(file)).map(({ row }) => row);
        expect(read.map(({ text, count, isGood }) => ({ text, count, isGood }))).toEqual(
          rows.map(({ text, count, isGood }) => ({ text, count, isGood })),
        );
      }),
      { numRuns: 30 },
    );
  });

  it('make problems in every format', async () => {
    const rows = [{ id: 'a', question: 'q?', answer: '7' }];
    const parquet = path.join(folder, 'p.parquet');
    await writeParquet(parquet, rows);
    const files = [
      parquet,
      write('p.csv', 'id,question,answer\na,q?,7\n'),
      write('p.json', JSON.stringify(rows)),
      write('p.jsonl', `${JSON.stringify(rows[0])}\n`),
    ];
    for (const file of files) expect(await readProblems(file)).toEqual(rows);
  });
});

describe('what cannot be read', () => {
  it.each([
    ['a.jsonl', '{"a":1}\n{"a":', /^a\.jsonl:2: this is not JSON/],
    ['a.jsonl', '[1]\n', /^a\.jsonl:1: this is not an object/],
    ['a.json', '{"a":1}', /no list of rows/],
    ['a.csv', 'a,b\n1,2,3\n', /^a\.csv:2: invalid record length/i],
    ['a.csv', 'a,b\n"1,2\n', /^a\.csv:\d+: quote not closed/i],
    ['a.parquet', 'PAR1 this is none', /it is not a Parquet file/],
  ])('%s with %j says where and why', async (name, text, says) => {
    expect(await failure(write(name, text))).toMatchObject({
      code: 'invalid-file',
      message: expect.stringMatching(says),
    });
  });

  it('is a file that is no UTF-8', async () => {
    const file = write('a.jsonl', Buffer.from([0x7b, 0xff, 0x7d]));
    expect(await failure(file)).toMatchObject({ code: 'invalid-file', message: expect.stringContaining('UTF-8') });
  });

  it('is a Parquet file with a broken page', async () => {
    const file = path.join(folder, 'a.parquet');
    await writeParquet(
      file,
      Array.from({ length: 500 }, (_, index) => ({ text: `row ${index} ${'x'.repeat(index)}` })),
    );
    const bytes = readFileSync(file);
    bytes.fill(0xff, 8, 200);
    writeFileSync(file, bytes);
    expect(await failure(file)).toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining('rows 1 to 500'),
    });
  });

  it('is a file that is not there, or no table', async () => {
    expect(await failure(path.join(folder, 'none.csv'))).toMatchObject({ code: 'file-not-found' });
    expect(await failure(path.join(folder, 'none.parquet'))).toMatchObject({ code: 'file-not-found' });
    expect(() => readRows('a.xlsx')).toThrow(/not a table/);
  });
});
