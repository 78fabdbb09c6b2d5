import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { passSeed, shortHash } from '../base/seeds';
import { dialectSchema, findDialect } from '../inference/dialects';
import { parseScorer } from '../scorers/scorerChoice';

/**
 * A condition is a decoder with its parameters: everything that decides how a problem is answered, besides the server
 * and the seed.
 *
 * - `bf`: budget forcing (s1 paper §3.1).
 * - `none`: the model answers as it likes, in one request; what it writes before its own delimiter is thinking.
 * - `rejection`: thinking is sampled anew until it fits the cap (s1 paper §5.4).
 * - `rebase`: tree search with a scorer (Wu et al. 2024, arXiv 2408.00724; s1 paper §6.2).
 * - `native-budget`: the server's own thinking limit (vLLM's `thinking_token_budget`), to compare with ours.
 */
export const decoderSchema = z.enum(['bf', 'none', 'rejection', 'rebase', 'native-budget']);
export type Decoder = z.infer<typeof decoderSchema>;

export const presetSchema = z.enum(['default', 's1-harness', 's1-readme']);

/**
 * - `default`: one total thinking budget, cue ids included; no cue when none remains.
 * - `s1-harness`: the released evaluation (lm-evaluation-harness fork), quirks included: the full limit in every pass,
 *   cut by ids at the end, `Final Answer:` only after a length stop.
 * - `s1-readme`: the sample in the README: one budget reduced by the ids of each pass (cue ids not counted), no explicit
 *   delimiter; the model writes it itself in the answer pass.
 */
export type Preset = z.infer<typeof presetSchema>;

const samplingSchema = z.object({
  temperature: z.number().min(0).max(2),
  topP: z.number().gt(0).max(1),
  /** 0: no limit. */
  topK: z.int().min(0),
  minP: z.number().min(0).max(1),
  repetitionPenalty: z.number().gt(0),
});
export type Sampling = z.infer<typeof samplingSchema>;

/** Which of several cues comes next: in turn and then the last again, in turn round and round, or one at random (seeded). */
export const cueOrderSchema = z.enum(['list', 'rotation', 'random']);

/** What becomes of a thought that repeats itself: a note, the next cue in place of an end, or an end and the answer. */
export const loopGuardSchema = z.enum(['off', 'mark', 'rotate', 'stop']);

/** Thinking stops as soon as the last `agree` probes, one every `everyTokens`, gave the same answer (Dynasor). */
export const earlyStopSchema = z.object({
  everyTokens: z.int().positive(),
  agree: z.int().min(2),
  /** Answer tokens of a probe at most. */
  probeTokens: z.int().positive(),
});

/**
 * Decoder `rebase`. `rules` are either ours or those of the released code:
 *
 * | | default | published |
 * |---|---|---|
 * | token limit of a node | the whole branch: `maxThinkingTokens` | its own step: `maxThinkingTokens` (named total there) |
 * | node at the limit, or at the last depth | thinking is ended for it, and it answers | no answer |
 * | vote | ties go to the higher score | ties go to the answer that was seen first |
 *
 * The released wrapper starts again until some leaf has an answer; here the search ends without one.
 */
export const searchSchema = z.strictObject({
  width: z.int().min(1).max(1024).default(8).describe('Branches at the same time, finished ones included.'),
  softmaxTemperature: z
    .number()
    .gt(0)
    .default(0.2)
    .describe('How much the scores matter when the width is shared out: low, the best step gets nearly all of it.'),
  depth: z.int().min(1).max(512).default(25).describe('Steps of a branch at most.'),
  step: z
    .enum(['line', 'blank-line', 'heading'])
    .default('line')
    .describe('What ends a step: a line end, a blank line, or the next heading (dialect s1-steps).'),
  maxStepTokens: z.int().positive().nullable().default(256).describe('Tokens of a step at most; null: no limit.'),
  leafText: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe('A step that contains this text is the last of its branch; null: only the end of thinking is.'),
  choose: z
    .enum(['majority', 'weighted-majority', 'best'])
    .default('majority')
    .describe('Which answer of the leaves is given: by votes, by votes weighted by score, or of the best score.'),
  rules: z.enum(['default', 'published']).default('default').describe('Ours, or those of the released code.'),
});
export type Search = z.infer<typeof searchSchema>;

export const dialectChoiceSchema = z.union([z.string().min(1), dialectSchema]);

