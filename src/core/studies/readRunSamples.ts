import path from 'node:path';
import { systemClock } from '../base/clock';
import { answerKey } from '../evaluate/outcome';
import type { Condition } from '../forcing/condition';
import { conditionKey } from '../forcing/condition';
import type { ConditionRow, RunSamples } from '../numbers/runSamples';
import { problemKey } from '../problems/problem';
import { mayHaveSeen } from '../problems/released';
import { roleOf } from './role';
import type { PlannedCondition } from './studyPlan';
import { StudyRun, type StudyRunFile } from './studyRun';

/** Everything that numbers are made from, of the run in a folder. @throws SecondThoughtError `file-not-found`, `invalid-file` */
export async function readRunSamples(folder: string): Promise<RunSamples> {
  return runSamplesOf(await StudyRun.open(path.resolve(folder), systemClock));
}

export function runSamplesOf(run: StudyRun): RunSamples {
  const { title, conditions, figure } = run.about;
  const choices = new Map(
    run.problems.map(({ problemSet, problem }) => [JSON.stringify([problemSet, problemKey(problem)]), problem.choices]),
  );
  return {
    title,
    figure,
    isFinished: run.left().length === 0,
    conditions: conditions.map((planned) => conditionRow(planned, conditions)),
    seen: seenSets(run.about),
    samples: [...run.records].map((record) => {
      const own = choices.get(JSON.stringify([record.problemSet, record.problemKey]));
      return record.answer === null ? record : { ...record, answerKey: answerKey(record.answer, own) };
    }),
  };
}

/** The problem sets that are not newer than the model, where both months are known. */
export function seenSets({
  released = {},
  server,
}: Pick<StudyRunFile, 'released'> & { server: Pick<StudyRunFile['server'], 'released'> }): RunSamples['seen'] {
  const { released: model } = server;
  if (model === undefined) return {};
  const seen = Object.entries(released).filter(([, set]) => mayHaveSeen(model, set));
  return Object.fromEntries(seen.map(([name, set]) => [name, { set, model }]));
}

function conditionRow(
  { key, name, condition, samples }: PlannedCondition,
  all: readonly PlannedCondition[],
): ConditionRow {
  const { maxThinkingTokens: cap, minThinkingTokens, ignore, replicate } = condition;
  const role = roleOf(condition);
  const original = replicate > 0 ? conditionKey({ ...condition, replicate: 0 }) : null;
  return {
    conditionKey: key,
    name,
    role,
    limit: typeof cap === 'number' && cap > 0 ? cap : askedTokens(condition),
    minimum: minThinkingTokens > 0 ? minThinkingTokens : null,
    cues: role === 'extended' && typeof ignore === 'number' ? ignore : null,
    samples,
    method: methodOf(condition),
    replicateOf: all.some((other) => other.key === original) ? original : null,
  };
}

/** What a prompt asks for at most; a step counts 100 tokens (s1 paper App. E.1). */
function askedTokens({ promptSuffix }: Condition): number | null {
  const [, count, unit] = /^Think for up to (\d+) (tokens|steps)\.$/.exec(promptSuffix) ?? [];
  return count === undefined ? null : Number(count) * (unit === 'steps' ? 100 : 1);
}

/** Conditions that are points of one curve: Control, Scaling and Performance are of each by itself (s1 paper §3.2). */
export function methodOf({
  decoder,
  promptSuffix,
  sampling,
  bannedWords,
  cues,
  ignore,
  maxThinkingTokens,
}: Condition): string {
  const warm = sampling.temperature > 0 ? ` at temperature ${sampling.temperature}` : '';
  const asked = /steps\.$/.test(promptSuffix)
    ? 'step-conditional'
    : /tokens\.$/.test(promptSuffix)
      ? 'token-conditional'
      : 'class-conditional';
  // Steps are forced by the mark of the last one (dialect s1-steps), tokens by a cap.
  const isForced = asked === 'step-conditional' ? decoder === 'bf' : typeof maxThinkingTokens === 'number';
  if (decoder === 'rebase') return `${decoder}${warm}`;
  if (promptSuffix !== '') return `${asked}${isForced ? ' with forcing' : ''}${warm}`;
  if (bannedWords.length > 0) return `without ${bannedWords.join('/')}${warm}`;
  const isOwnCue = ignore !== 0 && (cues.length > 1 || cues[0] !== 'Wait');
  const name = decoder === 'none' ? 'bf' : decoder; // the natural run, from which caps and cues start
  return `${name}${isOwnCue ? ` with ${cues.map((cue) => cue || 'no cue').join('/')}` : ''}${warm}`;
}
