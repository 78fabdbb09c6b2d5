import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';

/**
 * A dialect is how a family of models writes thinking. Texts here; ids come from the server's tokenizer, never from a
 * table (s1-32B and a 1M-parameter copy of its format have different ids).
 */
export const dialectSchema = z.strictObject({
  name: z.string().regex(/^[\w.-]{1,64}$/, 'It must be a short name of letters, digits, dots and dashes'),
  /** For lists; without it the name. */
  title: z.string().min(1).optional(),
  /** Appended to the rendered chat prompt, unless the chat template already ends with it. */
  opening: z.string(),
  /** Each must be one token: any of them ends thinking. */
  thinkingEnds: z.array(z.string().min(1)).min(1),
  /**
   * Ends of several tokens. They are found by their ids, and told to the server as stop strings; a model that writes the
   * same text with other tokens is not stopped by us, and not by a server that knows no stop strings.
   */
  thinkingEndSequences: z.array(z.string().min(1)).default([]),
  /** Appended when the model ended thinking itself. */
  closing: z.string(),
  /** Appended when thinking is ended for the model (after a newline, if the thinking does not end with one). */
  forcedClosing: z.string(),
  /** Each must be one token: any of them ends the answer. */
  answerEnds: z.array(z.string().min(1)).min(1),
  /** One token that opens the heading of a step; the heading goes to the end of its line and is no thought. */
  stepMark: z.string().min(1).optional(),
  /** The end that means that all steps are used. */
  lastStep: z.string().min(1).optional(),
  /** How the models' makers say to sample them; what is left out is neutral. Without it greedy. */
  sampling: z
    .strictObject({
      temperature: z.number().gt(0).max(2),
      topP: z.number().gt(0).max(1).optional(),
      topK: z.int().min(0).optional(),
      minP: z.number().min(0).max(1).optional(),
    })
    .optional(),
  /** The chat prompt around `{question}`, for servers that take texts and render no template. */
  prompt: z.string().includes('{question}').optional(),
});
/** What users write down. */
export type Dialect = z.input<typeof dialectSchema>;

const chatMl = '<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n';
/** As s1's models were trained (s1 paper, App. D). */
const s1Prompt = `<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n${chatMl}`;

/**
 * `s1`: ChatML with `<|im_start|>think` and `<|im_start|>answer` (s1 paper App. D). Any `<|im_start|>` or `<|im_end|>`
 * ends thinking, as in the released evaluation; the newline after a marker is left to the model.
 * `s1-steps`: thinking in counted steps, `<|im_start|>N steps left` down to 0 (s1 paper App. E.1): the model opens step 0,
 * or the answer.
 * `think-tags`: `<think> … </think>` (Qwen3, DeepSeek-R1, QwQ).
 * `harmony`: channels `analysis` and `final` (gpt-oss; https://cookbook.openai.com/articles/openai-harmony).
 * The sampling of `think-tags` is that of Qwen3's model cards (thinking mode; DeepSeek-R1 and QwQ agree in temperature and
 * top-p), that of `harmony` gpt-oss's.
 */
export const dialects: readonly Dialect[] = [
  {
    name: 's1',
    title: 's1 (<|im_start|>think … <|im_start|>answer)',
    opening: '<|im_start|>think',
    thinkingEnds: ['<|im_start|>', '<|im_end|>'],
    closing: '<|im_start|>answer',
    forcedClosing: '<|im_start|>answer\nFinal Answer:',
    answerEnds: ['<|im_end|>'],
    prompt: s1Prompt,
  },
  {
    name: 's1-steps',
    title: 's1 in steps (<|im_start|>N steps left … <|im_start|>answer)',
    opening: '<|im_start|>',
    thinkingEnds: ['<|im_end|>'],
    thinkingEndSequences: ['<|im_start|>0', '<|im_start|>answer'],
    closing: '<|im_start|>answer',
    forcedClosing: '<|im_start|>answer\nFinal Answer:',
    answerEnds: ['<|im_end|>'],
    prompt: s1Prompt,
    stepMark: '<|im_start|>',
    lastStep: '<|im_start|>0',
  },
  {
    name: 'think-tags',
    title: 'Think tags (<think> … </think>)',
    opening: '<think>',
    thinkingEnds: ['</think>', '<|im_end|>', '<｜end▁of▁sentence｜>'],
    closing: '</think>',
    forcedClosing: '</think>\n\nFinal Answer:',
    answerEnds: ['<|im_end|>', '<｜end▁of▁sentence｜>'],
    prompt: chatMl,
    sampling: { temperature: 0.6, topP: 0.95, topK: 20 },
  },
  {
    name: 'harmony',
    title: 'Harmony (<|channel|>analysis … <|channel|>final)',
    opening: '<|channel|>analysis<|message|>',
    thinkingEnds: ['<|end|>', '<|return|>', '<|call|>'],
    closing: '<|end|><|start|>assistant<|channel|>final<|message|>',
    forcedClosing: '<|end|><|start|>assistant<|channel|>final<|message|>',
    answerEnds: ['<|return|>', '<|end|>'],
    prompt: '<|start|>user<|message|>{question}<|end|><|start|>assistant',
    sampling: { temperature: 1 },
  },
];