/** The descriptions are what an editor shows at a field of a study. */
export const conditionFields = z.object({
  decoder: decoderSchema.describe(
    'How the thinking is controlled: bf (budget forcing), none, rejection, rebase (tree search), native-budget.',
  ),
  preset: presetSchema.describe('How budgets are counted: default, or as the released evaluation or README of s1 do.'),
  dialect: dialectChoiceSchema.describe(
    "How the model writes thinking: s1, s1-steps, think-tags, harmony, or one's own.",
  ),
  maxThinkingTokens: z
    .union([z.int().nonnegative(), z.enum(['auto', 'auto-each'])])
    .nullable()
    .describe(
      'Thinking tokens at most. auto: what the context leaves after the longest prompt of all problems, as the released evaluation computes it; auto-each: the same for each problem by itself; null: no cap.',
    ),
  minThinkingTokens: z.int().nonnegative().describe('Thinking tokens before an end is accepted.'),
  ignore: z
    .union([z.int().nonnegative(), z.literal('until-cap')])
    .describe(
      'How many times an end of thinking is suppressed; until-cap: every one, so that exactly the cap is thought.',
    ),
  cues: z
    .array(z.string())
    .min(1)
    .max(64)
    .describe('Appended in place of each suppressed end; an empty text: nothing is appended.'),
  cueOrder: cueOrderSchema.default('list').describe('Which of several cues is next: list, rotation or random.'),
  maxAnswerTokens: z.int().positive().nullable().describe('Answer tokens at most; null: as many as the context holds.'),
  sampling: samplingSchema.describe('Of both stages, unless the answer has its own.'),
  answerSampling: samplingSchema.nullable().default(null).describe('Sampling of the answer.'),
  temperaturePerCue: z
    .number()
    .min(0)
    .max(2)
    .default(0)
    .describe('Added to the temperature of thinking after each forced cue, up to 2 in all.'),
  bannedWords: z
    .array(z.string().min(1))
    .max(64)
    .default([])
    .describe(
      'Words that thinking may not contain (NoWait): each as written, capitalised, in lower case, with a space in front.',
    ),
  loopGuard: loopGuardSchema
    .default('off')
    .describe(
      'What becomes of a thought that repeats itself: mark it, rotate to the next cue, stop and answer, or off.',
    ),
  earlyStop: earlyStopSchema
    .nullable()
    .default(null)
    .describe('Stop as soon as the last probes agree (Dynasor): everyTokens, agree, probeTokens.'),
  closing: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe("Closes thinking that is ended for the model; null: the dialect's own text."),
  promptSuffix: z
    .string()
    .default('')
    .describe('Follows the question after two newlines (conditional control, s1 paper App. E.1).'),
  firstStep: z
    .enum(['model', 'instructed'])
    .default('model')
    .describe(
      'Dialect s1-steps: who writes the first heading; instructed: we do, with the number that the prompt asks for.',
    ),
  templateArguments: z
    .record(z.string(), z.union([z.string(), z.number(), z.boolean()]))
    .default({})
    .describe("Given to the server's chat template: enable_thinking, reasoning_effort."),
  maxTries: z
    .int()
    .min(1)
    .max(10_000)
    .default(64)
    .describe('Decoder rejection: so many thoughts are tried at most (the released code has no limit).'),
  search: searchSchema.prefault({}).describe('Decoder rebase: width, depth, steps, and how the answer is chosen.'),
  scorer: z
    .string()
    .min(1)
    .nullable()
    .default(null)
    .describe(
      'Decoder rebase: what judges the steps: random, likelihood, generative-prm, qwen-prm, llemma-prm, outcome, judge; then, after a colon, its server.',
    ),
  replicate: z
    .int()
    .nonnegative()
    .default(0)
    .describe('Tells equal conditions apart: other seeds, all else the same. What two of them differ by is noise.'),
});

type Fields = typeof conditionFields.shape;
type Optional<Field> =
  Field extends z.ZodDefault<infer Inner extends z.ZodType>
    ? z.ZodOptional<Inner>
    : z.ZodOptional<Extract<Field, z.ZodType>>;

/** Every field of a condition, none of them needed, none filled in. */
const optionalFields = Object.fromEntries(
  Object.entries(conditionFields.shape).map(([name, field]) => [
    name,
    (field instanceof z.ZodDefault ? field.unwrap() : field).optional().describe(field.description ?? ''),
  ]),
) as { [Name in keyof Fields]: Optional<Fields[Name]> };

/** What differs from the plain condition, as a file says it; of the sampling, too, only what differs from greedy. */
export const conditionChangesSchema = z.strictObject({
  ...optionalFields,
  sampling: samplingSchema
    .partial()
    .optional()
    .describe("Sampling; what is left out is the dialect's own (s1: greedy)."),
});
export type ConditionChanges = z.infer<typeof conditionChangesSchema>;

/** Traces of schema 1 have one `cue`. */
function fromFirstSchema(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || !('cue' in value)) return value;
  const { cue, ...rest } = value;
  return { ...rest, cues: [cue] };
}

export const conditionSchema = z.preprocess(fromFirstSchema, conditionFields);
export type Condition = z.infer<typeof conditionSchema>;

