import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { importInspect } from '../../../src/core/interchange/importInspect';
import { readInspectLog } from '../../../src/core/interchange/inspectLog';
import { readZip, ZipWriter } from '../../../src/core/interchange/zip';

/** Written by Inspect itself (test/makeInspectFixture.py), in its own compression. */
const written = path.join(import.meta.dirname, '../../fixtures/inspect/sums.eval');
const counter = { name: 'words', count: async (text: string) => text.split(/\s+/).filter(Boolean).length };
const options = { clock: systemClock, counter, title: 'Imported' };

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'inspect-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const header = { status: 'success', eval: { task: 'sums', model: 'm', created: '2026-01-02' } };
const sample = (changes: object = {}) => ({
  id: 1,
  epoch: 1,
  input: 'What is 2+2?',
  target: '4',
  output: { choices: [{ message: { content: '4' }, stop_reason: 'stop' }] },
  scores: { match: { value: 'C', answer: '4' } },
  ...changes,
});

async function log(name: string, ...samples: object[]): Promise<string> {
  const file = path.join(folder, name);
  const zip = new ZipWriter(file);
  zip.add('header.json', header);
  for (const [index, each] of samples.entries()) zip.add(`samples/${index}_epoch_1.json`, each);
  await zip.close();
  return file;
}

const imported = async (from: string) => [
  ...(await importInspect(from, path.join(folder, 'run'), options)).run.records,
];

describe('logs of Inspect', () => {
  it('are read as Inspect writes them: verdicts, epochs, reasoning, its own counts', async () => {
    const records = await imported(written);
    const rows = records.map(({ problemKey, sample: at, outcome, answer, thinkingTokens, generatedTokens }) => [
      problemKey,
      at,
      outcome,
      answer,
      thinkingTokens,
      generatedTokens,
    ]);
    expect(rows).toEqual([
      ['a', 0, 'correct', '4', 12, 20],
      ['b', 0, 'wrong', 'Rome', 12, 20],
      ['a', 1, 'correct', '4', 12, 20],
      ['b', 1, 'truncated', 'Ro', 12, 20],
    ]);
    const { samples } = await readInspectLog(written);
    expect(samples[0]?.output?.choices[0]?.message.content).toContainEqual(
      expect.objectContaining({ type: 'reasoning', reasoning: 'two and two '.repeat(50) }),
    );
  });

  it('without counts have their texts counted, reasoning apart; texts kept apart are found', async () => {
    const content = [
      { type: 'reasoning', reasoning: 'attachment://long' },
      { type: 'text', text: 'it is 4' },
    ];
    const output = { choices: [{ message: { content } }] };
    const [record] = await imported(await log('x.eval', sample({ output, attachments: { long: 'one two three' } })));
    expect(record).toMatchObject({ thinkingTokens: 3, generatedTokens: 6, answerTokens: 3 });
  });

  it.each([
    ['C', 'correct'],
    [1, 'correct'],
    [true, 'correct'],
    ['I', 'wrong'],
    ['P', 'wrong'],
    [0.5, 'wrong'],
    ['N', 'no-answer'],
  ])('with the verdict %s are %s', async (value, outcome) => {
    expect(await imported(await log('x.eval', sample({ scores: { match: { value } } })))).toMatchObject([{ outcome }]);
  });

  it('tell what failed and what nobody graded', async () => {
    const file = await log('x.eval', sample({ error: { message: 'gone' } }), sample({ id: 2, scores: {} }));
    expect(await imported(file)).toMatchObject([
      { outcome: 'error', error: { message: 'gone' } },
      { outcome: 'ungraded' },
    ]);
  });

  it('of the same task and model are conditions of their own', async () => {
    await log('a.eval', sample());
    await log('b.eval', sample());
    const { run, conditions } = await importInspect(folder, path.join(folder, 'run'), options);
    expect(conditions).toBe(2);
    expect(run.about.conditions.map(({ name }) => name)).toEqual(['m', 'm (2026-01-02)']);
  });

  it('that are none are refused with the part that is wrong', async () => {
    const broken = path.join(folder, 'x.eval');
    writeFileSync(broken, 'hello');
    await expect(readInspectLog(broken)).rejects.toThrow('x.eval could not be read as a zip file');
    await expect(readInspectLog(path.join(folder, 'no.eval'))).rejects.toMatchObject({ code: 'file-not-found' });
    await expect(readInspectLog(await log('y.eval', { id: 1 }))).rejects.toThrow(
      'y.eval: samples/0_epoch_1.json is not of a log',
    );
  });
});

describe('a zip file', () => {
  it('gives back what was put in, and only what is wanted', async () => {
    const file = path.join(folder, 'x.zip');
    const zip = new ZipWriter(file);
    zip.add('a.json', { text: 'ü'.repeat(10_000) });
    zip.add('b.json', 2);
    await zip.close();
    const found = [];
    for await (const entry of readZip(file, (name) => name === 'a.json')) found.push(entry);
    expect(found).toEqual([['a.json', JSON.stringify({ text: 'ü'.repeat(10_000) })]]);
  });
});
