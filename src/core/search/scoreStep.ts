import type { Clock } from '../base/clock';
import { SecondThoughtError, toSecondThoughtError } from '../base/errors';
import { passSeed } from '../base/seeds';
import type { Scorer, Verdict } from '../scorers/scorer';
import { branchSpans, keptSpans, pathOf, type Span, type StepScore, type Trace, thinkingText } from '../traces/trace';
import { treeOf } from './tree';

/**
 * The scorer's verdict on the branch up to the end of a pass. A step without text says nothing new: it has the score of the
 * step before it, and costs nothing.
 * @throws SecondThoughtError `scorer-failed`, which names the step; `cancelled`
 */
export async function scoreStep(
  trace: Trace,
  pass: number,
  scorer: Scorer,
  { signal, clock }: { signal: AbortSignal; clock: Clock },
): Promise<StepScore> {
  const { studySeed, problemKey, conditionKey, sample, problem } = trace;
  const node = treeOf(trace).find(({ last }) => last === pass);
  const startedAt = clock.now();
  if (node && node.tokens === 0 && node.parent?.score != null) {
    return { value: node.parent.score, promptTokens: 0, generatedTokens: 0, durationMs: 0 };
  }
  const spans = branchSpans(trace, pass);
  try {
    const { value, promptTokens, generatedTokens } = await scorer.score(
      {
        question: problem.question,
        steps: stepsOf(trace, spans, pass),
        ids: spans.flatMap((span) => span.tokenIds),
        promptLength: spans.filter(isGiven).flatMap((span) => span.tokenIds).length,
        seed: passSeed({ studySeed, problemKey, conditionKey: `${conditionKey} scorer`, sample, pass }),
      },
      signal,
    );
    return { value, promptTokens, generatedTokens, durationMs: clock.now() - startedAt };
  } catch (error) {
    const { code, message, remedy } = toSecondThoughtError(error);
    if (code === 'cancelled') throw error;
    const which = `step ${node?.depth ?? 1} of a branch (pass ${pass + 1})`;
    throw new SecondThoughtError('scorer-failed', `The scorer "${scorer.name}" did not judge ${which}: ${message}`, {
      ...(remedy === undefined ? {} : { remedy }),
      cause: error,
    });
  }
}

/** The verdict on a whole thought: the weight of a sample in `weighted-majority` and `best-of-n`. Its lines are its steps. */
export function scoreThought(trace: Trace, scorer: Scorer, signal: AbortSignal): Promise<Verdict> {
  const { studySeed, problemKey, conditionKey, sample, problem, passes } = trace;
  const spans = keptSpans(trace).filter(({ phase }) => phase !== 'answer');
  const steps = thinkingText(trace)
    .split('\n')
    .filter((line) => line.trim() !== '');
  const request = {
    question: problem.question,
    steps,
    ids: spans.flatMap((span) => span.tokenIds),
    promptLength: spans.filter(isGiven).flatMap((span) => span.tokenIds).length,
    seed: passSeed({ studySeed, problemKey, conditionKey: `${conditionKey} scorer`, sample, pass: passes.length }),
  };
  return scorer.score(request, signal);
}

/** The prompt and the marker that opens the thinking. */
const isGiven = (span: Span) => span.pass === 0 && span.origin !== 'model';

/** The texts of the steps of a branch, in order, without line ends around them and without empty ones. */
function stepsOf(trace: Trace, spans: Span[], pass: number): string[] {
  const texts: string[] = [];
  for (const index of pathOf(trace, pass)) {
    const own = spans.filter((span) => span.pass === index && span.origin === 'model' && span.phase === 'thinking');
    const text = own.map((span) => span.text).join('');
    if (trace.passes[index]?.purpose === 'resume' && texts.length > 0) texts[texts.length - 1] += text;
    else texts.push(text);
  }
  return texts.map((text) => text.replace(/^\n+|\n+$/g, '')).filter((text) => text !== '');
}
