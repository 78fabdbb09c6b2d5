import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { parse } from 'csv-parse/sync';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { readParquet, writeParquet } from '../../../src/core/data/parquet';
import { conditionWith } from '../../../src/core/forcing/condition';
import { exportedRows, toCsv } from '../../../src/core/interchange/exportRun';
import { importLmEval } from '../../../src/core/interchange/importLmEval';
import { paperParts } from '../../../src/core/interchange/paperTokens';
import { publishedRun } from '../../../src/core/interchange/publishedRuns';
import { defaultOptions, scoreRun } from '../../../src/core/numbers/scoreRun';
import { runSamplesOf } from '../../../src/core/studies/readRunSamples';
import { roleOf } from '../../../src/core/studies/role';
import { conditionProgress } from '../../../src/core/studies/runStatus';
import { StudyRun } from '../../../src/core/studies/studyRun';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'import-'));
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

/** A word is a token: enough to know what was counted. */
const counter = { name: 'words', count: async (text: string) => text.split(/\s+/).filter(Boolean).length };
const options = { clock: systemClock, counter, title: 'Imported' };

const response = (thoughts: number, answer: string) =>
  `<|im_start|>think\n${Array(thoughts).fill('word').join(' ')}\n<|im_start|>answer\nFinal Answer: ${answer}`;

/** A line as the s1 fork of the lm-evaluation-harness writes it. */
const line = (doc: number, texts: string[], matches: number[]) => ({
  doc_id: doc,
  doc: { id: `2024-I-${doc}`, problem: `Problem ${doc}?`, answer: '7' },
  target: '7',
  arguments: { gen_args_0: { arg_0: 'prompt', arg_1: {} } },
  resps: [texts],
  filtered_resps: texts.length === 1 ? texts : [texts],
  doc_hash: 'a',
  prompt_hash: 'b',
  target_hash: 'c',
  exact_match: matches[0],
  extracted_answers: texts.map((text) => text.split(': ')[1] ?? text),
  ...(texts.length > 1 ? { exact_matches: matches, 'maj@2': 1, 'cov@2': 1 } : {}),
});

function write(run: string, task: string, lines: object[]): void {
  const target = path.join(folder, 'results', run, 'qfq__1k_qr_bt_dm_po');
  mkdirSync(target, { recursive: true });
  const name = `samples_${task}_2025-01-28T10-11-12.345678.jsonl`;
  writeFileSync(path.join(target, name), lines.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

describe('results of the lm-evaluation-harness', () => {
  it('give back the accuracies and thinking tokens that they were written with', async () => {
    const natural = [10, 20, 30].map((words, doc) =>
      line(doc, [response(words, doc === 0 ? '8' : '7')], [doc === 0 ? 0 : 1]),
    );
    const capped = [5, 5, 5].map((words, doc) =>
      line(doc, [response(words, doc === 2 ? '7' : '8')], [doc === 2 ? 1 : 0]),
    );
    write('forcingauto', 'aime24_nofigures', natural);
    write('forcing500', 'aime24_nofigures', capped);
    const { run, conditions, samples } = await importLmEval(
      path.join(folder, 'results'),
      path.join(folder, 'run'),
      options,
    );
    expect({ conditions, samples }).toEqual({ conditions: 2, samples: 6 });
    const rows = Object.fromEntries(conditionProgress(run).map((row) => [row.name, row]));
    expect(rows.forcingauto).toMatchObject({ correct: 2, graded: 3, thinkingTokens: 20 });
    expect(rows.forcing500).toMatchObject({ correct: 1, graded: 3, thinkingTokens: 5 });
    const [set] = scoreRun(runSamplesOf(run), { ...defaultOptions, replicates: 50 }).problemSets;
    const told = set?.conditions.map(({ condition, accuracy, paperThinkingTokens, steps }) => [
      condition.name,
      accuracy,
      paperThinkingTokens?.mean,
      paperThinkingTokens?.max,
      steps?.mean,
    ]);
    expect(told).toEqual(
      expect.arrayContaining([
        ['forcingauto', 2 / 3, 20, 30, 1],
        ['forcing500', 1 / 3, 5, 5, 1],
      ]),
    );
    const again = await StudyRun.open(path.join(folder, 'run'), systemClock);
    expect([...again.records]).toEqual([...run.records]);
    expect(again.left()).toEqual([]);
    const texts = readFileSync(path.join(folder, 'run', 'responses.jsonl'), 'utf8')
      .trim()
      .split('\n');
    expect(JSON.parse(texts[0] ?? '').text).toContain('Final Answer');
  });

  it('with several responses of a document are several samples', async () => {
    write('qwenagg64', 'gpqa', [line(0, [response(3, '7'), response(3, '8')], [1, 0])]);
    const { run } = await importLmEval(path.join(folder, 'results'), path.join(folder, 'run'), options);
    expect([...run.records].map(({ sample, outcome }) => [sample, outcome])).toEqual([
      [0, 'correct'],
      [1, 'wrong'],
    ]);
  });

  it.each([
    ['{"doc_id": 1}', /:2 is not a sample.*doc/],
    ['{', /:2 is not a sample.*not JSON/],
  ])('that hold %j are refused with the line', async (text, says) => {
    write('nottc', 'math', [line(0, [response(1, '7')], [1])]);
    const file = path.join(
      folder,
      'results',
      'nottc',
      'qfq__1k_qr_bt_dm_po',
      'samples_math_2025-01-28T10-11-12.345678.jsonl',
    );
    writeFileSync(file, `${readFileSync(file, 'utf8')}${text}\n`);
    await expect(importLmEval(path.join(folder, 'results'), path.join(folder, 'run'), options)).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringMatching(says),
    });
  });

  it('that are not there are one sentence', async () => {
    await expect(importLmEval(folder, path.join(folder, 'run'), options)).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining('no results'),
    });
  });
});

