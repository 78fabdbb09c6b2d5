import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { parseJsonLines } from '../../../src/core/base/files';

interface Question {
  question: string;
  solution?: string | null;
  domain?: string;
  canonical: string;
}

const root = path.resolve(import.meta.dirname, '..', '..', '..');
const folder = mkdtempSync(path.join(tmpdir(), 'second-thought-pool-'));
const sources = ['workbook', 'quiz', 'puzzles', 'olympiad'];
const tests = 50;
const size = 600;
afterAll(() => rmSync(folder, { recursive: true, force: true }));

const make = (name: string) =>
  execFileSync('python3', [
    path.join(root, 'model', 'make_pool.py'),
    path.join(folder, name),
    ...['--size', String(size), '--tests', String(tests)],
  ]);
const rowsIn = (name: string) => parseJsonLines(readFileSync(path.join(folder, 'one', name), 'utf8')) as Question[];

/** The problem behind a question, told from its words: the terms of a sum may stand in any order. */
function canonicalOf(question: string): string {
  const [, letter, word] = /How many (\w) in (\w+)\?/.exec(question) ?? [];
  if (word !== undefined) return `letters:${letter}:${word}`;
  const [, bound, numbers] = /How many numbers above (\d+) in ([\d, ]+)\?/.exec(question) ?? [];
  if (numbers !== undefined) return `above:${bound}:${numbers.replaceAll(' ', '')}`;
  const [, terms = ''] = /What is ([\d+*-]+)\?/.exec(question) ?? [];
  if (terms.includes('*')) return `products:${terms.split('+').sort().join('+')}`;
  if (terms.includes('-')) return `chains:+${terms}`;
  return `sums:${terms
    .split('+')
    .sort((a, b) => Number(a) - Number(b))
    .join('+')}`;
}

/** As model/problems.py splits: by the first byte of the SHA-256; the bundled model is trained on `train` alone. */
function splitOf(canonical: string): 'test' | 'dev' | 'train' {
  const first = createHash('sha256').update(canonical).digest()[0] ?? 255;
  return first < 20 ? 'test' : first < 40 ? 'dev' : 'train';
}

describe('the question pool of the miniature', () => {
  let pool: Question[] = [];
  let problems: Question[] = [];
  beforeAll(() => {
    make('one');
    pool = sources.flatMap((name) => rowsIn(`${name}.jsonl`));
    problems = rowsIn('tests.problems.jsonl');
  });

  test('is the same bytes again, of four sources and at least eight domains', () => {
    make('two');
    for (const name of readdirSync(path.join(folder, 'one'))) {
      expect(readFileSync(path.join(folder, 'two', name))).toEqual(readFileSync(path.join(folder, 'one', name)));
    }
    expect(pool).toHaveLength(size);
    expect(new Set(pool.map(({ domain }) => domain)).size).toBeGreaterThanOrEqual(8);
  });

  test('names each problem by a form that its words alone give', () => {
    for (const { question, canonical } of [...pool, ...problems]) expect(canonicalOf(question)).toBe(canonical);
  });

  test('shares no problem with the tests, the dev set, or what the bundled model was trained on', () => {
    const leaked = pool.filter(({ question }) => question.startsWith('please read'));
    const own = new Set(pool.filter((row) => !leaked.includes(row)).map(({ canonical }) => canonical));
    const asked = new Set(problems.map(({ canonical }) => canonical));
    const dev = parseJsonLines(readFileSync(path.join(root, 'model', 'data', 'dev.problems.jsonl'), 'utf8'));
    expect([...own].filter((canonical) => asked.has(canonical))).toEqual([]);
    expect((dev as Question[]).filter(({ canonical }) => own.has(canonical) || asked.has(canonical))).toEqual([]);
    expect(new Set([...own].map(splitOf))).toEqual(new Set(['dev']));
    expect(new Set([...asked].map(splitOf))).toEqual(new Set(['test']));
    expect(asked.size).toBe(tests);
    expect(leaked.every(({ canonical }) => asked.has(canonical))).toBe(true);
  });

  test('holds exactly the flaws that it says it holds', () => {
    const planted = JSON.parse(readFileSync(path.join(folder, 'one', 'planted.json'), 'utf8'));
    const has = (pattern: RegExp) => pool.filter(({ question }) => pattern.test(question)).length;
    expect(planted).toEqual({
      questions: size,
      clean: 552,
      duplicate: size - new Set(pool.map(({ question }) => question)).size,
      contaminated: has(/^please read/),
      'bad format': has(/^(\[asy\]|!\[Image\]|p\d+\.)/),
      'no solution': pool.filter(({ solution }) => solution === null).length,
    });
  });
});
