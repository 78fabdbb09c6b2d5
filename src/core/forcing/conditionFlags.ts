import { SecondThoughtError } from '../base/errors';
import { parseScorer, scorerNames } from '../scorers/scorerChoice';
import {
  type Condition,
  createCondition,
  cueOrderSchema,
  decoderSchema,
  loopGuardSchema,
  presetSchema,
  type Search,
  searchSchema,
  usualSampling,
} from './condition';
import { promptSuffix } from './promptSuffix';

/**
 * How a condition is written as words of a command line: one table for reading the flags of `force` and for writing them
 * (Copy as CLI Command), so that what is copied is what was run.
 */
export interface ConditionFlag {
  /** As commander wants it: `--ignore <n|until-cap>`. */
  flags: string;
  description: string;
  /** What the texts given change; a flag may be given several times. @throws SecondThoughtError `bad-usage` */
  read(texts: string[], condition: Condition): Partial<Condition>;
  /** The texts that give this condition; none where the flag is not needed. */
  write(condition: Condition): (string | number)[];
}

const plain = createCondition();

export const conditionFlags: ConditionFlag[] = [
  {
    flags: '--decoder <name>',
    description: `how the thinking is controlled: ${decoderSchema.options.join(', ')} (bf)`,
    read: ([text]) => ({ decoder: oneOf('--decoder', decoderSchema.options, text) }),
    write: ({ decoder }) => unless(decoder === plain.decoder, decoder),
  },
  {
    flags: '--preset <name>',
    description: `how budgets are counted: ${presetSchema.options.join(', ')} (default)`,
    read: ([text]) => ({ preset: oneOf('--preset', presetSchema.options, text) }),
    write: ({ preset }) => unless(preset === plain.preset, preset),
  },
  {
    flags: '--max-thinking-tokens <n|auto|auto-each>',
    description: 'end the thinking after so many tokens',
    read: ([text]) => ({
      maxThinkingTokens: text === 'auto' || text === 'auto-each' ? text : count('--max-thinking-tokens', text),
    }),
    write: ({ maxThinkingTokens }) => (maxThinkingTokens === null ? [] : [maxThinkingTokens]),
  },
  {
    flags: '--min-thinking-tokens <n>',
    description: 'accept no end of thinking before (0)',
    read: ([text]) => ({ minThinkingTokens: count('--min-thinking-tokens', text) }),
    write: ({ minThinkingTokens }) => unless(minThinkingTokens === 0, minThinkingTokens),
  },
  {
    flags: '--ignore <n|until-cap>',
    description: 'how many times to suppress the end of thinking (0)',
    read: ([text]) => ({ ignore: text === 'until-cap' ? text : count('--ignore', text) }),
    write: ({ ignore }) => unless(ignore === 0, ignore),
  },
  {
    flags: '--cue <text>',
    description: 'what to append in its place, "" for nothing (Wait); given again: the next cues',
    read: (cues) => ({ cues }),
    write: ({ cues }) => (cues.length === 1 && cues[0] === plain.cues[0] ? [] : cues),
  },
  {
    flags: '--cue-order <name>',
    description: `which of several cues is next: ${cueOrderSchema.options.join(', ')} (list)`,
    read: ([text]) => ({ cueOrder: oneOf('--cue-order', cueOrderSchema.options, text) }),
    write: ({ cueOrder }) => unless(cueOrder === plain.cueOrder, cueOrder),
  },
  {
    flags: '--max-answer-tokens <n>',
    description: 'end the answer after so many tokens',
    read: ([text]) => ({ maxAnswerTokens: count('--max-answer-tokens', text, 1) }),
    write: ({ maxAnswerTokens }) => (maxAnswerTokens === null ? [] : [maxAnswerTokens]),
  },
  {
    flags: '--temperature <t>',
    description: "sampling temperature; 0 is greedy (the dialect's own; s1: 0)",
    read: ([text], { sampling }) => ({ sampling: { ...sampling, temperature: number('--temperature', text, 2) } }),
    write: (condition) => {
      const { temperature } = condition.sampling;
      return unless(temperature === usualSampling(condition).temperature, temperature);
    },
  },
  {
    flags: '--top-p <p>',
    description: "sample from the likeliest tokens that hold this share of the probability (the dialect's own; s1: 1)",
    read: ([text], { sampling }) => ({ sampling: { ...sampling, topP: number('--top-p', text, 1) } }),
    write: (condition) => unless(condition.sampling.topP === usualSampling(condition).topP, condition.sampling.topP),
  },
  {
    flags: '--answer-temperature <t>',
    description: 'temperature of the answer, if not that of the thinking',
    read: ([text], { sampling }) => ({
      answerSampling: { ...sampling, temperature: number('--answer-temperature', text, 2) },
    }),
    write: ({ answerSampling }) => (answerSampling === null ? [] : [answerSampling.temperature]),
  },
  {
    flags: '--temperature-per-cue <t>',
    description: 'added to the temperature after each forced cue (0)',
    read: ([text]) => ({ temperaturePerCue: number('--temperature-per-cue', text, 2) }),
    write: ({ temperaturePerCue }) => unless(temperaturePerCue === 0, temperaturePerCue),
  },
  {
    flags: '--ban <word>',
    description: 'a word that the thinking may not contain (NoWait); may be given again',
    read: (bannedWords) => ({ bannedWords }),
    write: ({ bannedWords }) => bannedWords,
  },
  {
    flags: '--loop-guard <what>',
    description: `what to do about a thought that repeats itself: ${loopGuardSchema.options.join(', ')} (off)`,
    read: ([text]) => ({ loopGuard: oneOf('--loop-guard', loopGuardSchema.options, text) }),
    write: ({ loopGuard }) => unless(loopGuard === plain.loopGuard, loopGuard),
  },
  {
    flags: '--early-stop <every,agree,tokens>',
    description:
      'probe the answer every so many tokens; stop when so many probes agree; each of so many tokens at most',
    read: ([text = '']) => ({ earlyStop: earlyStop(text) }),
    write: ({ earlyStop: e }) => (e === null ? [] : [`${e.everyTokens},${e.agree},${e.probeTokens}`]),
  },
  {
    flags: '--closing <text>',
    description: 'what ends thinking for the model, if not the dialect\'s own text; "qwen3": that model\'s sentence',
    read: ([text = '']) => ({ closing: namedClosings[text] ?? text }),
    write: ({ closing }) => (closing === null ? [] : [closing]),
  },
  {
    flags: '--prompt-suffix <text>',
    description: 'follows the question: tokens:N, steps:N, long, short (as the s1 evaluation words them), or a text',
    read: ([text = '']) => ({ promptSuffix: promptSuffix(text) }),
    write: ({ promptSuffix: suffix }) => unless(suffix === '', suffix),
  },
  {
    flags: '--first-step <who>',
    description:
      'dialect s1-steps: who writes the first heading: model, or instructed (the number in the prompt) (model)',
    read: ([text]) => ({ firstStep: oneOf('--first-step', ['model', 'instructed'] as const, text) }),
    write: ({ firstStep }) => unless(firstStep === plain.firstStep, firstStep),
  },
  {
    flags: '--template-argument <name=value>',
    description: 'for the chat template, e.g. enable_thinking=false or reasoning_effort=low; may be given again',
    read: (texts) => ({ templateArguments: Object.fromEntries(texts.map(templateArgument)) }),
    write: ({ templateArguments }) => Object.entries(templateArguments).map(([name, value]) => `${name}=${value}`),
  },
  {
    flags: '--max-tries <n>',
    description: 'decoder rejection: how many thoughts to try (64)',
    read: ([text]) => ({ maxTries: count('--max-tries', text, 1) }),
    write: ({ maxTries }) => unless(maxTries === plain.maxTries, maxTries),
  },
  searchFlag('--width <n>', 'decoder rebase: branches at the same time (8)', 'width', (text) =>
    count('--width', text, 1),
  ),
  searchFlag(
    '--softmax-temperature <t>',
    'decoder rebase: how much the scores matter; low: the best step gets nearly all (0.2)',
    'softmaxTemperature',
    (text) => number('--softmax-temperature', text, 1_000),
  ),
  searchFlag('--depth <n>', 'decoder rebase: steps of a branch at most (25)', 'depth', (text) =>
    count('--depth', text, 1),
  ),
  searchFlag(
    '--step <name>',
    `decoder rebase: what ends a step: ${searchSchema.shape.step.unwrap().options.join(', ')} (line)`,
    'step',
    (text) => oneOf('--step', searchSchema.shape.step.unwrap().options, text),
  ),
  searchFlag(
    '--max-step-tokens <n>',
    'decoder rebase: tokens of a step at most; 0: no limit (256)',
    'maxStepTokens',
    (text) => count('--max-step-tokens', text) || null,
  ),
  searchFlag(
    '--leaf-text <text>',
    'decoder rebase: a step with this text is the last of its branch',
    'leafText',
    (text = '') => text,
  ),
  searchFlag(
    '--choose <how>',
    `decoder rebase: which answer is given: ${searchSchema.shape.choose.unwrap().options.join(', ')} (majority)`,
    'choose',
    (text) => oneOf('--choose', searchSchema.shape.choose.unwrap().options, text),
  ),
  searchFlag(
    '--search-rules <name>',
    'decoder rebase: default, or published (token limits and leaves as in the released code)',
    'rules',
    (text) => oneOf('--search-rules', searchSchema.shape.rules.unwrap().options, text),
  ),
  {
    flags: '--scorer <name[:server]>',
    description: `what judges the steps of a tree search, or the samples of weighted-majority and best-of-n: ${scorerNames.join(', ')}`,
    read: ([text = '']) => {
      parseScorer(text);
      return { scorer: text };
    },
    write: ({ scorer }) => (scorer === null ? [] : [scorer]),
  },
  {
    flags: '--replicate <n>',
    description: 'the same again with other seeds: what differs is noise (0)',
    read: ([text]) => ({ replicate: count('--replicate', text) }),
    write: ({ replicate }) => unless(replicate === 0, replicate),
  },
];

