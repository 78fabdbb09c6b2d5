import { describe, expect, it } from 'vitest';
import { problemTables } from '../../../src/core/numbers/problemTable';
import { parseRunSamples } from '../../../src/core/numbers/runSamples';
import { condition, run, sampleRow } from './support';

const natural = condition('natural', { role: 'natural' });
const wait = condition('Wait', { role: 'extended', cues: 1 });
const header = { schemaVersion: 1, title: 'a run', isFinished: true, conditions: [natural, wait] };
const file = (...lines: unknown[]) =>
  lines.map((line) => (typeof line === 'string' ? line : JSON.stringify(line))).join('\n');

describe('a file of samples', () => {
  it('gives back what was written, a later line about a sample in place of an earlier one', () => {
    const first = sampleRow(natural, 1, 'error', { traceId: null });
    const retried = sampleRow(natural, 1, 'correct');
    const parsed = parseRunSamples(file(header, first, sampleRow(wait, 1, 'wrong'), retried, ''), 'run.jsonl');
    expect(parsed).toEqual(run([natural, wait], [retried, sampleRow(wait, 1, 'wrong')]));
  });

  it.each([
    ['', /run\.jsonl is empty/],
    ['nonsense', /line 1: this is not JSON/],
    [file({ ...header, schemaVersion: 2 }), /newer version/],
    [file({ ...header, conditions: [] }), /line 1: field "conditions"/],
    [file({ ...header, conditions: [natural, natural] }), /two conditions have the conditionKey/],
    [file(header, '', '{"problemKey": 3'), /line 3: this is not JSON/],
    [file(header, { ...sampleRow(natural, 1, 'correct'), outcome: 'good' }), /line 2: field "outcome"/],
    [file(header, { ...sampleRow(natural, 1, 'correct'), thinkingTokens: -1 }), /line 2: field "thinkingTokens"/],
    [file(header, sampleRow(condition('other'), 1, 'correct')), /"p1" names an unknown condition "key of other"/],
    [file(header, sampleRow(natural, 1, 'correct', { sample: 1 })), /"natural" has only 1/],
  ])('such as %s is refused in one sentence with the place', (text, message) => {
    expect(() => parseRunSamples(text, 'run.jsonl')).toThrow(message);
  });
});

describe('while a run goes on', () => {
  const samples = [
    ...['a', 'b', 'c'].map((key) => sampleRow(natural, key, 'correct')),
    sampleRow(wait, 'b', 'wrong'),
    sampleRow(wait, 'c', 'error', { traceId: null }),
  ];

  it('only problems finished in all shown conditions count; a failed sample is not finished', () => {
    const [table] = problemTables(run([natural, wait], samples, false));
    expect(table?.problemKeys).toEqual(['pb']);
    expect(table?.unfinishedProblems).toBe(2);
  });

  it('more problems count when fewer conditions are shown', () => {
    const [table] = problemTables(run([natural, wait], samples, false), [natural]);
    expect(table?.problemKeys).toEqual(['pa', 'pb', 'pc']);
  });

  it('all problems count once it is finished', () => {
    const [table] = problemTables(run([natural, wait], samples, true));
    expect(table?.problemKeys).toEqual(['pa', 'pb', 'pc']);
  });
});
