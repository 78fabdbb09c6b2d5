import type { ConditionRow, RunSamples, SampleRow } from './runSamples';

/** One problem set under some conditions. Problems are in the order of their keys, so that no order of a file matters. */
export interface ProblemTable {
  problemSet: string;
  problemKeys: string[];
  conditions: ConditionRow[];
  /** `cells[c][p]`: the samples of problem p under condition c, in order. */
  cells: SampleRow[][][];
  /** Problems of the set that are left out because they are not finished in all of these conditions. */
  unfinishedProblems: number;
  /** No verdict is given before. */
  isFinished: boolean;
}

/**
 * One table per problem set, in the order of their names. While the run goes on, only problems finished in all
 * the given conditions count, so that a condition that is ahead is not compared on other problems.
 */
export function problemTables(run: RunSamples, conditions: readonly ConditionRow[] = run.conditions): ProblemTable[] {
  const bySet = grouped(run.samples, ({ problemSet }) => problemSet);
  return [...bySet]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([problemSet, samples]) => {
      const byCell = grouped(samples, ({ problemKey, conditionKey }) => JSON.stringify([problemKey, conditionKey]));
      const cell = (problemKey: string, { conditionKey }: ConditionRow) =>
        byCell.get(JSON.stringify([problemKey, conditionKey])) ?? [];
      const all = [...new Set(samples.map(({ problemKey }) => problemKey))].sort();
      const isDone = (problemKey: string) =>
        conditions.every(
          (condition) =>
            cell(problemKey, condition).filter(({ outcome }) => outcome !== 'error').length === condition.samples,
        );
      const problemKeys = run.isFinished ? all : all.filter(isDone);
      return {
        problemSet,
        problemKeys,
        conditions: [...conditions],
        cells: conditions.map((condition) =>
          problemKeys.map((key) => cell(key, condition).toSorted((a, b) => a.sample - b.sample)),
        ),
        unfinishedProblems: all.length - problemKeys.length,
        isFinished: run.isFinished,
      };
    });
}

function grouped<T>(items: readonly T[], keyOf: (item: T) => string): Map<string, T[]> {
  const groups = new Map<string, T[]>();
  for (const item of items) {
    const group = groups.get(keyOf(item));
    if (group) group.push(item);
    else groups.set(keyOf(item), [item]);
  }
  return groups;
}

/** Samples of one condition of a table, problem by problem. */
export const samplesOf = (table: ProblemTable, condition: number): SampleRow[][] => table.cells[condition] ?? [];

/** correct, wrong, no-answer and truncated are the denominator of the accuracy; error and ungraded leave it. */
export const hasVerdict = ({ outcome }: SampleRow): boolean => outcome !== 'error' && outcome !== 'ungraded';

export const isCorrect = ({ outcome }: SampleRow): boolean => outcome === 'correct';

/** Share of correct ones among the samples with a verdict; null where none has one. */
export function accuracyOf(samples: readonly SampleRow[]): number | null {
  const verdicts = samples.filter(hasVerdict);
  return verdicts.length === 0 ? null : verdicts.filter(isCorrect).length / verdicts.length;
}

/** Whether each problem has every sample of the condition, each with a verdict. Else the condition gets no verdict. */
export function isComplete(table: ProblemTable, condition: number): boolean {
  const planned = table.conditions[condition]?.samples;
  return samplesOf(table, condition).every((samples) => samples.filter(hasVerdict).length === planned);
}
