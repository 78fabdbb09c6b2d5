import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { problemPresetNames, problemPresets } from '../../../src/core/problems/presets';
import { readPreset } from '../../../src/core/problems/readProblems';
import { mayHaveSeen, monthSchema } from '../../../src/core/problems/released';

/** Benchmarks from copies whose rows have the fields of the published data sets. */
const home = mkdtempSync(path.join(tmpdir(), 'presets-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

function copy(rows: object[]): string {
  const file = path.join(home, 'rows.jsonl');
  writeFileSync(file, rows.map((row) => `${JSON.stringify(row)}\n`).join(''));
  return file;
}

describe('a benchmark', () => {
  it('of AIME or MATH has the problem as its prompt, and the answer as text', async () => {
    const rows = [
      { id: 60, problem: 'Find $n$.', solution: 'It is 33.', answer: '033', url: 'u' },
      { question: 'Find $m$.', answer: 7 },
      { unique_id: 'test/algebra/1.json', orig_problem: 'Find $k$.', orig_answer: '\\frac{1}{2}' },
    ];
    expect(await readPreset('aime24', copy(rows))).toEqual(
      [
        { question: 'Find $n$.', answer: '033' },
        { question: 'Find $m$.', answer: '7' },
        { id: 'test/algebra/1.json', question: 'Find $k$.', answer: '\\frac{1}{2}' },
      ].map((problem, at) => (at === 0 ? { id: '60', ...problem } : problem)),
    );
  });

  it('of GPQA has its choices below the question, shuffled as the harness does, unstripped', async () => {
    const fixture = path.join(import.meta.dirname, '..', '..', 'fixtures', 'pythonRandom.json');
    const { gpqaLetters } = JSON.parse(readFileSync(fixture, 'utf8')) as { gpqaLetters: string };
    const rows = Array.from({ length: 198 }, (_, at) => ({
      Question: `What is ${at}?\n`,
      'Correct Answer': `right\n`,
      'Incorrect Answer 1': 'w1',
      'Incorrect Answer 2': 'w2 ',
      'Incorrect Answer 3': 'w3',
    }));
    const problems = await readPreset('gpqa-diamond', copy(rows));
    expect(problems.map(({ answer }) => answer).join('')).toBe(gpqaLetters);
    const [first] = problems;
    const at = 'ABCD'.indexOf(first?.answer ?? '');
    expect(first?.choices?.[at]).toBe('right\n');
    expect(first?.question).toBe(
      `What is 0?\n\n\n${first?.choices?.map((choice, index) => `${'ABCD'[index]}) ${choice}`).join('\n')}`,
    );
  });

  it('of 2026 is read from the columns that its publisher uses', async () => {
    const rows = [{ problem_idx: 1, answer: 277, problem: 'Patrick started walking.' }];
    expect(await readPreset('aime26', copy(rows))).toEqual([{ question: 'Patrick started walking.', answer: '277' }]);
    const hmmt = [{ problem_idx: 2, answer: '\\frac{1}{2}', problem: 'Compute it.', problem_type: ['Algebra'] }];
    expect(await readPreset('hmmt-feb26', copy(hmmt))).toEqual([{ question: 'Compute it.', answer: '\\frac{1}{2}' }]);
  });

  it.each(problemPresetNames)('%s says when its problems became public', (name) => {
    expect(monthSchema.safeParse(problemPresets[name].released).success).toBe(true);
  });

  it.each([
    ['2024-09', '2024-02', true],
    ['2024-09', '2024-09', true],
    ['2024-09', '2025-02', false],
  ])('a model of %s may have been trained on problems of %s: %s', (model, set, isSo) => {
    expect(mayHaveSeen(model, set)).toBe(isSo);
  });

  it('is refused where rows have other fields', async () => {
    await expect(readPreset('gpqa-diamond', copy([{ question: 'q', answer: 'A' }]))).rejects.toMatchObject({
      code: 'invalid-file',
      message: expect.stringContaining('gives 0 problems of 1 rows; gpqa-diamond has 198.'),
    });
  });
});