/** A flag for one field of the search. */
function searchFlag<Name extends keyof Search>(
  flags: string,
  description: string,
  name: Name,
  read: (text: string | undefined) => Search[Name],
): ConditionFlag {
  return {
    flags,
    description,
    read: ([text], { search }) => ({ search: { ...search, [name]: read(text) } }),
    write: ({ search }) => unless(search[name] === plain.search[name], search[name] ?? 0),
  };
}

/**
 * Closing texts that a family of models has published. `qwen3`: the sentence of Qwen3's thinking budget (technical report,
 * section 4.7; model cards), to be used with the dialect `think-tags`.
 */
const namedClosings: Record<string, string> = {
  qwen3:
    'Considering the limited time by the user, I have to give the solution based on the thinking directly now.\n</think>\n\n',
};

/** The words that give a condition: `['--ignore', '2']`. */
export function toWords(condition: Condition): string[] {
  return conditionFlags.flatMap(({ flags, write }) =>
    write(condition).flatMap((value) => [flags.split(' ')[0] ?? '', String(value)]),
  );
}

const unless = (isPlain: boolean, value: string | number) => (isPlain ? [] : [value]);

function refuse(flag: string, text: string | undefined, wanted: string): never {
  throw new SecondThoughtError('bad-usage', `The flag ${flag} cannot be ${JSON.stringify(text ?? '')}: ${wanted}.`);
}

