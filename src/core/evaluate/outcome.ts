import * as z from 'zod';
import type { Problem } from '../problems/problem';
import { answerText, type Trace } from '../traces/trace';

/** Design: first match wins, in this order. `interrupted` is a state, not an outcome, and gives null. */
export const outcomeSchema = z.enum(['error', 'ungraded', 'correct', 'wrong', 'truncated', 'no-answer']);
export type Outcome = z.infer<typeof outcomeSchema>;

export interface Grade {
  outcome: Outcome | null;
  /** The answer found in the answer text, as the model wrote it; null if there is none. */
  extracted: string | null;
}

/** Grades a trace against the problem's reference answer: numbers by value, choices by letter or by their text, the rest exactly. */
export function gradeTrace(trace: Trace): Grade {
  const extracted = extractAnswer(answerText(trace));
  if (trace.status !== 'complete') return { outcome: null, extracted };
  return { outcome: outcomeOf(trace, extracted), extracted };
}

function outcomeOf(trace: Trace, extracted: string | null): Outcome {
  const { problem } = trace;
  if (problem.answer === undefined) return 'ungraded';
  if (extracted !== null) return isEquivalent(extracted, problem) ? 'correct' : 'wrong';
  return trace.answerEndedBy === 'model' ? 'no-answer' : 'truncated';
}

/**
 * The answer inside an answer text: the last `\boxed{…}`, else what follows the last `Answer:`, else the whole text if
 * it is one short line. (The harness takes the whole text in any case; its graders come with studies.)
 */
export function extractAnswer(text: string): string | null {
  const boxed = lastBoxed(text);
  if (boxed !== null) return boxed.trim() || null;
  const labelled = [...text.matchAll(/answer\s*:\s*(.*)/gi)].at(-1)?.[1]?.trim();
  if (labelled !== undefined) return withoutFinalDot(labelled) || null;
  const whole = text.trim();
  return whole !== '' && whole.length <= 100 && !whole.includes('\n') ? withoutFinalDot(whole) : null;
}

const withoutFinalDot = (text: string) => text.replace(/\.$/, '').trim();

/** Content of the last `\boxed{…}` whose braces balance. */
function lastBoxed(text: string): string | null {
  const start = text.lastIndexOf('\\boxed{');
  if (start === -1) return null;
  const from = start + '\\boxed{'.length;
  let depth = 1;
  for (let at = from; at < text.length; at++) {
    if (text[at] === '{') depth++;
    if (text[at] === '}') depth--;
    if (depth === 0) return text.slice(from, at);
  }
  return null;
}

export function isEquivalent(given: string, problem: Problem): boolean {
  const { answer: wanted = '', choices = [] } = problem;
  if (choices.length === 0) return isSame(given, wanted);
  const letter = chosen(given, choices);
  return letter !== null && letter === chosen(wanted, choices);
}

/** The letter of a choice; where there is none, of the one choice whose text it is. */
function chosen(text: string, choices: string[]): string | null {
  const letter = choiceLetter(text);
  if (letter !== null) return letter;
  const same = choices.flatMap((choice, index) => (isSame(text, choice) ? [String.fromCharCode(65 + index)] : []));
  return same.length === 1 ? (same[0] ?? null) : null;
}

function isSame(given: string, wanted: string): boolean {
  const [a, b] = [asNumber(given), asNumber(wanted)];
  if (a !== null && b !== null) return a === b || Math.abs(a - b) <= 1e-9 * Math.max(Math.abs(a), Math.abs(b));
  return normalise(given) === normalise(wanted);
}

/**
 * One text for all ways to write an answer, so that answers can be counted: the letter of a choice, a number by its value
 * (nine significant digits, whole numbers exactly), else the words with single spaces.
 */
export function answerKey(answer: string, choices: string[] = []): string {
  const letter = choices.length > 0 ? chosen(answer, choices) : null;
  if (letter !== null) return letter;
  const value = asNumber(answer);
  if (value === null) return normalise(answer);
  return String(Number.isSafeInteger(value) ? value + 0 : Number(value.toPrecision(9)));
}

/** `(B)`, `B.`, `b) the second` → `B`. */
function choiceLetter(text: string): string | null {
  return /^\W*([A-Za-z])(?![A-Za-z])/.exec(text)?.[1]?.toUpperCase() ?? null;
}

/** Integers with thousands separators, decimals, simple fractions, percent signs dropped on neither side alone. */
function asNumber(text: string): number | null {
  const plain = text.replace(/[$\s]/g, '').replace(/\.$/, '');
  const fraction = /^(-?\d+)\/(\d+)$/.exec(plain) ?? /^(-?)\\d?frac\{(\d+)\}\{(\d+)\}$/.exec(plain);
  if (fraction) {
    const parts = fraction.slice(1);
    const [top, bottom] = parts.length === 3 ? [Number(`${parts[0]}${parts[1]}`), Number(parts[2])] : parts.map(Number);
    return bottom ? (top ?? 0) / bottom : null;
  }
  if (!/^-?(\d{1,3}(,\d{3})+|\d+)?(\.\d+)?$/.test(plain) || !/\d/.test(plain)) return null;
  return Number(plain.replaceAll(',', ''));
}

function normalise(text: string): string {
  return text
    .trim()
    .replace(/^\$|\$$/g, '')
    .replace(/\s+/g, ' ');
}
