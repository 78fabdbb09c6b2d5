import { createReadStream } from 'node:fs';
import path from 'node:path';
import { createInterface } from 'node:readline';
import { SecondThoughtError } from '../base/errors';
import { readTextFile, reasonOf } from '../base/files';
import type { Problem } from './problem';
import { parseProblems, problemOfRow } from './problemFile';

/**
 * Every problem of a file on disk. JSON lines are read as a stream, so a file may be larger than memory.
 * @throws SecondThoughtError `file-not-found`, `problem-not-found`
 */
export async function readProblems(file: string): Promise<Problem[]> {
  const problems = path.extname(file) === '.jsonl' ? await readRows(file) : await readSections(file);
  if (problems.length > 0) return problems;
  throw new SecondThoughtError('problem-not-found', `${path.basename(file)} holds no problem.`, {
    remedy: 'A problem is a JSON line with a "question", or a section of a Markdown file.',
  });
}

async function readRows(file: string): Promise<Problem[]> {
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
