import { gradeAnew } from '../evaluate/outcome';
import { answerCharacters } from '../evaluate/outcomeRecord';
import type { Outcome } from '../grade/grade';
import { type GraderSpec, graderName } from '../grade/graderSpec';
import type { Trace } from '../traces/trace';
import type { SampleRecord } from './sampleRecord';
import type { StudyRun } from './studyRun';

/** A sample that another grader sees otherwise. */
export interface GradeChange {
  traceId: string;
  problemKey: string;
  condition: string;
  reference: string | null;
  before: { outcome: Outcome; answer: string | null };
  after: { outcome: Outcome; answer: string | null };
}

export interface Regrading {
  grader: string;
  /** Samples with a trace. */
  graded: number;
  changes: GradeChange[];
  /** Correct samples of all. */
  correct: { before: number; after: number };
}

/**
 * Grades every finished trace of a run by another grader. Nothing is generated and no line is removed: each sample gets a
 * new line in `grades.jsonl`, which is the one that counts.
 * @param isKept false: only says what would change
 */
export async function regradeRun(
  run: StudyRun,
  grader: GraderSpec,
  isKept: boolean,
  signal?: AbortSignal,
): Promise<Regrading> {
  const byTrace = new Map([...run.records].map((record) => [record.traceId, record]));
  const regrading: Regrading = { grader: graderName(grader), graded: 0, changes: [], correct: { before: 0, after: 0 } };
  const lines: SampleRecord[] = [];
  for await (const trace of run.store.finished()) {
    signal?.throwIfAborted();
    const record = byTrace.get(trace.id);
    if (record) lines.push(regrade(trace, record, grader, regrading));
  }
  if (isKept) {
    await run.gradeBy(grader);
    await run.writeAll(lines);
  }
  return regrading;
}

function regrade(trace: Trace, record: SampleRecord, grader: GraderSpec, regrading: Regrading): SampleRecord {
  const { outcome, extracted } = gradeAnew(trace, grader);
  const answer = extracted === null ? null : extracted.slice(0, answerCharacters);
  const after = { outcome: outcome ?? record.outcome, answer };
  const before = { outcome: record.outcome, answer: record.answer };
  regrading.graded++;
  regrading.correct.before += Number(before.outcome === 'correct');
  regrading.correct.after += Number(after.outcome === 'correct');
  if (before.outcome !== after.outcome || before.answer !== after.answer) {
    const { id: traceId, problemKey, problem } = trace;
    const reference = problem.answer ?? null;
    regrading.changes.push({ traceId, problemKey, condition: record.condition, reference, before, after });
  }
  return { ...record, ...after, grader: graderName(grader), regraded: true };
}
