import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import type { SampleRecord } from '../../src/core/studies/sampleRecord';
import { CliHome, root } from './support/cli';

/** Grading from the command line, of a run of the bundled model. */
let home: CliHome;
let run: string;
vi.setConfig({ testTimeout: 120_000, hookTimeout: 120_000 }); // real thoughts

beforeAll(async () => {
  home = new CliHome();
  const study = path.join(home.folder, 'graded.study.yaml');
  const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
  writeFileSync(
    study,
    `grader: { regex: '([@])' }\nproblems: [{ file: ${problems}, limit: 6 }]\nconditions: [{ name: natural }]\n`,
  );
  const { stdout, stderr } = await home.run(['run', study, '--json']);
  run = stdout === '' ? stderr : JSON.parse(stdout).run;
});
afterAll(() => home.dispose());

const read = (name: string) => readFileSync(path.join(run, name), 'utf8');
const lines = () => parseJsonLines(read('grades.jsonl')) as SampleRecord[];
const grade = async (...words: string[]) => {
  const { code, stdout, stderr } = await home.run(['grade', run, '--json', ...words]);
  return { code, stderr, report: stdout === '' ? null : JSON.parse(stdout) };
};

it('a run is graded as its study says', () => {
  expect(lines().map(({ outcome, grader }) => ({ outcome, grader }))).toEqual(
    Array.from({ length: 6 }, () => ({ outcome: 'no-answer', grader: 'regex:([@])' })),
  );
});

it('another grader is tried without leaving anything behind', async () => {
  const before = read('grades.jsonl') + read('run.json');
  const { report } = await grade('--grader', 'latex', '--dry-run');
  expect(report).toMatchObject({ isKept: false, grader: 'latex', graded: 6, correct: { before: 0 } });
  expect(report.changes).toHaveLength(6);
  expect(read('grades.jsonl') + read('run.json')).toBe(before);
});

it('grading anew keeps traces and old grades, and numbers and traces follow the new ones', async () => {
  const [before, traces] = [read('grades.jsonl'), read('traces-0001.jsonl')];
  const { report } = await grade('--grader', 'latex');
  expect(read('traces-0001.jsonl')).toBe(traces);
  expect(read('grades.jsonl').startsWith(before)).toBe(true);
  expect(lines()).toHaveLength(12);
  expect(JSON.parse(read('run.json')).grader).toBe('latex');

  const { stdout } = await home.run(['score', run, '--json', '--replicates', '100']);
  expect(JSON.stringify(JSON.parse(stdout))).toContain(`"correct":${report.correct.after}`);
  for (const { traceId, outcome } of lines().slice(6)) {
    const shown = await home.run(['show', `${run}#${traceId}`, '--json']);
    expect(JSON.parse(shown.stdout).outcome).toBe(outcome);
  }
  expect((await grade()).report.changes).toEqual([]);
});

it('pairs are compared, and a line that is none is named', async () => {
  const file = path.join(home.folder, 'pairs.jsonl');
  writeFileSync(file, '{"given": "2\\\\sqrt3", "wanted": "\\\\sqrt{12}", "isSame": true}\n');
  const { stdout } = await home.run(['grade', '--pairs', file, '--json']);
  expect(JSON.parse(stdout)).toMatchObject({ pairs: [{ isCorrect: true }], falsely: { accepted: 0, rejected: 0 } });
  writeFileSync(file, '{"given": "1"}\n');
  const { code, stderr } = await home.run(['grade', '--pairs', file]);
  expect(code).toBe(1);
  expect(stderr).toContain(`Line 1 of ${file} is no pair of answers.`);
});
