import type { ConditionRow, RunSamples, SampleRow } from '../../../src/core/numbers/runSamples';

export const condition = (name: string, fields: Partial<ConditionRow> = {}): ConditionRow => ({
  conditionKey: `key of ${name}`,
  name,
  role: 'other',
  limit: null,
  minimum: null,
  cues: null,
  samples: 1,
  method: 'bf',
  replicateOf: null,
  ...fields,
});

/** A sample of problem p: correct or wrong, or as the fields say. Its traces are named after it. */
export const sampleRow = (
  of: ConditionRow,
  problem: number | string,
  outcome: SampleRow['outcome'],
  fields: Partial<SampleRow> = {},
): SampleRow => ({
  problemSet: 'set',
  problemKey: `p${problem}`,
  conditionKey: of.conditionKey,
  sample: 0,
  outcome,
  answer: outcome === 'correct' ? '1' : outcome === 'wrong' ? '2' : null,
  thinkingTokens: 100,
  generatedTokens: 110,
  durationMs: 1_000,
  traceId: `${of.name}/p${problem}/${fields.sample ?? 0}`,
  ...fields,
});

export const run = (conditions: ConditionRow[], samples: SampleRow[], isFinished = true): RunSamples => ({
  title: 'a run',
  isFinished,
  conditions,
  samples,
});

/** A table of correctness: row per problem, column per condition; tokens likewise. */
export function runOf(
  conditions: ConditionRow[],
  correct: readonly (readonly number[])[],
  tokens: readonly (readonly number[])[] = [],
): RunSamples {
  const samples = correct.flatMap((row, problem) =>
    conditions.map((each, column) => {
      const thinkingTokens = tokens[problem]?.[column] ?? 100;
      const outcome = row[column] === 1 ? 'correct' : 'wrong';
      const fields = { thinkingTokens, generatedTokens: thinkingTokens + 10 };
      return sampleRow(each, String(problem).padStart(4, '0'), outcome, fields);
    }),
  );
  return run(conditions, samples);
}

export const options = { replicates: 2_000, seed: 1, smallestDifference: 0.03 };
