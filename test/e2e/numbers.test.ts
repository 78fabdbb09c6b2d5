import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { condition, runOf } from '../unit/numbers/support';
import { CliHome, finished } from './support/cli';

const home = new CliHome();
afterAll(() => home.dispose());

function write(name: string, text: string): string {
  const file = path.join(home.folder, name);
  writeFileSync(file, text);
  return file;
}

/** s1 paper, Table 12, lower half: asked for so many tokens, and made to end there. */
const points = [
  [1024, 1, 1024],
  [2048, 9, 2048],
  [4031, 10, 4096],
  [5664, 10, 8192],
  [6330, 12, 16384],
].map(([thinkingTokens, correct, limit]) => ({ thinkingTokens, correct, total: 30, limit }));

const conditions = [
  condition('cap 50', { role: 'capped', limit: 50 }),
  condition('natural', { role: 'natural' }),
  condition('Wait ×1', { role: 'extended', cues: 1 }),
  condition('Wait ×2', { role: 'extended', cues: 2 }),
];
const correct = Array.from({ length: 80 }, (_, problem) => [10, 30, 45, 60].map((share) => Number(problem < share)));
const tokens = correct.map((_, problem) => [50, 100, 150, 200].map((mean) => mean + (mean > 50 ? problem % 7 : 0)));

function samplesFile(isFinished = true): string {
  const { samples, title } = runOf(conditions, correct, tokens);
  const header = { schemaVersion: 1, title, isFinished, conditions };
  return write(`run-${isFinished}.jsonl`, `${[header, ...samples].map((line) => JSON.stringify(line)).join('\n')}\n`);
}

it('a reader that has seen enough, such as head, is no error', async () => {
  const child = home.start(['score', '--help']);
  const ended = finished(child);
  child.stdout?.destroy();
  expect(await ended).toMatchObject({ code: 0, stderr: '' });
});

describe('second-thought score', () => {
  it('gives the three measures of given points as Table 3 of the paper has them', async () => {
    const file = write('points.json', JSON.stringify(points));
    const { code, stdout } = await home.run(['score', '--points', file, '--json']);
    const report = JSON.parse(stdout);
    expect(code).toBe(0);
    expect(report.scaling.log2).toBeCloseTo(13.158, 3);
    expect([report.control, report.performance]).toEqual([1, 40]);
    expect(report.intervals.scaling.log2[0]).toBeLessThan(13);
    expect((await home.run(['score', '--points', file])).stdout).toContain('Scaling      13.158 [');
  });

  it('says of the samples of a run whether the extended part rises, in numbers and in words', async () => {
    const file = samplesFile();
    const { stdout } = await home.run(['score', '--samples', file, '--json']);
    const [set] = JSON.parse(stdout).problemSets;
    expect(set.methods[0].extended.scaling.leastSquares.interval[0]).toBeGreaterThan(0);
    expect(set.methods[0].control.value).toBe(1);
    const sentence = set.sentences.find((text: string) => text.startsWith('The extended part rises: slope'));
    expect(sentence).toContain('which excludes zero');
    expect((await home.run(['score', '--samples', file])).stdout).toContain(sentence);
  });

  it('shows only the conditions that are asked for', async () => {
    const args = ['score', '--samples', samplesFile(), '--only', 'natural', '--only', 'Wait ×2', '--json'];
    const [set] = JSON.parse((await home.run(args)).stdout).problemSets;
    expect(set.conditions.map((row: { condition: { name: string } }) => row.condition.name)).toEqual([
      'natural',
      'Wait ×2',
    ]);
  });

  it.each([
    [['score'], 2, /Name one thing to score/],
    [['score', '--points', 'nowhere.json'], 1, /nowhere\.json.*no such file/],
    [['score', '--points', 'x', '--samples', 'y'], 2, /cannot be used with/],
    [['score', '--samples', 'x', '--x', 'colour'], 2, /thinking, generated, latency/],
    [['score', '--samples', 'x', '--difference', '0'], 2, /percentage points/],
    [['compare'], 2, /Nothing to compare in was named/],
    [['compare', 'nowhere', 'a', 'b'], 1, /nowhere.*no such file/],
  ])('%j is refused in a sentence', async (args, exitCode, message) => {
    const { code, stderr } = await home.run(args);
    expect(code).toBe(exitCode);
    expect(stderr).toMatch(message);
    expect(stderr).not.toMatch(/\n {4}at /);
  });
});

describe('second-thought compare', () => {
  it('gives difference, test, verdict and the traces of flips', async () => {
    const { stdout } = await home.run(['compare', '--samples', samplesFile(), 'natural', 'Wait ×2', '--json']);
    const [comparison] = JSON.parse(stdout).comparisons;
    expect(comparison).toMatchObject({
      difference: 0.375,
      verdict: 'better',
      test: 'mcnemar-exact',
      sharedProblems: 80,
    });
    expect(comparison.flips).toHaveLength(30);
    expect(comparison.flips[0]).toMatchObject({ kind: 'wrong-to-right', traceA: 'natural/p0030/0' });
  });

  it('compares each number of cues with the one before', async () => {
    const { stdout } = await home.run(['compare', '--samples', samplesFile(), '--per-cue']);
    expect(stdout).toContain('set: natural → Wait ×1');
    expect(stdout).toContain('set: Wait ×1 → Wait ×2');
    expect(stdout).toMatch(/Wait ×2 is better than Wait ×1: \+18\.8 points, .* \(Holm over 2: p < 0\.001\)\./);
  });

  it('gives no verdict while the run goes on', async () => {
    const { stdout } = await home.run(['compare', '--samples', samplesFile(false), 'natural', 'Wait ×2']);
    expect(stdout).toContain(
      'No verdict: the run is not finished. So far Wait ×2 differs from natural by +37.5 points',
    );
  });

  it('suggests the name that was meant', async () => {
    const { code, stderr } = await home.run(['compare', '--samples', samplesFile(), 'natural', 'Wait x2', '--json']);
    expect(code).toBe(2);
    expect(JSON.parse(stderr).error).toMatchObject({ code: 'bad-usage', remedy: 'Is "Wait ×2" meant?' });
  });
});
