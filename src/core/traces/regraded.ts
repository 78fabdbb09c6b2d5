import { existsSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import { parseJsonLines, readTextFile } from '../base/files';
import { type Grade, matchedSchema, outcomeSchema } from '../grade/grade';

/** Of a line of `grades.jsonl`: a grade that was given after the trace was recorded (core/studies/regradeRun.ts). */
const regradedSchema = z.object({
  traceId: z.string(),
  regraded: z.literal(true),
  outcome: outcomeSchema,
  answer: z.string().nullable(),
  matched: matchedSchema.optional(),
});

/** The latest later grades of the traces of a run, by trace: what is shown of them agrees with the run's numbers. */
export async function laterGrades(folder: string): Promise<ReadonlyMap<string, Grade>> {
  const file = path.join(folder, 'grades.jsonl');
  const text = existsSync(file) ? await readTextFile(file) : '';
  if (!text.includes('"regraded":true')) return new Map();
  const lines = parseJsonLines(text).flatMap((line) => regradedSchema.safeParse(line).data ?? []);
  return new Map(
    lines.map(({ traceId, outcome, answer, matched }) => [
      traceId,
      { outcome, extracted: answer, ...(matched === undefined ? {} : { matched }) },
    ]),
  );
}
