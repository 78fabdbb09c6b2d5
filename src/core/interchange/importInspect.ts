import { readdir, stat } from 'node:fs/promises';
import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { reasonOf } from '../base/files';
import { shortHash } from '../base/seeds';
import type { Outcome } from '../evaluate/outcome';
import { conditionWith, describeCondition } from '../forcing/condition';
import { problemKey } from '../problems/problem';
import type { SampleRecord } from '../studies/sampleRecord';
import type { PlannedCondition, PlannedProblem } from '../studies/studyPlan';
import { type ImportedSample, type ImportOptions, type ImportResult, importedRun } from './importedRun';
import { type InspectHeader, type InspectSample, ownKey, partsOf, readInspectLog } from './inspectLog';

const isLog = (name: string) => name.endsWith('.eval');

/** Whether a path is a log of Inspect, or a folder that has some. */
export async function hasInspectLogs(root: string): Promise<boolean> {
  return (await logsIn(root)).length > 0;
}

async function logsIn(root: string): Promise<string[]> {
  const info = await stat(root).catch((error) => {
    throw new SecondThoughtError('file-not-found', `Could not read ${root} (${reasonOf(error)}).`, { cause: error });
  });
  if (!info.isDirectory()) return isLog(root) ? [root] : [];
  const names = await readdir(root, { recursive: true });
  return names
    .filter(isLog)
    .map((name) => path.join(root, name))
    .sort();
}

/**
 * Makes a run of logs of Inspect: each task is a problem set, each model a condition, epochs are samples. Verdicts are those
 * of the first scorer, tokens those that the log has; reasoning whose tokens it does not tell is counted.
 * @throws SecondThoughtError `file-not-found`, `invalid-file`
 */
export async function importInspect(
  root: string,
  folder: string,
  { clock, counter, title }: ImportOptions,
): Promise<ImportResult> {
  const conditions = new Map<string, PlannedCondition>();
  const problems = new Map<string, PlannedProblem>();
  const samples: ImportedSample[] = [];
  const taken = new Set<string>();
  let tokens = 'Inspect';
  for (const file of await logsIn(root)) {
    const log = await readInspectLog(file);
    const { problemSet, condition } = placeOf(log.header, conditions, taken);
    for (const sample of log.samples) {
      const problem = problemOf(sample);
      problems.set(JSON.stringify([problemSet, problem.id]), { problemSet, problem });
      condition.samples = Math.max(condition.samples, sample.epoch);
      const { thinking, answer } = textsOf(sample);
      const usage = sample.output?.usage;
      const isTold =
        usage !== undefined && usage !== null && (thinking === '' || typeof usage.reasoning_tokens === 'number');
      if (!isTold && thinking + answer !== '') tokens = counter.name;
      const thinkingTokens = usage?.reasoning_tokens ?? (await counter.count(thinking));
      const generatedTokens = usage?.output_tokens ?? thinkingTokens + (await counter.count(answer));
      const base = { problemSet, condition, model: log.header.eval.model, at: new Date(clock.now()).toISOString() };
      const record = recordOf(sample, { ...base, thinkingTokens, generatedTokens });
      samples.push({ record, text: thinking === '' ? answer : `${thinking}\n\n${answer}` });
    }
  }
  const parts = { conditions: [...conditions.values()], problems: [...problems.values()], samples };
  const run = await importedRun(folder, {
    title,
    clock,
    imported: { from: 'inspect', tokens },
    source: root,
    ...parts,
  });
  return { run, conditions: conditions.size, samples: samples.length };
}

/** A second log of the same task and model is a condition of its own, told apart by when it was made. */
function placeOf(
  { eval: { task, model, created, metadata } }: InspectHeader,
  conditions: Map<string, PlannedCondition>,
  taken: Set<string>,
) {
  const own = metadata?.[ownKey];
  const problemSet = own?.problemSet ?? task;
  const plain = own?.name ?? model;
  const name = taken.has(JSON.stringify([problemSet, plain])) ? `${plain} (${created})` : plain;
  taken.add(JSON.stringify([problemSet, name]));
  const condition = conditions.get(name) ?? {
    key: shortHash(`imported ${name}`),
    name,
    condition: own?.condition ?? conditionWith('s1', {}),
    samples: 1,
  };
  conditions.set(name, condition);
  return { problemSet, condition };
}

function problemOf({ id, input, target, attachments }: InspectSample) {
  const question =
    typeof input === 'string' ? input : input.map(({ content }) => partsOf(content, attachments).answer).join('\n\n');
  const [answer = ''] = [target].flat();
  return { id: String(id), question: partsOf(question, attachments).answer, answer };
}

function textsOf({ output, attachments }: InspectSample) {
  const [choice] = output?.choices ?? [];
  return choice ? partsOf(choice.message.content, attachments) : { thinking: '', answer: '' };
}

interface RecordParts {
  problemSet: string;
  condition: PlannedCondition;
  model: string;
  at: string;
  thinkingTokens: number;
  generatedTokens: number;
}

function recordOf(sample: InspectSample, parts: RecordParts): SampleRecord {
  const { problemSet, condition, model, at, thinkingTokens, generatedTokens } = parts;
  const problem = problemOf(sample);
  const [score] = Object.values(sample.scores ?? {});
  return {
    schemaVersion: 1,
    traceId: null,
    problemSet,
    problemKey: problemKey(problem),
    questionHash: shortHash(problem.question),
    conditionKey: condition.key,
    condition: describeCondition(condition.condition),
    server: 'imported',
    model,
    sample: sample.epoch - 1,
    outcome: outcomeOf(sample),
    answer: score?.answer?.slice(0, 200) ?? null,
    thinkingTokens,
    answerTokens: Math.max(0, generatedTokens - thinkingTokens),
    generatedTokens,
    promptTokens: sample.output?.usage?.input_tokens ?? 0,
    cuesUsed: 0,
    sequentialDepth: 1,
    thinkingEndedBy: null,
    answerEndedBy: null,
    durationMs: Math.round(1_000 * (sample.total_time ?? 0)),
    at,
    ...(sample.error ? { error: { code: 'imported', message: sample.error.message.slice(0, 1_000) } } : {}),
  };
}

/** Inspect writes C, I, P (partial: not right here) and N (no answer), or numbers. */
function outcomeOf({ error, scores, output }: InspectSample): Outcome | 'error' {
  if (error) return 'error';
  const [score] = Object.values(scores ?? {});
  if (score === undefined) return 'ungraded';
  const { value } = score;
  if (value === 'C' || value === true || (typeof value === 'number' && value >= 1)) return 'correct';
  if (output?.choices[0]?.stop_reason === 'max_tokens') return 'truncated';
  return value === 'N' ? 'no-answer' : 'wrong';
}
