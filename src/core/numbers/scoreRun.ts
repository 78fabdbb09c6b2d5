import { type PublishedFigure, publishedFigure } from '../published/published';
import { type BootstrapOptions, type Quantity, TableBootstrap } from './bootstrap';
import { type CompareOptions, type Comparison, compareConditions } from './compare';
import { type EqualTokens, equalTokens, type PlannedSplit, planSplits } from './longerOrMore';
import { type MethodMeasures, measureMethods } from './methodMeasures';
import { type OutcomeRow, outcomeRows } from './outcomeTable';
import { type ProblemTable, problemTables } from './problemTable';
import type { ConditionRow, RunSamples } from './runSamples';
import { equalTokenSentences, planSentence, seenSentences, sentencesOf, units } from './words';

export interface ScoreOptions extends CompareOptions {
  /** Default: thinking tokens; generated tokens where there are several methods, whose thinking does not compare. */
  quantity?: Quantity;
  /** Generated tokens a problem to plan for. Default: what the conditions cost. */
  budgets?: readonly number[];
}

export const defaultOptions: CompareOptions = { replicates: 10_000, seed: 1, smallestDifference: 0.03 };

/** Every number of one problem set. */
export interface SetScore {
  problemSet: string;
  problems: number;
  /** Left out because they are not finished in all shown conditions. */
  unfinishedProblems: number;
  /** Months in which the set and the model came out, if the set is not newer: the model may have been trained on it. */
  seen: { set: string; model: string } | null;
  conditions: OutcomeRow[];
  methods: MethodMeasures[];
  /** A/A pairs: the same condition with other seeds. What they differ by is noise. */
  noise: Comparison[];
  equalTokens: EqualTokens | null;
  plans: PlannedSplit[];
  sentences: string[];
}

export interface RunScore {
  title: string;
  isFinished: boolean;
  bootstrap: BootstrapOptions;
  quantity: Quantity;
  units: typeof units;
  problemSets: SetScore[];
  /** What the study reproduces, as published; null where it names nothing. */
  published: PublishedFigure | null;
}

/** All numbers of a run; each problem set by itself. */
export function scoreRun(run: RunSamples, options: ScoreOptions = defaultOptions): RunScore {
  const methods = new Set(run.conditions.map(({ method }) => method));
  const quantity = options.quantity ?? (methods.size > 1 ? 'generated' : 'thinking');
  const noise = compareConditions(run, repeated(run.conditions), options);
  return {
    title: run.title,
    isFinished: run.isFinished,
    bootstrap: { replicates: options.replicates, seed: options.seed },
    quantity,
    units,
    problemSets: problemTables(run).map((table) => {
      const { sentences, ...score } = scoreTable(table, quantity, options);
      const seen = run.seen?.[table.problemSet] ?? null;
      return {
        ...score,
        seen,
        noise: noise.filter(({ problemSet }) => problemSet === table.problemSet),
        sentences: [...seenSentences(table.problemSet, seen), ...sentences],
      };
    }),
    published: publishedFigure(run.figure) ?? null,
  };
}

function repeated(conditions: readonly ConditionRow[]): [ConditionRow, ConditionRow][] {
  return conditions.flatMap((condition) => {
    const original = conditions.find(({ conditionKey }) => conditionKey === condition.replicateOf);
    return original ? [[original, condition] as [ConditionRow, ConditionRow]] : [];
  });
}

function scoreTable(table: ProblemTable, quantity: Quantity, options: ScoreOptions): Omit<SetScore, 'noise' | 'seen'> {
  const bootstrap = new TableBootstrap(table, options);
  const methods = measureMethods({ table, bootstrap, quantity, options });
  const line = equalTokens(table, options);
  const plans = planSplits(table, options.budgets ?? costsApart(bootstrap.means.generated), options);
  return {
    problemSet: table.problemSet,
    problems: table.problemKeys.length,
    unfinishedProblems: table.unfinishedProblems,
    conditions: outcomeRows(table, options),
    methods,
    equalTokens: line,
    plans,
    sentences: [
      ...methods.flatMap(sentencesOf),
      ...equalTokenSentences(line),
      ...(table.isFinished ? plans.map(planSentence) : []),
    ],
  };
}

/** What the conditions cost, dearest first; of costs within 5 % of each other only the highest. */
function costsApart(costs: Float64Array): number[] {
  const kept: number[] = [];
  for (const cost of [...costs.filter(Number.isFinite)].sort((a, b) => b - a)) {
    if (cost <= 0.95 * (kept.at(-1) ?? Infinity)) kept.push(cost);
  }
  return kept;
}
