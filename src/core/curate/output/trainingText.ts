import type { GivenTrace } from '../collect';

export type TrainingFormat = 'plain' | 'tcc' | 'scc-bucket' | 'scc-true';
export type TextDialect = 's1' | 'think-tags';

/** The system prompt of s1's training texts (App. D): that of Qwen2.5. */
export const qwenSystem = 'You are Qwen, created by Alibaba Cloud. You are a helpful assistant.';

export interface TextOrder extends GivenTrace {
  question: string;
  /** Tokens of the thinking, for `tcc`. */
  length: number;
  dialect: TextDialect;
  format: TrainingFormat;
  /** Null: no system turn, for models whose chat template has none. */
  system: string | null;
  /** What stands between two steps of the thinking, for `scc`. */
  stepSeparator: string;
}

/** The step of s1 (App. E.1): what stands between two double newlines. */
export const blankLine = '\n\n';

/**
 * The column `text`: a whole conversation in ChatML as the released `data/tokenization.py` writes it. The thinking is stripped;
 * so is the answer, with `Answer: ` in front if it says `Answer:` nowhere. `tcc` and `scc` are the formats of App. E.1, for
 * which no code was released: the question is told a budget (a power of two, rounded up), of tokens or of steps.
 */
export function trainingText(order: TextOrder): string {
  const { question, dialect, format, system } = order;
  const suffix = suffixOf(order);
  const asked = suffix === '' ? question : `${question}\n\n${suffix}`;
  const body = dialect === 'think-tags' ? tagged(order) : countsSteps(format) ? counted(order) : marked(order);
  return `${system === null ? '' : turn('system', system)}${turn('user', asked)}${turn('assistant', body)}`;
}

export const countsSteps = (format: TrainingFormat): boolean => format.startsWith('scc');

const turn = (role: string, text: string) => `<|im_start|>${role}\n${text}<|im_end|>\n`;

const marked = (order: TextOrder) =>
  `<|im_start|>think\n${order.thinking.trim()}\n<|im_start|>answer\n${answerOf(order)}`;

const tagged = (order: TextOrder) => `<think>\n${order.thinking.trim()}\n</think>\n\n${answerOf(order)}`;

/** `<|im_start|>N steps left\n{step}\n` … counting down; the last step is 1 where the count begins at the true number. */
function counted(order: TextOrder): string {
  const steps = stepsOf(order.thinking, order.stepSeparator);
  const first = order.format === 'scc-bucket' ? powerOfTwo(steps.length) : steps.length;
  const told = steps.map((step, index) => `<|im_start|>${first - index} steps left\n${step}\n`);
  return `${told.join('')}<|im_start|>answer\n${answerOf(order)}`;
}

/** What the question is told (s1 App. E.1; the suffixes of the evaluation). */
function suffixOf({ format, length, thinking, stepSeparator }: TextOrder): string {
  if (format === 'plain') return '';
  if (format === 'tcc') return `Think for up to ${powerOfTwo(length)} tokens.`;
  return `Think for up to ${powerOfTwo(stepsOf(thinking, stepSeparator).length)} steps.`;
}

export const stepsOf = (thinking: string, mark: string): string[] =>
  thinking
    .trim()
    .split(mark)
    .filter((step) => step.trim() !== '');

/** The next power of two upwards: 2048 for 1,025 to 2,048. */
export function powerOfTwo(count: number): number {
  let power = 1;
  while (power < count) power *= 2;
  return power;
}

function answerOf({ attempt }: GivenTrace): string {
  const answer = attempt.trim();
  return answer.includes('Answer:') ? answer : `Answer: ${answer}`;
}
