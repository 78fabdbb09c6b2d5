import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import type { Problem } from './problem';

/** A problem and where it stands: zero-based lines, both inclusive. */
export interface PlacedProblem {
  problem: Problem;
  startLine: number;
  endLine: number;
}

/** Names that data sets use for the same thing, first match wins. */
export const questionFields = ['question', 'problem', 'Question', 'prompt'];
const answerFields = ['answer', 'reference', 'target', 'Answer'];
const row = z.record(z.string(), z.unknown());

/**
 * The problems of a file: JSON lines (one object with a question field per line) or Markdown (one section per problem;
 * a last line `Answer: …` is the reference answer). Lines that hold no problem are skipped.
 */
export function parseProblems(text: string, options: { fileName: string }): PlacedProblem[] {
  const lines = text.split(/\r?\n/);
  return path.extname(options.fileName).toLowerCase() === '.md' ? markdownProblems(lines) : jsonLinesProblems(lines);
}

/** The problem that holds a zero-based line, if any. */
export function problemAt(text: string, fileName: string, line: number): PlacedProblem | undefined {
  return parseProblems(text, { fileName }).find((placed) => placed.startLine <= line && line <= placed.endLine);
}

/**
 * One problem of a file by its id, or the first one.
 * @throws SecondThoughtError `problem-not-found`, naming the ids there are
 */
export function pickProblem(problems: PlacedProblem[], id: string | undefined, fileName: string): Problem {
  const found = id === undefined ? problems[0] : problems.find((placed) => placed.problem.id === id);
  if (found) return found.problem;
  const ids = problems.flatMap((placed) => placed.problem.id ?? []).slice(0, 10);
  const message =
    id === undefined ? `${fileName} holds no problem.` : `${fileName} holds no problem with the id "${id}".`;
  const remedy = ids.length > 0 ? `Ids there are: ${ids.join(', ')}.` : 'A problem is a JSON line with a "question".';
  throw new SecondThoughtError('problem-not-found', message, { remedy });
}

function jsonLinesProblems(lines: string[]): PlacedProblem[] {
  return lines.flatMap((text, line) => {
    const problem = problemOfRow(text);
    return problem ? [{ problem, startLine: line, endLine: line }] : [];
  });
}

/** The problem of a JSON line, if it is one. */
export function problemOfRow(text: string): Problem | undefined {
  if (!text.trimStart().startsWith('{')) return undefined;
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  const fields = row.safeParse(value);
  return fields.success ? problemOfFields(fields.data) : undefined;
}

/** The problem of a row of a table, if it has a question. */
export function problemOfFields(fields: Record<string, unknown>): Problem | undefined {
  const question = firstText(fields, questionFields);
  if (question === undefined) return undefined;
  const id = asText(fields.id) ?? asText(fields.unique_id) ?? asText(fields.ID);
  const answer = firstText(fields, answerFields);
  const choices = z.array(z.string()).safeParse(fields.choices);
  return {
    ...(id ? { id } : {}),
    question,
    ...(answer === undefined ? {} : { answer }),
    ...(choices.success ? { choices: choices.data } : {}),
  };
}

function firstText(fields: Record<string, unknown>, names: string[]): string | undefined {
  return names.map((name) => asText(fields[name])).find((text) => text !== undefined);
}

function asText(value: unknown): string | undefined {
  if (typeof value === 'string') return value;
  return typeof value === 'number' ? String(value) : undefined;
}

/** Every heading begins a problem whose id is the heading; a file without headings is one problem. */
function markdownProblems(lines: string[]): PlacedProblem[] {
  const starts = lines.flatMap((line, index) => (/^#{1,6}\s/.test(line) ? [index] : []));
  const sections = starts.length === 0 ? [-1] : starts;
  return sections.flatMap((start, index) => {
    const endLine = (sections[index + 1] ?? lines.length) - 1;
    const body = lines.slice(start + 1, endLine + 1).filter((line) => !/^answer\s*:/i.test(line));
    const question = body.join('\n').trim();
    if (question === '') return [];
    const id = lines[start]?.replace(/^#+\s*/, '').trim();
    const answer = lines
      .slice(start + 1, endLine + 1)
      .flatMap((line) => /^answer\s*:\s*(.*)$/i.exec(line)?.[1] ?? [])[0];
    const problem: Problem = { ...(id ? { id } : {}), question, ...(answer ? { answer: answer.trim() } : {}) };
    return [{ problem, startLine: Math.max(0, start), endLine }];
  });
}
