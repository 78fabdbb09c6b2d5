import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { shortHash } from '../base/seeds';
import { dataPath } from '../data/readRows';
import { type Condition, checkCondition, conditionKey, conditionSchema, describeCondition } from '../forcing/condition';
import type { GraderSpec } from '../grade/graderSpec';
import { problemPresets } from '../problems/presets';
import { type Problem, problemKey, problemSchema } from '../problems/problem';
import { readPreset, readProblems } from '../problems/readProblems';
import type { PublishedFigureId } from '../published/published';
import { conditionsOf, type Study } from './studyFile';

/** A condition of a run, under the name that tables give it. */
export const plannedConditionSchema = z.object({
  key: z.string(),
  name: z.string(),
  condition: conditionSchema,
  samples: z.int().positive(),
});
export type PlannedCondition = z.infer<typeof plannedConditionSchema>;

/** A problem and the set it is from: a line of `problems.jsonl`. */
export const plannedProblemSchema = z.object({ problemSet: z.string(), problem: problemSchema });
export type PlannedProblem = z.infer<typeof plannedProblemSchema>;

/** Everything a run is going to do. */
export interface StudyPlan {
  title: string;
  seed: number;
  conditions: PlannedCondition[];
  problems: PlannedProblem[];
  grader?: GraderSpec;
  figure?: PublishedFigureId;
  trainingExamples?: number;
  /** Alternatives of the log-probabilities that are kept. */
  logprobs?: number;
  /** When the problem sets became public, by name, where that is known. */
  released?: Record<string, string>;
}

/** One sample to be made. */
export interface Task {
  problemSet: string;
  problem: Problem;
  condition: Condition;
  conditionKey: string;
  sample: number;
}

/**
 * Reads the problem sets of a study and writes its conditions out.
 * @param file the study's file: relative paths in it start there
 * @throws SecondThoughtError `bad-usage`, `file-not-found`, `problem-not-found`
 */
export async function planStudy(study: Study, file: string, dialect: Condition['dialect']): Promise<StudyPlan> {
  const released = Object.fromEntries(study.problems.flatMap(releaseOf));
  const title = study.title ?? path.basename(file).replace(/\.(study\.)?ya?ml$/, '');
  return {
    title,
    seed: study.seed,
    conditions: plannedConditions(study, dialect),
    problems: await problemsOf(study, file),
    ...(Object.keys(released).length === 0 ? {} : { released }),
    ...(study.grader === undefined ? {} : { grader: study.grader }),
    ...(study.figure === undefined ? {} : { figure: study.figure }),
    ...(study.trainingExamples === undefined ? {} : { trainingExamples: study.trainingExamples }),
    ...(study.logprobs === undefined ? {} : { logprobs: study.logprobs }),
  };
}

function plannedConditions(study: Study, dialect: Condition['dialect']): PlannedCondition[] {
  const planned = conditionsOf(study, dialect).map(({ name, condition, samples }) => {
    checkCondition(condition);
    return { key: conditionKey(condition), name: name ?? describeCondition(condition), condition, samples };
  });
  for (const [index, { key, name }] of planned.entries()) {
    const earlier = planned.slice(0, index).find((other) => other.key === key || other.name === name);
    if (!earlier) continue;
    const message =
      earlier.key === key
        ? `The conditions "${earlier.name}" and "${name}" are the same.`
        : `Two conditions are called "${name}".`;
    const remedy =
      earlier.key === key ? 'Give one of them another replicate: 1 to measure noise.' : 'Rename one of them.';
    throw new SecondThoughtError('bad-usage', message, { remedy });
  }
  return planned;
}

async function problemsOf(study: Study, file: string): Promise<PlannedProblem[]> {
  const sets = await Promise.all(
    study.problems.map(async ({ name, preset, file: set, sample, limit }) => {
      const data = set === undefined ? undefined : dataPath(path.dirname(file), set);
      const all = await (preset ? readPreset(preset, data) : readProblems(data ?? ''));
      const problems = drawn(all, sample, study.seed);
      const problemSet = setName({ name, preset, file: set });
      return problems.slice(0, limit).map((problem) => ({ problemSet, problem }));
    }),
  );
  const all = sets.flat();
  const seen = new Set<string>();
  for (const { problemSet, problem } of all) {
    const name = JSON.stringify([problemSet, problemKey(problem)]);
    if (seen.has(name)) {
      throw new SecondThoughtError('bad-usage', `The problem set "${problemSet}" has "${problemKey(problem)}" twice.`, {
        remedy: 'Give each problem its own id, and each set its own name.',
      });
    }
    seen.add(name);
  }
  return all;
}

type ProblemSet = Study['problems'][number];

const setName = ({ name, preset, file }: Pick<ProblemSet, 'name' | 'preset' | 'file'>): string =>
  name ?? preset ?? nameOf(file ?? '');

function releaseOf(set: ProblemSet): [name: string, month: string][] {
  const month = set.released ?? (set.preset && problemPresets[set.preset].released);
  return month === undefined ? [] : [[setName(set), month]];
}

/** The name of a file, or of a data set of the Hub, without what follows it. */
const nameOf = (file: string) => path.basename(file.replace(/\?.*$/, '')).replace(/(\.problems)?\.[^.]+$/, '');

/** So many problems, in the order of their file. */
function drawn(problems: Problem[], count: number | undefined, seed: number): Problem[] {
  if (count === undefined || count >= problems.length) return problems;
  const rank = new Map(problems.map((problem) => [problem, shortHash(`${seed} ${problemKey(problem)}`)]));
  const order = (a: Problem, b: Problem) => ((rank.get(a) ?? '') < (rank.get(b) ?? '') ? -1 : 1);
  const chosen = new Set([...problems].sort(order).slice(0, count));
  return problems.filter((problem) => chosen.has(problem));
}

/** Every sample of a plan: problem by problem, so that early on some problems are finished in all conditions. */
export function* tasksOf({ conditions, problems }: Pick<StudyPlan, 'conditions' | 'problems'>): Iterable<Task> {
  for (const { problemSet, problem } of problems) {
    for (const { key, condition, samples } of conditions) {
      for (let sample = 0; sample < samples; sample++) {
        yield { problemSet, problem, condition, conditionKey: key, sample };
      }
    }
  }
}

export const taskName = ({ problemSet, problem, conditionKey: key, sample }: Task) => ({
  problemSet,
  problemKey: problemKey(problem),
  conditionKey: key,
  sample,
});