/** A dialect of a condition: its own, or a built-in one by name. @throws SecondThoughtError `bad-usage` */
export function findDialect(name: string | Dialect): Dialect {
  if (typeof name !== 'string') return name;
  const dialect = dialects.find((candidate) => candidate.name === name);
  if (dialect) return dialect;
  const known = dialects.map((candidate) => candidate.name).join(', ');
  throw new SecondThoughtError('bad-usage', `There is no dialect named "${name}".`, {
    remedy: `Use one of: ${known}.`,
  });
}

const ids = z.array(z.int().nonnegative());
const isFlat = (value: unknown) => Array.isArray(value) && !value.some(Array.isArray);

/** A dialect, and the cue in force, as ids of one model's tokenizer. Recorded in every trace. */
export const resolvedDialectSchema = z.object({
  name: z.string(),
  openingIds: ids,
  opening: z.string(),
  thinkingEndIds: ids,
  /** Ends of several tokens, and their texts for servers that know stop strings. */
  thinkingEndSequences: z.array(ids).default([]),
  thinkingEndTexts: z.array(z.string()).default([]),
  stepMarkId: z.int().nonnegative().nullable().default(null),
  lastStepIds: ids.default([]),
  /** Tree search in steps: the headings after the first, which opens the thinking; from the second step to the last. */
  stepHeadings: z.array(z.object({ tokenIds: ids, text: z.string() })).default([]),
  closingIds: ids,
  closing: z.string(),
  forcedClosingIds: ids,
  forcedClosing: z.string(),
  answerEndIds: ids,
  newlineIds: ids,
  /** One per cue of the condition. Traces of schema 1 have one. */
  cueIds: z.preprocess((value) => (isFlat(value) ? [value] : value), z.array(ids)),
  /** Never to be sampled while thinking. */
  bannedIds: ids.default([]),
  /** Banned words that are several tokens of this tokenizer: sent as words. */
  bannedWords: z.array(z.string()).default([]),
  /** Texts of the ids that end something, for people: `{ "325": "<|im_end|>" }`. */
  endTexts: z.record(z.string(), z.string()),
});
export type ResolvedDialect = z.infer<typeof resolvedDialectSchema>;

/** What a dialect needs of a tokenizer: the ids of a text that may hold special tokens, nothing added. */
export interface Tokenizer {
  tokenize(text: string, signal?: AbortSignal): Promise<number[]>;
  detokenize(tokenIds: number[], signal?: AbortSignal): Promise<string>;
  /** Where ids are made of texts: these texts are to be one id each. */
  declare?(texts: readonly string[]): void;
}

/**
 * Resolves a dialect to ids.
 *
 * @param promptIds the rendered chat prompt: if it already ends with the opening, nothing is appended.
 * @throws SecondThoughtError `dialect-mismatch` if this tokenizer has no single token for any end of thinking,
 *   `bad-usage` if the cue contains a token that ends thinking.
 */
