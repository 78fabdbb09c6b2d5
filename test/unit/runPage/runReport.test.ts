import { describe, expect, it } from 'vitest';
import { runReport } from '../../../src/runPage/runReport';
import { condition, run, sampleRow } from '../numbers/support';

const natural = condition('natural', { role: 'natural' });
const cue = condition('Wait ×1', { role: 'extended', cues: 1 });

/** Four problems: one comes right by the cue, one is lost, one comes right from no answer, one stays right. */
const outcomes = [
  ['wrong', 'correct'],
  ['correct', 'wrong'],
  ['truncated', 'correct'],
  ['correct', 'correct'],
] as const;
const rowsOf = (problemSet: string) =>
  outcomes.flatMap(([before, after], problem) => [
    sampleRow(natural, problem, before, { problemSet }),
    sampleRow(cue, problem, after, { problemSet, thinkingTokens: 150 }),
  ]);

describe('the report of a run', () => {
  it('counts what became of the problems with each more cue', () => {
    const [part] = runReport(run([natural, cue], rowsOf('sums'))).parts;
    expect(part?.cueSteps).toEqual([
      expect.objectContaining({
        from: 0,
        to: 1,
        gained: 1,
        lost: 1,
        rescued: 1,
        extraThinkingTokens: 50,
        accuracy: 0.75,
      }),
    ]);
  });

  it('of several problem sets has one part for all of them and one for each', () => {
    const { parts } = runReport(run([natural, cue], [...rowsOf('sums'), ...rowsOf('letters').slice(0, 4)]));
    expect(parts.map(({ problemSet }) => problemSet)).toEqual([null, 'letters', 'sums']);
    expect(parts[0]?.sentences[0]).toContain('2 problem sets are taken together');
    expect(parts[1]?.points.map(({ accuracy }) => accuracy)).toEqual([0.5, 0.5]);
  });

  it('has the published measures of the table that the study reproduces, called so', () => {
    const [part] = runReport({ ...run([natural, cue], rowsOf('sums')), figure: 's1-table-12' }).parts;
    const published = part?.measures.filter(({ name }) => name.endsWith('published'));
    expect(published?.map(({ name, value }) => [name, value])).toContainEqual([
      'Scaling (token-conditional), published',
      '−24',
    ]);
    expect(published?.every(({ note }) => note.includes('Table 3'))).toBe(true);
  });

  it('of a run without samples says so', () => {
    expect(runReport(run([natural], [])).parts[0]?.sentences).toEqual(['There is no sample yet.']);
  });
});