export const greedy: Sampling = { temperature: 0, topP: 1, topK: 0, minP: 0, repetitionPenalty: 1 };

const plain: Condition = {
  decoder: 'bf',
  preset: 'default',
  dialect: 's1',
  maxThinkingTokens: null,
  minThinkingTokens: 0,
  ignore: 0,
  cues: ['Wait'],
  cueOrder: 'list',
  maxAnswerTokens: null,
  sampling: greedy,
  answerSampling: null,
  temperaturePerCue: 0,
  bannedWords: [],
  loopGuard: 'off',
  earlyStop: null,
  closing: null,
  promptSuffix: '',
  firstStep: 'model',
  templateArguments: {},
  maxTries: 64,
  search: searchSchema.parse({}),
  scorer: null,
  replicate: 0,
};

/** A condition from what differs from greedy, uncapped, unextended thinking in the s1 dialect. */
export function createCondition(changes: Partial<Condition> = {}): Condition {
  return { ...plain, ...changes };
}

/**
 * Sampling where nothing else is said: as the makers of the dialect's models publish it, because models that were trained by
 * reinforcement tend to loop when they are greedy. The presets of s1 are greedy, as its evaluation was.
 */
export function usualSampling({ dialect, preset }: Pick<Condition, 'dialect' | 'preset'>): Sampling {
  const { sampling = {} } = preset === 'default' ? findDialect(dialect) : {};
  return { ...greedy, ...Object.fromEntries(Object.entries(sampling).filter(([, value]) => value !== undefined)) };
}

/** The plain condition with several sets of changes, the later ones over the earlier ones. */
export function conditionWith(dialect: Condition['dialect'], ...changes: ConditionChanges[]): Condition {
  const given = changes.map((each) => Object.entries(each).filter(([, value]) => value !== undefined));
  const condition = createCondition({ dialect, ...Object.fromEntries(given.flat()) });
  return { ...condition, sampling: Object.assign(usualSampling(condition), ...changes.map((each) => each.sampling)) };
}

/** The fields in which a condition differs from the plain one, in a fixed order. */
export function changesOf(condition: Condition): [keyof Condition, unknown][] {
  const names = Object.keys(plain).sort() as (keyof Condition)[];
  return names
    .filter((name) => JSON.stringify(condition[name]) !== JSON.stringify(plain[name]))
    .map((name) => [name, condition[name]]);
}

/** Names a condition in seeds and files: equal parameters, equal key; a parameter that is added later changes no key. */
export function conditionKey(condition: Condition): string {
  return shortHash(JSON.stringify(changesOf(condition)));
}

/** Index of the cue that goes in place of suppressed end number `extension` (from 0). */
export function cueIndex(
  { cues, cueOrder }: Condition,
  extension: number,
  { studySeed, problemKey, sample }: { studySeed: number; problemKey: string; sample: number },
): number {
  if (cueOrder === 'rotation') return extension % cues.length;
  if (cueOrder === 'list') return Math.min(extension, cues.length - 1);
  return passSeed({ studySeed, problemKey, conditionKey: 'cue', sample, pass: extension }) % cues.length;
}

/**
 * Refuses what cannot be meant.
 * @throws SecondThoughtError `bad-usage`
 */
export function checkCondition(condition: Condition): void {
  const { decoder, preset, maxThinkingTokens, minThinkingTokens, ignore, earlyStop, loopGuard } = condition;
  const isDefault = preset === 'default';
  const refuse = (message: string, remedy: string) => {
    throw new SecondThoughtError('bad-usage', message, { remedy });
  };
  if (decoder === 'rejection' && typeof maxThinkingTokens !== 'number')
    refuse('Rejection sampling needs a number of thinking tokens to fit.', 'Give --max-thinking-tokens N.');
  if (decoder === 'rejection' && condition.sampling.temperature === 0)
    refuse('Rejection sampling at temperature 0 would try the same thought again.', 'Give --temperature 1.');
  if (decoder === 'rebase') checkSearch(condition, refuse);
  else if (condition.scorer !== null || JSON.stringify(condition.search) !== JSON.stringify(plain.search))
    refuse(
      `A scorer and the shape of a search belong to a tree search, not to the decoder "${decoder}".`,
      'Add --decoder rebase, or leave them out.',
    );
  if (decoder === 'native-budget' && typeof maxThinkingTokens !== 'number')
    refuse("The server's own thinking budget needs a number of tokens.", 'Give --max-thinking-tokens N.');
  if (decoder !== 'bf' && (ignore !== 0 || minThinkingTokens > 0 || earlyStop !== null || !isDefault))
    refuse(
      `Cues, a minimum, an early stop and presets belong to budget forcing, not to the decoder "${decoder}".`,
      'Leave them out, or use --decoder bf.',
    );
  if (ignore === 'until-cap' && typeof maxThinkingTokens !== 'number')
    refuse('Thinking can only be extended until the cap if there is one.', 'Give --max-thinking-tokens N.');
  if (condition.firstStep === 'instructed' && !instructedSteps(condition))
    refuse(
      'The first step can only be numbered if the prompt asks for a number of steps.',
      'Add --prompt-suffix steps:N.',
    );
  if (!isDefault && (ignore === 'until-cap' || earlyStop !== null || loopGuard === 'rotate'))
    refuse(
      `The preset ${preset} knows neither exact budgets nor probes nor a rotation on loops.`,
      'Use the default preset for them.',
    );
  if (typeof maxThinkingTokens === 'number' && isDefault && minThinkingTokens > maxThinkingTokens)
    refuse(
      `At least ${minThinkingTokens} and at most ${maxThinkingTokens} thinking tokens cannot both hold.`,
      'Lower the minimum or raise the cap.',
    );
}

