import { SecondThoughtError, toSecondThoughtError } from '../base/errors';
import { harnessLogText } from '../forcing/harnessLog';
import type { Grade, Matched } from '../grade/grade';
import { defaultGrader, type GraderSpec, isMatcher } from '../grade/graderSpec';
import { HarnessCrash, harnessTruth } from '../grade/harness';
import type { Match, Matcher } from '../grade/matcher';
import { answerText, type Trace } from '../traces/trace';
import { gradeAnew, outcomeOf } from './outcome';

/** Where samples share their answers: those of one problem under one condition. */
export const matchPlace = (sample: { problemSet?: string | undefined; problemKey: string; conditionKey: string }) =>
  JSON.stringify([sample.problemSet ?? '', sample.problemKey, sample.conditionKey]);

/**
 * Grades a finished trace by any grader.
 * @param matcher for graders that ask a language model; where it is missing or fails, the outcome is `ungraded`
 * @throws SecondThoughtError `cancelled`
 */
export async function gradeBy(
  trace: Trace,
  grader: GraderSpec,
  matcher: Matcher | undefined,
  signal: AbortSignal,
): Promise<Grade> {
  if (!isMatcher(grader)) return gradeAnew(trace, grader);
  const rule = gradeAnew(trace, defaultGrader);
  if (rule.outcome === null) return rule;
  const { problem } = trace;
  const known = { model: matcher?.model ?? null, rule: rule.outcome };
  const nothingAsked = { ...known, reply: null, promptTokens: 0, generatedTokens: 0, isKept: false };
  const ungraded = (failure?: string): Grade => ({
    outcome: 'ungraded',
    extracted: rule.extracted,
    matched: { ...nothingAsked, ...(failure === undefined ? {} : { failure }) },
  });
  if (problem.answer === undefined) return ungraded();
  if (answerText(trace).trim() === '' && !problem.choices?.length)
    return { outcome: outcomeOf(trace, null, false), extracted: null, matched: nothingAsked };
  if (!matcher) return ungraded(`The server "${grader.server}" of the language model was not connected.`);
  try {
    const match = await matcher.match(matchPlace(trace), harnessLogText(trace), problem, signal);
    const isCorrect = match.answer === harnessTruth(problem);
    return {
      outcome: isCorrect ? 'correct' : 'wrong',
      extracted: match.answer,
      matched: { ...nothingAsked, ...said(match) },
    };
  } catch (error) {
    if (signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
    if (error instanceof HarnessCrash) return { ...ungraded(), extracted: error.message };
    return ungraded(toSecondThoughtError(error).message);
  }
}

function said({ reply }: Match): Partial<Matched> {
  if (reply === null) return {};
  const { text, promptTokens, generatedTokens, isKept } = reply;
  return { reply: text.slice(0, 200), promptTokens, generatedTokens, isKept };
}
