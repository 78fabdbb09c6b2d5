import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { fieldsAt } from '../../../src/core/base/schemaFields';
import { problemPresetNames } from '../../../src/core/problems/presets';
import { publishedFigure, publishedFigureIds } from '../../../src/core/published/published';
import { parseStudy, type Study, studySchema } from '../../../src/core/studies/studyFile';
import { planStudy } from '../../../src/core/studies/studyPlan';

/** The studies that New Study copies. */
const folder = path.resolve(import.meta.dirname, '../../../media/studies');
const names = readdirSync(folder).filter((name) => name.endsWith('.study.yaml'));
const read = (name: string): Study => parseStudy(readFileSync(path.join(folder, name), 'utf8'), name);

const home = mkdtempSync(path.join(tmpdir(), 'templates-'));
afterAll(() => rmSync(home, { recursive: true, force: true }));

/** Benchmarks are read from a copy: whole sets of rows with the fields of the published ones. */
function offline(study: Study): Study {
  const problems = study.problems.map((set) => {
    if (set.preset === undefined) return set;
    const file = path.join(home, `${set.preset}.jsonl`);
    writeFileSync(
      file,
      Array.from({ length: sizes[set.preset] ?? 0 }, (_, at) => `${JSON.stringify(row(at))}\n`).join(''),
    );
    return { ...set, file };
  });
  return { ...study, problems };
}

const sizes: Record<string, number> = { aime24: 30, aime25: 30, math500: 500, 'gpqa-diamond': 198 };
const row = (at: number) => ({
  problem: `What is ${at}?`,
  answer: String(at),
  Question: `What is ${at}?`,
  'Correct Answer': 'right',
  'Incorrect Answer 1': 'a',
  'Incorrect Answer 2': 'b',
  'Incorrect Answer 3': 'c',
});

describe.each(names)('%s', (name) => {
  const study = read(name);

  it('can be planned, every condition once and with a name of its own', async () => {
    const { conditions, problems } = await planStudy(offline(study), path.join(folder, name), study.dialect ?? 's1');
    expect(conditions.length).toBeGreaterThan(0);
    expect(problems.length).toBeGreaterThan(0);
  });

  it('says in its first line what it is for', () => {
    expect(readFileSync(path.join(folder, name), 'utf8')).toMatch(/^# .{20,}\n/);
  });

  if (name !== 'first-look.study.yaml') {
    it('has an A/A pair, which shows how wide noise is', async () => {
      const { conditions } = await planStudy(offline(study), path.join(folder, name), study.dialect ?? 's1');
      const plain = ({ condition, samples }: (typeof conditions)[number]) =>
        JSON.stringify([{ ...condition, replicate: 0 }, samples]);
      const again = conditions.filter(({ condition }) => condition.replicate > 0);
      const originals = conditions.filter(({ condition }) => condition.replicate === 0).map(plain);
      expect(again.length).toBeGreaterThan(0);
      for (const each of again) expect(originals).toContain(plain(each));
    });
  }
});

it('every published figure and table has a template, on the problem sets that it was measured on', () => {
  for (const id of publishedFigureIds) {
    const study = read(`${id}.study.yaml`);
    expect(study.figure).toBe(id);
    const sets = publishedFigure(id)?.sets.map(({ problemSet }) => problemSet);
    expect(study.problems.map(({ preset }) => preset).sort()).toEqual(sets?.sort());
    for (const set of sets ?? []) expect(problemPresetNames).toContain(set);
  }
});

it('the editor offers every figure and table, and says what the field does', () => {
  const field = fieldsAt(studySchema, []).find(({ name }) => name === 'figure');
  expect(field?.values).toEqual([...publishedFigureIds]);
  expect(field?.description).toContain('published points are drawn beside yours');
});

it('a study that names a figure of no paper is refused, with those that there are', () => {
  const text = 'figure: s1-figure-5\nproblems: [{ preset: aime24 }]\nconditions: [{}]\n';
  expect(() => parseStudy(text, 'x.study.yaml')).toThrow(/figure/);
});
