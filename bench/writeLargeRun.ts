/** Writes a study and its run of 10,000 traces (about 1 GB) into the folder given, for scripts/benchRunViewer.mjs. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { systemClock } from '../src/core/base/clock';
import { conditionKey, createCondition } from '../src/core/forcing/condition';
import { type SampleRecord, sampleRecord } from '../src/core/studies/sampleRecord';
import { StudyRun } from '../src/core/studies/studyRun';
import type { Trace } from '../src/core/traces/trace';
import { traceCount, writeTraces } from './largeRun';

const conditions = [0, 1, 2, 3, 4, 5, 6, 7, 8, 9].map((ignore) => {
  const condition = createCondition({ ignore });
  return { key: conditionKey(condition), name: `Wait ×${ignore}`, condition, samples: 1 };
});
const problemOf = (index: number) => Math.floor(index / conditions.length);

/** Writes the run beside its study. */
async function write(folder: string): Promise<void> {
  const problems = Array.from({ length: traceCount / conditions.length }, (_, at) => ({
    problemSet: 'long',
    problem: { id: String(at), question: `Problem ${at}: how many of these are there?`, answer: '12' },
  }));
  const file = path.join(folder, 'long.study.yaml');
  writeFileSync(file, 'problems: [{ file: long.problems.jsonl }]\nconditions: [{}]\n');
  const study = { file, text: readFileSync(file, 'utf8') };
  const server = { id: 'example', url: 'http://127.0.0.1/v1', model: 'example', version: null };
  const place = path.join(folder, 'runs', 'long-20260101T000000');
  mkdirSync(path.dirname(place));
  const run = await StudyRun.create(
    place,
    { title: 'Long', seed: 0, conditions, problems },
    { study, server, clock: systemClock },
  );
  const records: SampleRecord[] = [];
  const bytes = await writeTraces(place, (trace, index) => {
    const { key, condition } = conditions[index % conditions.length] ?? {};
    const problem = problems[problemOf(index)]?.problem ?? trace.problem;
    const made: Trace = {
      ...trace,
      problem,
      problemKey: String(problemOf(index)),
      problemSet: 'long',
      condition: condition ?? trace.condition,
      conditionKey: key ?? trace.conditionKey,
    };
    const record = sampleRecord(made);
    // Every third problem is right from some number of cues on: there is something to filter.
    const isRight = problemOf(index) % 3 !== 0 || index % conditions.length > 4;
    if (record) records.push({ ...record, outcome: isRight ? 'correct' : 'wrong' });
    return made;
  });
  await run.writeAll(records);
  console.log(`${traceCount} traces, ${(bytes / 1e9).toFixed(2)} GB`);
}

void write(process.argv[2] ?? '.');
