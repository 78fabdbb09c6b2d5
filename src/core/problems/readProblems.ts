import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { SecondThoughtError } from '../base/errors';
import { readTextFile, reasonOf } from '../base/files';
import { isTable, readRows } from '../data/readRows';
import type { Problem } from './problem';
import { parseProblems, problemOfFields, problemOfRow } from './problemFile';

/**
 * Every problem of a file on disk: JSON lines, JSON, CSV, TSV, Parquet, or Markdown sections. Tables are read as a stream,
 * so a file may be larger than memory. Of JSON lines, those that hold no problem are skipped.
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

function problemsIn(file: string): Promise<Problem[]> {
  if (path.extname(file) === '.jsonl') return readLines(file);
  return isTable(file) ? readTable(file) : readSections(file);
}

async function readTable(file: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  for await (const { row } of readRows(file)) problems.push(...[problemOfFields(row) ?? []].flat());
  return problems;
}

async function readLines(file: string): Promise<Problem[]> {
  const problems: Problem[] = [];
  try {
    for await (const line of createInterface({ input: createReadStream(file, 'utf8'), crlfDelay: Infinity })) {
      const problem = problemOfRow(line);
      if (problem) problems.push(problem);
    }
  } catch (error) {
    throw new SecondThoughtError('file-not-found', `Could not read ${file} (${reasonOf(error)}).`, { cause: error });
  }
  return problems;
}

async function readSections(file: string): Promise<Problem[]> {
  return parseProblems(await readTextFile(file), { fileName: path.basename(file) }).map(({ problem }) => problem);
}