export async function resolveDialect(
  dialect: Dialect,
  { cues, bannedWords }: { cues: string[]; bannedWords: string[] },
  promptIds: number[],
  tokenizer: Tokenizer,
  signal?: AbortSignal,
): Promise<ResolvedDialect> {
  const tokenize = (text: string) => (text === '' ? Promise.resolve([]) : tokenizer.tokenize(text, signal));
  const endTexts: Record<string, string> = {};
  const singles = async (texts: string[]) => {
    const found: number[] = [];
    for (const text of texts) {
      const [id, ...more] = await tokenize(text);
      if (id === undefined || more.length > 0) continue; // this tokenizer has no such token
      endTexts[String(id)] = text;
      found.push(id);
    }
    return found;
  };

  tokenizer.declare?.([
    ...dialect.thinkingEnds,
    ...dialect.answerEnds,
    ...(dialect.stepMark ? [dialect.stepMark] : []),
  ]);
  const thinkingEndIds = await singles(dialect.thinkingEnds);
  const [firstEnd] = dialect.thinkingEnds;
  if (!thinkingEndIds.some((id) => endTexts[String(id)] === firstEnd)) throw mismatch(dialect, firstEnd ?? '');
  const { thinkingEndSequences: thinkingEndTexts = [], stepMark, lastStep = '' } = dialect;
  const thinkingEndSequences: number[][] = [];
  for (const text of thinkingEndTexts) thinkingEndSequences.push(await tokenize(text));
  const [stepMarkId, ...more] = await tokenize(stepMark ?? '');
  if (more.length > 0) throw mismatch(dialect, stepMark ?? '');
  const cueIds: number[][] = [];
  const begins = [...thinkingEndIds, ...thinkingEndSequences.flatMap((sequence) => sequence.slice(0, 1))];
  for (const cue of cues) {
    const cueOf = await tokenize(cue);
    if (cueOf.some((id) => begins.includes(id))) throw cueEndsThinking(cue);
    cueIds.push(cueOf);
  }
  const banned = await resolveBanned(bannedWords, tokenize);

  const openingIds = await tokenize(dialect.opening);
  const newlineIds = await tokenize('\n');
  const opened = endsWith(promptIds, openingIds) || endsWith(promptIds, [...openingIds, ...newlineIds]);
  return {
    name: dialect.name,
    openingIds: opened ? [] : openingIds,
    opening: opened ? '' : dialect.opening,
    thinkingEndIds,
    thinkingEndSequences,
    thinkingEndTexts,
    stepMarkId: stepMarkId ?? null,
    lastStepIds: await tokenize(lastStep),
    stepHeadings: [],
    closingIds: await tokenize(dialect.closing),
    closing: dialect.closing,
    forcedClosingIds: await tokenize(dialect.forcedClosing),
    forcedClosing: dialect.forcedClosing,
    answerEndIds: await singles(dialect.answerEnds),
    newlineIds,
    cueIds,
    bannedIds: banned.ids,
    bannedWords: banned.words,
    endTexts,
  };
}

/** A banned word in the forms in which it is written: those that are one token as ids, the others as words. */
async function resolveBanned(words: string[], tokenize: (text: string) => Promise<number[]>) {
  const banned = { ids: [] as number[], words: [] as string[] };
  for (const word of words) {
    const lower = word.toLowerCase();
    const written = new Set([word, lower, lower.charAt(0).toUpperCase() + lower.slice(1)]);
    for (const form of [...written].flatMap((text) => [text, ` ${text}`])) {
      const [id, ...more] = await tokenize(form);
      if (id !== undefined && more.length === 0) banned.ids.push(id);
      else banned.words.push(form);
    }
  }
  return banned;
}

function endsWith(list: number[], tail: number[]): boolean {
  const offset = list.length - tail.length;
  return tail.length > 0 && offset >= 0 && tail.every((id, index) => list[offset + index] === id);
}

function mismatch(dialect: Dialect, end: string): SecondThoughtError {
  return new SecondThoughtError(
    'dialect-mismatch',
    `This model cannot think in the dialect "${dialect.name}": its tokenizer has no single token for ${end}.`,
    { remedy: `Choose another dialect (${dialects.map((known) => known.name).join(', ')}) or another model.` },
  );
}

function cueEndsThinking(cue: string): SecondThoughtError {
  return new SecondThoughtError(
    'bad-usage',
    `The cue ${JSON.stringify(cue)} contains a token that ends thinking, so it would stop what it is meant to extend.`,
    { remedy: 'Choose a cue without control tokens.' },
  );
}
