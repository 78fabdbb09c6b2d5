import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { shortHash } from '../base/seeds';
import type { Tokenizer } from '../inference/dialects';
import { answerText, type Trace, thinkingText } from '../traces/trace';
import { placedSpans } from './place';

/** A trace as a row that a curation reads (`question`, `solution`, and a trace of the fields `thinking` and `attempt`). */
export const trainingRowSchema = z.object({
  id: z.string(),
  question: z.string(),
  solution: z.string().nullable(),
  source_type: z.string(),
  cot_type: z.string(),
  thinking: z.string(),
  attempt: z.string(),
  /** JSON: which trace it was, how it was made, and where it was trimmed. */
  metadata: z.string(),
});
export type TrainingRow = z.infer<typeof trainingRowSchema>;

/**
 * @param until the thinking is trimmed there (ids of the context); the answer stays
 * @throws SecondThoughtError `bad-usage` for a trace that has not ended, or a place outside its thinking
 */
export async function trainingRow(trace: Trace, tokenizer: Tokenizer | null, until?: number): Promise<TrainingRow> {
  if (trace.status !== 'complete') {
    throw new SecondThoughtError('bad-usage', `The trace ${trace.id} is ${trace.status}: it has no answer to learn.`, {
      remedy: 'Continue it first, or choose another one.',
    });
  }
  const { question, answer } = trace.problem;
  const made = { trace: trace.id, fork: trace.fork ?? null, model: trace.server.model, condition: trace.condition };
  return {
    id: shortHash(question),
    question,
    solution: answer ?? null,
    source_type: `second-thought/${trace.server.model}`,
    cot_type: 'math',
    thinking: (until === undefined ? thinkingText(trace) : await trimmed(trace, until, tokenizer)).trim(),
    attempt: answerText(trace).trim(),
    metadata: JSON.stringify({ ...made, trimmedAt: until ?? null }),
  };
}

async function trimmed(trace: Trace, until: number, tokenizer: Tokenizer | null): Promise<string> {
  const thoughts = placedSpans(trace).filter(({ span }) => span.phase === 'thinking' && !span.delimiter);
  const [first, last] = [thoughts[0]?.from ?? 0, thoughts.at(-1)?.to ?? 0];
  if (until <= first || until > last) {
    throw new SecondThoughtError('bad-usage', `The thinking of this trace does not reach ${until}.`, {
      remedy: `It goes from ${first} to ${last}.`,
    });
  }
  const parts: string[] = [];
  for (const { span, from, to } of thoughts) {
    if (to <= until) parts.push(span.text);
    else if (from < until) parts.push((await tokenizer?.detokenize(span.tokenIds.slice(0, until - from))) ?? '');
  }
  return parts.join('');
}

/** Whether trimming at a place divides a part, so that its text has to be asked for. */
export const dividesPart = (trace: Trace, until: number): boolean =>
  placedSpans(trace).some(({ from, to }) => from < until && until < to);
