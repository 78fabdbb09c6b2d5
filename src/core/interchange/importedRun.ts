import { appendFile } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock';
import type { SampleRecord } from '../studies/sampleRecord';
import type { PlannedCondition, PlannedProblem } from '../studies/studyPlan';
import { StudyRun, type StudyRunFile } from '../studies/studyRun';

/** How many tokens a text has, and who says so. */
export interface TokenCounter {
  /** `≈ gpt-tokenizer`, or the model whose server counted. */
  name: string;
  count(text: string): Promise<number>;
}

export interface ImportOptions {
  clock: Clock;
  counter: TokenCounter;
  title: string;
}

export interface ImportResult {
  run: StudyRun;
  conditions: number;
  samples: number;
}

export interface ImportedSample {
  record: SampleRecord;
  /** What the model wrote. */
  text: string;
}

interface ImportedParts {
  title: string;
  clock: Clock;
  imported: NonNullable<StudyRunFile['imported']>;
  /** File or folder that the samples come from. */
  source: string;
  conditions: PlannedCondition[];
  problems: PlannedProblem[];
  samples: readonly ImportedSample[];
}

/** A run of samples that another tool made. There are no ids, so they have no trace: their texts are in `responses.jsonl`. */
export async function importedRun(
  folder: string,
  { title, clock, imported, source, conditions, problems, samples }: ImportedParts,
): Promise<StudyRun> {
  const server = { id: 'imported', url: '', model: imported.tokens, version: null };
  const study = { file: path.resolve(source), text: '' };
  const run = await StudyRun.create(
    folder,
    { title, seed: 0, conditions, problems },
    { study, server, clock, imported },
  );
  await run.writeAll(samples.map(({ record }) => record));
  const lines = samples.map(({ record: { problemSet, problemKey, conditionKey, sample }, text }) =>
    JSON.stringify({ problemSet, problemKey, conditionKey, sample, text }),
  );
  await appendFile(path.join(folder, 'responses.jsonl'), lines.map((line) => `${line}\n`).join(''));
  return run;
}
