import { describe, expect, it } from 'vitest';
import * as z from 'zod';
import { nearest } from '../../../src/core/base/nearest';
import { fieldsAt } from '../../../src/core/base/schemaFields';
import { checkYaml } from '../../../src/core/base/yamlFile';
import { yamlPlaceAt } from '../../../src/core/base/yamlPath';
import { studySchema } from '../../../src/core/studies/studyFile';

const schema = z.strictObject({
  title: z.string().optional().describe('What it is called.'),
  order: z.enum(['list', 'random']).optional(),
  sets: z.array(z.strictObject({ file: z.string(), limit: z.int().positive().optional() })).optional(),
});

describe('a YAML file', () => {
  it.each([
    ['titel: a', 'titel', 'title'],
    ['sets:\n  - file: a\n    limti: 2', 'limti', 'limit'],
    ['sets: [{ file: a, Limit: 2 }]', 'Limit', 'limit'],
  ])('with an unknown field %j has it underlined, and the field that was meant', (text, underlined, suggestion) => {
    const result = checkYaml(text, schema);
    const [problem] = 'problems' in result ? result.problems : [];
    expect(text.slice(problem?.start, problem?.end)).toBe(underlined);
    expect(problem?.suggestion).toBe(suggestion);
  });

  it('with a wrong value has the value underlined, and every wrong one', () => {
    const text = 'order: lisst\nsets:\n  - limit: 0';
    const result = checkYaml(text, schema);
    const marked = 'problems' in result ? result.problems.map(({ start, end }) => text.slice(start, end)) : [];
    expect(marked).toEqual(['lisst', 'limit: 0', '0']);
  });

  it('that is none says so at the place', () => {
    const result = checkYaml('a: "b\nc: [', schema);
    expect('problems' in result && result.problems[0]?.message).toMatch(/not YAML/);
  });

  it('with aliases that multiply is refused', () => {
    const bomb = `a: &a [x]\n${'bcdefghijk'
      .split('')
      .map((name, at) => `${name}: &${name} [${Array(10).fill(`*${'abcdefghij'[at]}`).join(', ')}]`)
      .join('\n')}`;
    expect(checkYaml(bomb, schema)).toMatchObject({ problems: [{ message: expect.stringContaining('aliases') }] });
  });
});

describe('the place in an unfinished text', () => {
  const text = ['title: a', 'sets:', '- file: x', '  li', 'deep:', '  - name: n', '    sweep:', '      ig'];
  it.each([
    [3, 4, ['sets', 0], undefined],
    [2, 8, ['sets', 0], 'file'],
    [7, 8, ['deep', 0, 'sweep'], undefined],
    [5, 4, ['deep', 0], undefined],
    [0, 7, [], 'title'],
    [0, 2, [], undefined],
  ])('at line %i, column %i is %j', (line, column, path, field) => {
    expect(yamlPlaceAt(text, line, column)).toEqual({ path, field });
  });
});

describe('the fields of a schema', () => {
  it('are listed with their descriptions and values, in lists and unions too', () => {
    expect(fieldsAt(schema, [])[0]).toMatchObject({ name: 'title', description: 'What it is called.' });
    expect(fieldsAt(schema, ['sets', 0]).map(({ name }) => name)).toEqual(['file', 'limit']);
    expect(fieldsAt(schema, []).find(({ name }) => name === 'order')?.values).toEqual(['list', 'random']);
  });

  it('of a study are all described', () => {
    const undescribed = [[], ['problems', 0], ['conditions', 0], ['conditions', 0, 'sweep']].flatMap((path) =>
      fieldsAt(studySchema, path)
        .filter(({ description }) => !description)
        .map(({ name }) => [...path, name].join('.')),
    );
    expect(undescribed).toEqual([]);
  });
});

it('a mistyped name is matched with the nearest one, another word with none', () => {
  expect(nearest('ignroe', ['cues', 'ignore'])).toBe('ignore');
  expect(nearest('banana', ['cues', 'ignore'])).toBeUndefined();
});
