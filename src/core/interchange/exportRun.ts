import { problemKey } from '../problems/problem';
import type { StudyRun } from '../studies/studyRun';

/** A sample as other programs want it: flat, one row, with its question and the names of its condition and set. */
export type ExportedRow = Record<string, string | number | null>;

/** A row per sample, in the order of problems, conditions and samples; those not made yet are not there. */
export function* exportedRows(run: StudyRun): Iterable<ExportedRow> {
  for (const { problemSet, problem } of run.problems) {
    for (const { key, name, samples } of run.about.conditions) {
      for (let sample = 0; sample < samples; sample++) {
        const record = run.record({ problemSet, problemKey: problemKey(problem), conditionKey: key, sample });
        if (!record) continue;
        yield {
          problemSet,
          problem: problemKey(problem),
          question: problem.question,
          reference: problem.answer ?? null,
          condition: name,
          sample,
          outcome: record.outcome,
          answer: record.answer,
          thinkingTokens: record.thinkingTokens,
          answerTokens: record.answerTokens,
          generatedTokens: record.generatedTokens,
          promptTokens: record.promptTokens,
          judgeTokens: record.matched ? record.matched.promptTokens + record.matched.generatedTokens : null,
          cuesUsed: record.cuesUsed,
          thinkingEndedBy: record.thinkingEndedBy,
          answerEndedBy: record.answerEndedBy,
          durationMs: record.durationMs,
          sequentialDepth: record.sequentialDepth,
          server: record.server,
          model: record.model,
          trace: record.traceId,
          error: record.error?.message ?? null,
        };
      }
    }
  }
}

/** Rows as CSV (RFC 4180). A text that a spreadsheet would take for a formula gets an apostrophe in front. */
export function toCsv(rows: Iterable<ExportedRow>): string {
  const lines: string[] = [];
  for (const row of rows) {
    if (lines.length === 0) lines.push(Object.keys(row).join(','));
    lines.push(Object.values(row).map(field).join(','));
  }
  return lines.map((line) => `${line}\r\n`).join('');
}

function field(value: string | number | null): string {
  if (value === null) return '';
  if (typeof value === 'number') return String(value);
  const safe = /^[=+\-@\t\r]/.test(value) && !/^-?[\d.]+$/.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(safe) ? `"${safe.replaceAll('"', '""')}"` : safe;
}
