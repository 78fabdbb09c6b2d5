import type { Problem } from '../problems/problem';

/**
 * The released evaluation's graders without its language model, which is in matcher.ts (s1 repository, `tasks/aime`,
 * `tasks/openai_math` and `tasks/gpqa`), with their quirks; test/unit/grade/harnessVectors.json holds them to an independent reading in Python.
 */

/** The released code ends with an assertion error here, and the whole evaluation with it. */
export class HarnessCrash extends Error {}

/** The answer in a response text: never null, because without a box or a label the whole answer part is taken. */
export function harnessAnswer(response: string): string {
  const part = answerPart(response);
  return boxed(part) ?? /Answer\s*:\s*([\s\S]*)/iu.exec(part)?.[1] ?? part;
}

/** Correct if this string is the truth's: `harnessTruth` of a problem. */
export function harnessExtracted(response: string, problem: Problem): string {
  const answer = harnessAnswer(response);
  if (!problem.choices?.length)
    return isDigits(answer) && isDigits(problem.answer ?? '') ? withoutZeros(answer) : answer;
  return harnessLetter(answer) ?? 'A';
}

/** The letter of a choice, if the answer is nothing else. */
export const harnessLetter = (answer: string): string | null =>
  /^[A-Da-d]$/.test(answer) ? answer.toUpperCase() : null;

export function harnessTruth({ answer = '', choices = [] }: Problem): string {
  if (choices.length === 0) return isDigits(answer) ? withoutZeros(answer) : answer;
  const place = choices.indexOf(answer);
  return place === -1 ? answer : String.fromCharCode(65 + place);
}

export const isDigits = (text: string) => /^\d+$/.test(text);
const withoutZeros = (digits: string) => String(BigInt(digits));

/** What follows the last opening of an answer; else what follows the last turn, without its first line. */
function answerPart(response: string): string {
  const opening = '<|im_start|>answer\n';
  const turn = '<|im_start|>';
  if (response.includes(opening)) return response.slice(response.lastIndexOf(opening) + opening.length);
  if (!response.includes(turn)) return response;
  const last = response.slice(response.lastIndexOf(turn) + turn.length);
  return last.includes('\n') ? last.slice(last.indexOf('\n') + 1) : last;
}

/** @throws HarnessCrash */
function boxed(text: string): string | null {
  const spaced = '\\boxed ';
  if (text.includes(spaced)) return text.slice(text.lastIndexOf(spaced) + spaced.length).split('$')[0] ?? '';
  const start = text.includes('\\boxed') ? text.lastIndexOf('\\boxed') : text.lastIndexOf('\\fbox');
  const end = start === -1 ? -1 : balanced(text, start);
  if (end === -1) return null;
  const opening = '\\boxed{';
  if (!text.startsWith(opening, start)) throw new HarnessCrash(text.slice(start, end + 1));
  return text.slice(start + opening.length, end);
}

/** Index of the brace that closes the first one; -1 if none does. Escaped braces count like others. */
function balanced(text: string, start: number): number {
  let depth = 0;
  for (let index = start; index < text.length; index++) {
    if (text[index] === '{') depth++;
    if (text[index] === '}' && --depth === 0) return index;
  }
  return -1;
}