function oneOf<T extends string>(flag: string, names: readonly T[], text: string | undefined): T {
  return names.find((name) => name === text) ?? refuse(flag, text, `it is one of ${names.join(', ')}`);
}

function count(flag: string, text: string | undefined, least = 0): number {
  const value = Number(text);
  const isCount = text?.trim() !== '' && Number.isSafeInteger(value) && value >= least;
  return isCount ? value : refuse(flag, text, `it must be a whole number, ${least} or more`);
}

function number(flag: string, text: string | undefined, most: number): number {
  const value = Number(text);
  return text?.trim() !== '' && value >= 0 && value <= most
    ? value
    : refuse(flag, text, `it must be a number from 0 to ${most}`);
}

function earlyStop(text: string): Condition['earlyStop'] {
  const [everyTokens, agree, probeTokens, ...more] = text.split(',').map((part) => count('--early-stop', part, 1));
  if (everyTokens === undefined || agree === undefined || agree < 2 || more.length > 0)
    return refuse('--early-stop', text, 'write for example 64,3 or 64,3,24, with two probes or more that agree');
  return { everyTokens, agree, probeTokens: probeTokens ?? 24 };
}

/** `true`, `false` and numbers are what they look like. */
function templateArgument(text: string): [string, string | number | boolean] {
  const [, name, value] = /^([\w-]+)=(.*)$/s.exec(text) ?? [];
  if (name === undefined || value === undefined) return refuse('--template-argument', text, 'write name=value');
  if (value === 'true' || value === 'false') return [name, value === 'true'];
  return [name, value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value];
}
