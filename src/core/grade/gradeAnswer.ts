import type { Problem } from '../problems/problem';
import { extractAnswer } from './extract';
import type { RuleGrader } from './graderSpec';
import { askGraderThread } from './graderThread';
import { HarnessCrash, harnessExtracted, harnessTruth } from './harness';
import { type CompareExpressions, isSameLatex } from './latex/compare';

/** What a grader makes of an answer text. */
export interface AnswerGrade {
  /** The answer that was found, as the model wrote it; null if there is none. */
  extracted: string | null;
  /** Null where it cannot be said: no reference, or the released evaluation would have crashed. */
  isCorrect: boolean | null;
}

/**
 * Finds the answer in a text and compares it with the problem's reference.
 * @param response all that the model wrote, its thinking included: what the released evaluation looks at
 */
export function gradeAnswer(text: string, problem: Problem, grader: RuleGrader, response = text): AnswerGrade {
  if (grader === 's1-harness') return gradeAsHarness(text, problem, response);
  const extracted = grader === 'choice' ? extractChoice(text) : extract(text, grader);
  if (problem.answer === undefined) return { extracted, isCorrect: null };
  return { extracted, isCorrect: extracted !== null && isSame(extracted, problem, grader) };
}

function extract(text: string, grader: RuleGrader): string | null {
  if (typeof grader === 'string') return extractAnswer(text);
  const reply = askGraderThread({ ask: 'match', pattern: grader.regex, text });
  return reply && 'match' in reply ? reply.match?.trim() || null : null;
}

function isSame(extracted: string, problem: Problem, grader: RuleGrader): boolean {
  if (grader === 'exact') return extracted === problem.answer?.trim();
  if (grader === 'choice') return extracted === letterOf(problem);
  return isEquivalent(extracted, problem);
}

function gradeAsHarness(text: string, problem: Problem, response: string): AnswerGrade {
  if (text.trim() === '' && !problem.choices?.length) return { extracted: null, isCorrect: false };
  try {
    const extracted = harnessExtracted(response, problem);
    return { extracted, isCorrect: problem.answer === undefined ? null : extracted === harnessTruth(problem) };
  } catch (error) {
    if (error instanceof HarnessCrash) return { extracted: error.message, isCorrect: null };
    throw error;
  }
}

/** `B`, `(B)`, `\text{B}`, `B. because …`, `Answer: B`, `\boxed{B}`: the letter; null if there is none. */
export function extractChoice(text: string): string | null {
  const answer = extractAnswer(text) ?? text.trim().split('\n').at(-1) ?? '';
  const plain = answer
    .replace(/\\(?:text|textbf|mathbf|mathrm|boxed)\s*\{([^{}]*)\}/g, '$1')
    .replace(/[$*\s]+/g, ' ')
    .trim();
  const found =
    /^(?:(?:the )?(?:correct |final )?(?:answer|option|choice)(?: is)?:? )?[([]?([A-Ja-j])[)\]]?(?:$|[.:)] ?(?=\s|\S|$)|,? because)/i.exec(
      plain,
    ) ?? /\b(?:answer|option|choice)(?: is)?:? [([]?([A-J])[)\]]?\.?$/i.exec(plain);
  return found?.[1]?.toUpperCase() ?? null;
}

function letterOf({ answer = '', choices = [] }: Problem): string | null {
  const place = choices.indexOf(answer);
  return place === -1 ? extractChoice(answer) : String.fromCharCode(65 + place);
}

/** An answer may be a set of two hundred expressions: so many of its questions are asked, and none after one took too long. */
const mostQuestions = 64;

/** Questions about expressions go to the thread; undecided where there is none. */
function isSameAnswer(given: string, wanted: string): boolean {
  let left = mostQuestions;
  const compareExpressions: CompareExpressions = (a, b, relation) => {
    if (left-- <= 0) return 'unknown';
    const reply = askGraderThread({ ask: 'compare', a, b, relation });
    if (reply === null) left = 0;
    return reply && 'verdict' in reply ? reply.verdict : 'unknown';
  };
  return isSameLatex(given, wanted, compareExpressions);
}

/** Whether an answer is the problem's reference: of a choice question by letter or by text, else as LaTeX. */
export function isEquivalent(given: string, problem: Problem): boolean {
  const { answer: wanted = '', choices = [] } = problem;
  if (choices.length === 0) return isSameAnswer(given, wanted);
  const letter = chosen(given, choices);
  return letter !== null && letter === chosen(wanted, choices);
}

/** The letter of a choice; where there is none, of the one choice whose text it is. */
export function chosen(text: string, choices: readonly string[]): string | null {
  const letter = choiceLetter(text);
  if (letter !== null) return letter;
  const same = choices.flatMap((choice, index) =>
    isSameAnswer(text, choice) ? [String.fromCharCode(65 + index)] : [],
  );
  return same.length === 1 ? (same[0] ?? null) : null;
}

/** `(B)`, `B.`, `b) the second`, `\text{B}` → `B`. */
function choiceLetter(text: string): string | null {
  const plain = text.replace(/\\(?:text|textbf|mathbf|mathrm)\s*\{([^{}]*)\}/g, '$1');
  return /^\W*([A-Za-z])(?![A-Za-z])/.exec(plain)?.[1]?.toUpperCase() ?? null;
}
