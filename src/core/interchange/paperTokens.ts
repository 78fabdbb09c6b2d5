/** What `eval/compute_sample_stats.py` of s1 counts in one response, as texts: tokens are counted by whoever has a tokenizer. */
export interface PaperParts {
  /** Texts whose tokens are the thinking: one, or one per step. */
  thinking: string[];
  answer: string;
  /** Newlines of the thinking less one, or the counted steps. */
  steps: number;
  hasThinking: boolean;
  /** Whether there is an answer: `Answer:` or `\boxed`. */
  hasAnswer: boolean;
}

const answerMark = '<|im_start|>answer';
const stepMark = ' steps left\n';

/**
 * Splits a response as the released statistics do (s1 facts: `compute_sample_stats.py`), quirks included: in the plain
 * format the first line of the thinking (the marker) and the last one are dropped, so that a thought which was cut in the
 * middle of a line loses that line. Used only beside published numbers.
 */
export function paperParts(response: string, format: 'think' | 'steps'): PaperParts {
  const hasAnswer = response.includes('Answer:') || response.includes(String.raw`\boxed`);
  const answer = afterFirstLine(response.slice(response.lastIndexOf(answerMark) + answerMark.length));
  const answered = response.includes(answerMark) ? answer : '';
  if (format === 'steps') {
    const chunks = response.split('<|im_start|>').slice(1, -1).map(afterFirstLine);
    const steps = response.split(stepMark).length - 1;
    return { thinking: chunks, answer: answered, steps, hasThinking: steps > 0, hasAnswer };
  }
  const before = response.split(answerMark)[0] ?? '';
  const lines = before.split('\n');
  const thinking = lines.slice(1, -1).join('\n');
  const hasThinking = response.includes(answerMark) || response.includes('<|im_start|>think');
  return { thinking: [thinking], answer: answered, steps: lines.length - 2, hasThinking, hasAnswer };
}

const afterFirstLine = (text: string) => text.slice(text.indexOf('\n') + 1);
