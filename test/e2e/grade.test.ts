import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import type { SampleRecord } from '../../src/core/studies/sampleRecord';
import { ConversationServer } from '../faults/conversationServer';
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

describe('a language model as the grader of a study', () => {
  const judging: ConversationServer[] = [];
  afterAll(() => Promise.all(judging.map((server) => server.stop())));

  it('is asked through the server of that id, and where it and latex differ is listed; kept replies cost nothing', async () => {
    const server = await ConversationServer.start({
      '/v1/models': { json: { data: [{ id: 'small' }, { id: 'gpt' }] } },
      '/v1/chat/completions': {
        json: { choices: [{ message: { content: '1' } }], usage: { prompt_tokens: 50, completion_tokens: 1 } },
      },
    });
    judging.push(server);
    writeFileSync(path.join(home.folder, 'config.yaml'), `servers: [{ id: judge, url: ${server.url} }]\n`);
    const rows = path.join(home.folder, 'words.jsonl');
    writeFileSync(rows, '{"id":"a","question":"How many r in raspberry?","answer":"three"}\n');
    const study = path.join(home.folder, 'judged.study.yaml');
    const grader = '{ kind: llm-matcher, server: judge, model: gpt }';
    writeFileSync(
      study,
      `grader: ${grader}\nproblems: [{ file: ${rows} }]\nconditions: [{ ignore: 2 }, { samples: 2 }]\n`,
    );
    const made = await home.run(['run', study, '--json']);
    const folder = JSON.parse(made.stdout || '{}').run;

    const { matcher, problemSets } = JSON.parse(
      (await home.run(['score', folder, '--json', '--replicates', '100'])).stdout,
    );
    expect(problemSets[0].conditions.map(({ outcomes }: { outcomes: object }) => outcomes)).toMatchObject([
      { correct: 1 },
      { correct: 2 },
    ]);
    // Greedy samples of one condition say the same: the second is asked about with the first one's answer.
    expect(matcher).toMatchObject({ samples: 3, failed: 0, asked: server.to('/v1/chat/completions').length });
    expect(matcher.promptTokens).toBe(50 * matcher.asked);
    expect(matcher.disagreements).toHaveLength(3);
    expect(matcher.disagreements[0]).toMatchObject({
      problemKey: 'a',
      answer: 'three',
      reply: '1',
      matcher: 'correct',
      rule: 'wrong',
    });
    expect((await home.run(['score', folder, '--replicates', '100'])).stdout).toContain(
      'It and latex differ on 3 of 3 samples.',
    );

    const again = await home.run(['grade', folder, '--json']);
    expect(JSON.parse(again.stdout)).toMatchObject({
      changes: [],
      matcher: { asked: 0, kept: 3, promptTokens: 0 },
    });
  });

  it('may be the bundled model, and of a model that replies with no index every answer stays as it was', async () => {
    const { report } = await grade('--grader', 'llm-matcher:bundled', '--dry-run');
    expect(report).toMatchObject({ graded: 6, matcher: { samples: 6, failed: 0 } });
  });

  it('that is not configured is named, and what there is', async () => {
    const { code, stderr } = await grade('--grader', 'llm-matcher:nobody');
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error.message).toContain('There is no server named "nobody"');
  });
});
