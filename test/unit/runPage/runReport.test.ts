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

  it('says of the conditions whose traces were probed how answers came about along the thinking', () => {
    const samples = rowsOf('sums').map((row, index) => ({ ...row, traceId: `t${index}` }));
    const place = { offset: 60, isNaturalEnd: false, promptTokens: 60, tokenIds: [1, 2], text: '' };
    const probe = (thinkingTokens: number, isRight: boolean) => ({
      ...place,
      thinkingTokens,
      isRight,
      answer: isRight ? '3' : '2',
      answerKey: isRight ? '3' : '2',
    });
    const record = (traceId: string, setting: string, rights: boolean[]) => ({
      schemaVersion: 1 as const,
      traceId,
      at: '2026-01-01T00:00:00.000Z',
      setting,
      probes: rights.map((isRight, index) => probe(10 * (index + 1), isRight)),
    });
    const records = [
      record('t0', 'old', [true, true]),
      record('t0', 'new', [false, false]),
      record('t2', 'new', [true]),
    ];
    const { probed } = runReport(run([natural, cue], samples), records);
    expect(probed).toMatchObject([{ condition: 0, traces: 2 }]);
    expect(probed[0]?.rows.at(-1)).toMatchObject({ thinkingTokens: 20, share: 0.5, thinking: 0 });
    expect(probed[0]?.earlyStop[0]).toMatch(/^Stopped when 2 probes agree: 1 of 2 right/);
  });

  it('marks a set that is not newer than the model, by itself and among others', () => {
    const seen = { sums: { set: '2024-02', model: '2025-01' } };
    const { parts } = runReport({ ...run([natural, cue], [...rowsOf('sums'), ...rowsOf('letters')]), seen });
    const marked = parts.map(({ sentences }) => sentences.some((sentence) => sentence.includes('2025-01')));
    expect(marked).toEqual([true, false, true]);
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
