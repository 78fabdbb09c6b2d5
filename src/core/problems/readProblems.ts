import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { readTextFile } from '../base/files';
import { isTable, readRows } from '../data/readRows';
import { type DataRow, invalidData } from '../data/row';
import { type ProblemPresetName, problemPresets } from './presets';
import type { Problem } from './problem';
import { parseProblems, problemOfFields, questionFields } from './problemFile';

/**
 * Every problem of a data set on the Hugging Face Hub (`hf://datasets/…`) or of a file on disk: JSON lines, JSON, CSV, TSV, Parquet, or Markdown sections. Tables are read as a stream,
 * so a file may be larger than memory. A row that holds no problem is an error with its line.
 * @throws SecondThoughtError `file-not-found`, `problem-not-found`, `invalid-file`
 */
export async function readProblems(file: string): Promise<Problem[]> {
  const problems = await problemsIn(file);
  if (problems.length > 0) return problems;
  throw new SecondThoughtError('problem-not-found', `${path.basename(file)} holds no problem.`, {
    remedy:
      'A problem is a row with a "question" (JSON lines, JSON, CSV, TSV, Parquet), or a section of a Markdown file.',
  });
}

/**
 * A benchmark with the fields and prompts of the released evaluation: from the Hugging Face Hub, or from a copy of it.
 * @param file the copy; undefined: the Hub
 * @throws SecondThoughtError as `readProblems` and `readHub`; `invalid-file` where the Hub's has another number of problems
 */
export async function readPreset(name: ProblemPresetName, file: string | undefined): Promise<Problem[]> {
  const { source, size, problemsOf } = problemPresets[name];
  const rows: DataRow[] = [];
  for await (const { row } of readRows(file ?? source)) rows.push(row);
  const problems = problemsOf(rows);
  if (problems.length === (file === undefined ? size : rows.length) && problems.length > 0) return problems;
  throw new SecondThoughtError(
    'invalid-file',
    `${file ?? source} gives ${problems.length} problems of ${rows.length} rows; ${name} has ${size}.`,
    {
      remedy:
        file === undefined
          ? 'Name a copy of the published data as its file.'
          : 'Check that it has the fields of that data set.',
    },
  );
}

const problemsIn = (file: string): Promise<Problem[]> => (isTable(file) ? readTable(file) : readSections(file));

/** A row without a question is not left out in silence: a set that lost rows is another set. */
async function readTable(file: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  for await (const { row, line } of readRows(file)) {
    const problem = problemOfFields(row);
    if (!problem) throw invalidData(file, `:${line}`, 'there is no question', questionNames);
    problems.push(problem);
  }
  return problems;
}

const questionNames = `A question is in the field ${questionFields.map((field) => `"${field}"`).join(', ')}.`;

async function readSections(file: string): Promise<Problem[]> {
  return parseProblems(await readTextFile(file), { fileName: path.basename(file) }).map(({ problem }) => problem);
}