describe('the released statistics', () => {
  it('drop the marker and the last line of a thought: one that was cut in a line loses that line', () => {
    expect(paperParts('<|im_start|>think\na\nb\n<|im_start|>answer\nAnswer: 1', 'think')).toEqual({
      thinking: ['a\nb'],
      answer: 'Answer: 1',
      steps: 2,
      hasThinking: true,
      hasAnswer: true,
    });
    expect(paperParts('<|im_start|>think\na\nb<|im_start|>answer\n1', 'think').thinking).toEqual(['a']);
  });

  it('count steps and leave their headings out', () => {
    const parts = paperParts(
      '<|im_start|>2 steps left\nx\n<|im_start|>1 steps left\ny\n<|im_start|>answer\n\\boxed{1}',
      'steps',
    );
    expect(parts).toMatchObject({ steps: 2, thinking: ['x\n', 'y\n'], answer: '\\boxed{1}', hasAnswer: true });
  });
});

it.each([
  ['nottc', 'natural'],
  ['forcingauto', 'natural'],
  ['forcing500', 'capped'],
  ['s1.1forcingignore2wait', 'extended'],
  ['prompttoken2kforcing', 'other'],
  ['promptstep16', 'other'],
  ['rejection_sample3500', 'other'],
])('the published run %j is known to be %s', (name, role) => {
  expect(roleOf(conditionWith('s1', publishedRun(name) ?? {}))).toBe(role);
});

it('the samples of a run as Parquet read back as they are', async () => {
  write('nottc', 'math', [line(0, [response(2, '=1+1, "x"')], [0]), line(1, [response(3, '7')], [1])]);
  const { run } = await importLmEval(path.join(folder, 'results'), path.join(folder, 'run'), options);
  const file = path.join(folder, 'samples.parquet');
  await writeParquet(file, [...exportedRows(run)]);
  const read = [];
  for await (const { row } of readParquet(file)) read.push(row);
  expect(read).toEqual([...exportedRows(run)]);
});

it('a table of samples reads back, and holds no formula', async () => {
  write('nottc', 'math', [line(0, [response(2, '=1+1, "x"')], [0])]);
  const { run } = await importLmEval(path.join(folder, 'results'), path.join(folder, 'run'), options);
  const [row] = parse(toCsv(exportedRows(run)), { columns: true }) as Record<string, string>[];
  expect(row).toMatchObject({ condition: 'nottc', outcome: 'wrong', answer: `'=1+1, "x"`, thinkingTokens: '2' });
});
