import { harnessLogText } from '../forcing/harnessLog';
import type { Grade, Outcome } from '../grade/grade';
import { chosen, gradeAnswer } from '../grade/gradeAnswer';
import { defaultGrader, type RuleGrader, ruleOf } from '../grade/graderSpec';
import { readAnswer } from '../grade/latex/answer';
import { cleanLatex } from '../grade/latex/clean';
import { exactValue } from '../grade/latex/rational';
import { answerText, type Trace } from '../traces/trace';

export { extractAnswer } from '../grade/extract';
export { type Outcome, outcomeSchema } from '../grade/grade';
export { isEquivalent } from '../grade/gradeAnswer';

/**
 * The grade of a trace: the one that it got where it was made, by the grader of its run; a trace from before there were
 * such grades is graded now.
 */
export function gradeTrace(trace: Trace): Grade {
  return trace.status === 'complete' && trace.grade ? trace.grade : gradeAnew(trace);
}

/** Grades a trace against the problem's reference answer, by a rule. */
export function gradeAnew(trace: Trace, grader: RuleGrader = ruleOf(trace.grader ?? defaultGrader)): Grade {
  const { extracted, isCorrect } = gradeAnswer(answerText(trace), trace.problem, grader, harnessLogText(trace));
  if (trace.status !== 'complete') return { outcome: null, extracted };
  return { outcome: outcomeOf(trace, extracted, isCorrect), extracted };
}

export function outcomeOf(
  trace: Pick<Trace, 'answerEndedBy'>,
  extracted: string | null,
  isCorrect: boolean | null,
): Outcome {
  if (isCorrect === null) return 'ungraded';
  if (extracted !== null) return isCorrect ? 'correct' : 'wrong';
  return trace.answerEndedBy === 'model' ? 'no-answer' : 'truncated';
}

/**
 * One text for all ways to write an answer, so that answers can be counted: the letter of a choice, a number by its value
 * (nine significant digits, whole numbers exactly), else the words or the LaTeX in one spelling.
 */
export function answerKey(answer: string, choices: string[] = []): string {
  const letter = choices.length > 0 ? chosen(answer, choices) : null;
  if (letter !== null) return letter;
  const text = cleanLatex(answer);
  const value = exactValue(text);
  if (value?.d === 1n) return String(value.n);
  const number = value ? Number(value.n) / Number(value.d) : Number.NaN;
  if (Number.isFinite(number)) return String(Number(number.toPrecision(9)));
  const read = readAnswer(answer);
  return read.kind === 'words' ? read.text.toLowerCase() : text;
}
