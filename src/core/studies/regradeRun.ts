import { gradeBy } from '../evaluate/gradeBy';
import { answerCharacters } from '../evaluate/outcomeRecord';
import type { Grade, Outcome } from '../grade/grade';
import { type GraderSpec, graderName, isMatcher } from '../grade/graderSpec';
import type { Matcher } from '../grade/matcher';
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
  /** What each sample's record is by that grader. */
  lines: SampleRecord[];
  /** Correct samples of all. */
  correct: { before: number; after: number };
}

export interface RegradeOptions {
  grader: GraderSpec;
  /** For graders that ask a language model. */
  matcher?: Matcher | undefined;
  /** False: only says what would change. */
  isKept: boolean;
  signal: AbortSignal;
}

/** A language model is asked about so many samples at a time. */
const atOnce = 8;

/**
 * Grades every finished trace of a run by another grader. Nothing is generated and no line is removed: each sample gets a
 * new line in `grades.jsonl`, which is the one that counts.
 */
export async function regradeRun(run: StudyRun, options: RegradeOptions): Promise<Regrading> {
  const { grader, matcher, isKept, signal } = options;
  const byTrace = new Map([...run.records].map((record) => [record.traceId, record]));
  const regrading: Regrading = {
    grader: graderName(grader),
    graded: 0,
    changes: [],
    lines: [],
    correct: { before: 0, after: 0 },
  };
  const traces = run.store.finished();
  const worker = async () => {
    for (let next = await traces.next(); !next.done; next = await traces.next()) {
      signal.throwIfAborted();
      const record = byTrace.get(next.value.id);
      if (!record) continue;
      const grade = await gradeBy(next.value, grader, matcher, AbortSignal.any([signal]));
      regrading.lines.push(regraded(next.value, record, grade, regrading));
    }
  };
  await Promise.all(Array.from({ length: isMatcher(grader) ? atOnce : 1 }, worker));
  if (isKept) {
    await run.gradeBy(grader);
    await run.writeAll(regrading.lines);
  }
  return regrading;
}

function regraded(
  { id: traceId, problemKey, problem }: Trace,
  record: SampleRecord,
  { outcome, extracted, matched }: Grade,
  regrading: Regrading,
): SampleRecord {
  const answer = extracted === null ? null : extracted.slice(0, answerCharacters);
  const after = { outcome: outcome ?? record.outcome, answer };
  const before = { outcome: record.outcome, answer: record.answer };
  regrading.graded++;
  regrading.correct.before += Number(before.outcome === 'correct');
  regrading.correct.after += Number(after.outcome === 'correct');
  if (before.outcome !== after.outcome || before.answer !== after.answer) {
    const reference = problem.answer ?? null;
    regrading.changes.push({ traceId, problemKey, condition: record.condition, reference, before, after });
  }
  return { ...record, ...after, matched, grader: regrading.grader, regraded: true };
}
