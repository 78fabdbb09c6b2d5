import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, expect, test } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { shortHash } from '../../../src/core/base/seeds';
import { createCondition } from '../../../src/core/forcing/condition';
import { mergeShards } from '../../../src/core/studies/mergeShards';
import { errorRecord, sampleKey } from '../../../src/core/studies/sampleRecord';
import { parseShard, type Shard } from '../../../src/core/studies/shard';
import { type StudyPlan, type Task, taskName } from '../../../src/core/studies/studyPlan';
import { StudyRun } from '../../../src/core/studies/studyRun';

const folder = mkdtempSync(path.join(tmpdir(), 'st-shards-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

let made = 0;
const newFolder = () => path.join(folder, String(made++));
const server = { id: 's', url: 'http://127.0.0.1:1/v1', model: 'm', version: null };

const planOf = (problems: number, samples: number[]): StudyPlan => ({
  title: 'sharded',
  seed: 3,
  conditions: samples.map((count, at) => ({
    key: `c${at}`,
    name: `c${at}`,
    condition: createCondition({ ignore: at }),
    samples: count,
  })),
  problems: Array.from({ length: problems }, (_, at) => ({
    problemSet: 'set',
    problem: { id: `p${at}`, question: 'q' },
  })),
});

/** A sample that depends on what names it and on nothing else, as one that a seed makes. */
const sampleOf = (task: Task) => {
  const name = taskName(task);
  return {
    ...errorRecord(task, new Error('x'), server, '2026-01-01T00:00:00.000Z'),
    outcome: 'wrong' as const,
    answer: shortHash(sampleKey(name)),
  };
};

async function executed(plan: StudyPlan, shard?: Shard): Promise<StudyRun> {
  const study = { file: 'a.study.yaml', text: '' };
  const run = await StudyRun.create(newFolder(), plan, {
    study,
    server,
    clock: systemClock,
    ...(shard ? { shard } : {}),
  });
  await run.writeAll(run.left().map(sampleOf));
  return run;
}

const inOrder = (run: StudyRun) => [...run.records].sort((a, b) => (sampleKey(a) < sampleKey(b) ? -1 : 1));

test('shards make every sample once, and merged they are the run that one process makes', async () => {
  const shape = fc.record({
    problems: fc.integer({ min: 1, max: 12 }),
    samples: fc.array(fc.integer({ min: 1, max: 3 }), { minLength: 1, maxLength: 3 }),
    of: fc.integer({ min: 1, max: 6 }),
  });
  await fc.assert(
    fc.asyncProperty(shape, async ({ problems, samples, of }) => {
      const plan = planOf(problems, samples);
      const shards: StudyRun[] = [];
      for (let index = 0; index < of; index++) shards.push(await executed(plan, { index, of }));
      const whole = await executed(plan);
      const merged = await mergeShards(shards.map((run) => run.folder).reverse(), newFolder(), systemClock);
      expect(shards.reduce((sum, { planned }) => sum + planned, 0)).toBe(whole.planned);
      expect(inOrder(merged)).toEqual(inOrder(whole));
      expect(merged.left()).toEqual([]);
      expect([merged.problems, merged.about.shard]).toEqual([whole.problems, undefined]);
    }),
    { numRuns: 25, seed: 8 },
  );
});

test('what does not make a whole is refused with what is missing', async () => {
  const plan = planOf(4, [1]);
  const [zero, two] = [await executed(plan, { index: 0, of: 3 }), await executed(plan, { index: 2, of: 3 })];
  const merge = (...runs: StudyRun[]) =>
    mergeShards(
      runs.map((run) => run.folder),
      newFolder(),
      systemClock,
    );
  await expect(merge(zero, two)).rejects.toThrow('Of 3 shards these are missing: 1.');
  await expect(merge(zero, await executed(plan))).rejects.toThrow('is no shard, but a whole run');
  const other = await executed({ ...plan, seed: 4 }, { index: 1, of: 3 });
  await expect(merge(zero, other, two)).rejects.toThrow('are not shards of the same study');
  const one = await executed(plan, { index: 1, of: 3 });
  await expect(merge(zero, one, two, one)).rejects.toThrow('There are 4 runs, and 3 shards.');
});

test.each(['', '1', '4/4', '-1/4', '0/0', 'a/b', '1/4/2'])('%j is no shard', (text) => {
  expect(() => parseShard(text)).toThrow('is no shard');
});
