import path from 'node:path';
import { shortHash } from '../base/seeds';
import type { Outcome } from '../evaluate/outcome';
import { conditionWith, describeCondition } from '../forcing/condition';
import { problemKey } from '../problems/problem';
import type { SampleRecord } from '../studies/sampleRecord';
import type { PlannedCondition, PlannedProblem } from '../studies/studyPlan';
import { type ImportedSample, type ImportOptions, type ImportResult, importedRun } from './importedRun';
import { findSamples, type LmEvalDocument, type LmEvalFile, readSamples } from './lmEval';
import { paperParts } from './paperTokens';
import { publishedRun } from './publishedRuns';

/**
 * Makes a run of results of the lm-evaluation-harness, so that they are scored, compared and looked at like our own. Each
 * folder is a condition, each task a problem set. Verdicts are the harness's; tokens are counted again from the texts as
 * the s1 authors did (`paperParts`). There are no ids, so such samples have no trace: their texts are in `responses.jsonl`.
 * @throws SecondThoughtError `file-not-found`, `invalid-file`
 */
export async function importLmEval(
  root: string,
  folder: string,
  { clock, counter, title }: ImportOptions,
): Promise<ImportResult> {
  const files = await findSamples(root);
  const conditions = new Map<string, PlannedCondition>();
  const problems = new Map<string, PlannedProblem>();
  const records: ImportedSample[] = [];
  for (const file of files) {
    const condition = conditionOf(file, conditions);
    for await (const document of readSamples(file.file)) {
      const { problem, responses } = document;
      problems.set(JSON.stringify([file.task, problem.id]), { problemSet: file.task, problem });
      condition.samples = Math.max(condition.samples, responses.length);
      for (let sample = 0; sample < responses.length; sample++) {
        const record = await recordOf(document, sample, { file, condition, counter, at: clock.now() });
        records.push({ record, text: responses[sample]?.text ?? '' });
      }
    }
  }
  const run = await importedRun(folder, {
    title,
    clock,
    imported: { from: 'lm-eval', tokens: counter.name },
    source: root,
    conditions: [...conditions.values()],
    problems: [...problems.values()],
    samples: records,
  });
  return { run, conditions: conditions.size, samples: records.length };
}

function conditionOf({ run }: LmEvalFile, conditions: Map<string, PlannedCondition>): PlannedCondition {
  const condition = conditionWith('s1', publishedRun(run) ?? {});
  const known = conditions.get(run) ?? { key: shortHash(`imported ${run}`), name: run, condition, samples: 1 };
  conditions.set(run, known);
  return known;
}

async function recordOf(
  { problem, responses }: LmEvalDocument,
  sample: number,
  {
    file,
    condition,
    counter,
    at,
  }: { file: LmEvalFile; condition: PlannedCondition; counter: ImportOptions['counter']; at: number },
): Promise<SampleRecord> {
  const { text = '', answer = null, isCorrect = null } = responses[sample] ?? {};
  const parts = paperParts(text, condition.condition.dialect === 's1-steps' ? 'steps' : 'think');
  let thinkingTokens = 0;
  for (const thought of parts.thinking) thinkingTokens += await counter.count(thought);
  return {
    schemaVersion: 1,
    traceId: null,
    problemSet: file.task,
    problemKey: problemKey(problem),
    questionHash: shortHash(problem.question),
    conditionKey: condition.key,
    condition: describeCondition(condition.condition),
    server: 'imported',
    model: path.basename(path.dirname(file.file)),
    sample,
    outcome: outcomeOf(isCorrect, parts.hasAnswer),
    answer: answer === null ? null : answer.slice(0, 200),
    thinkingTokens,
    paperThinkingTokens: thinkingTokens,
    steps: Math.max(0, parts.steps),
    answerTokens: await counter.count(parts.answer),
    generatedTokens: await counter.count(text),
    promptTokens: 0,
    cuesUsed: 0,
    sequentialDepth: 1,
    thinkingEndedBy: null,
    answerEndedBy: null,
    durationMs: 0,
    at: new Date(at).toISOString(),
  };
}

/** The harness knows right and not right; a response without any answer is told apart as its own statistics do. */
function outcomeOf(isCorrect: boolean | null, hasAnswer: boolean): Outcome {
  if (isCorrect === null) return 'ungraded';
  if (isCorrect) return 'correct';
  return hasAnswer ? 'wrong' : 'no-answer';
}