function checkSearch({ scorer, sampling, dialect, search, loopGuard }: Condition, refuse: Refuse): void {
  const name = typeof dialect === 'string' ? dialect : dialect.name;
  const hasHeadings = name === 's1-steps' || (typeof dialect !== 'string' && dialect.stepMark !== undefined);
  if (scorer === null)
    refuse('A tree search needs a scorer for its steps.', 'Give --scorer generative-prm, or another one.');
  else parseScorer(scorer);
  if (sampling.temperature === 0)
    refuse('A tree search at temperature 0 would take the same step again and again.', 'Give --temperature 1.');
  if (search.step === 'heading' && !hasHeadings)
    refuse(`The dialect "${name}" has no headings that could end a step.`, 'Use --step line, or --dialect s1-steps.');
  if (search.step !== 'heading' && hasHeadings)
    refuse(`In the dialect "${name}" steps end at headings.`, 'Add --step heading.');
  if (loopGuard === 'rotate') refuse('A tree search has no cues to rotate to.', 'Use --loop-guard stop.');
}

type Refuse = (message: string, remedy: string) => void;

/** How many steps the prompt asks for. */
export function instructedSteps({ promptSuffix }: Pick<Condition, 'promptSuffix'>): number | undefined {
  const count = /^Think for up to (\d+) steps\.$/.exec(promptSuffix)?.[1];
  return count === undefined ? undefined : Number(count);
}

/** The condition in a few words, for headings. */
export function describeCondition(condition: Condition): string {
  const { maxThinkingTokens, minThinkingTokens, ignore, sampling, answerSampling, earlyStop, promptSuffix } = condition;
  const parts: string[] = [];
  if (condition.decoder !== 'bf') parts.push(condition.decoder);
  if (condition.decoder === 'rebase') parts.push(`width ${condition.search.width}`, `scored by ${condition.scorer}`);
  if (ignore === 'until-cap') parts.push(`exactly ${maxThinkingTokens}, ${cueText(condition)}`);
  else if (maxThinkingTokens !== null) parts.push(`cap ${maxThinkingTokens}`);
  if (minThinkingTokens > 0) parts.push(`at least ${minThinkingTokens}`);
  if (ignore !== 'until-cap' && ignore > 0) parts.push(`${cueText(condition)} ×${ignore}`);
  if (promptSuffix !== '') parts.push(`asked: “${shortened(promptSuffix)}”`);
  if (earlyStop) parts.push(`stop when ${earlyStop.agree} probes agree`);
  if (condition.bannedWords.length > 0) parts.push(`without ${condition.bannedWords.join('/')}`);
  if (condition.loopGuard !== 'off') parts.push(`on a loop: ${condition.loopGuard}`);
  if (sampling.temperature > 0) parts.push(`temperature ${sampling.temperature}`);
  if (condition.temperaturePerCue > 0) parts.push(`+${condition.temperaturePerCue} per cue`);
  if (condition.closing !== null) parts.push(`closed by “${shortened(condition.closing.trim())}”`);
  if (answerSampling) parts.push(`answer at ${answerSampling.temperature}`);
  for (const [name, value] of Object.entries(condition.templateArguments)) parts.push(`${name}=${value}`);
  if (condition.preset !== 'default') parts.push(condition.preset);
  if (condition.replicate > 0) parts.push(`replicate ${condition.replicate}`);
  return parts.length === 0 ? 'no forcing' : parts.join(', ');
}

function cueText({ cues, cueOrder }: Condition): string {
  const texts = cues.map((cue) => (cue === '' ? 'no cue' : cue)).join('/');
  return cues.length > 1 && cueOrder !== 'list' ? `${texts} (${cueOrder})` : texts;
}

const shortened = (text: string) => (text.length > 40 ? `${text.slice(0, 39)}…` : text);
