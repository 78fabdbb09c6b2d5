import { type Command, Option } from 'commander';
import {
  type Condition,
  checkCondition,
  createCondition,
  presetSchema,
  usualSampling,
} from '../core/forcing/condition';
import { conditionFlags } from '../core/forcing/conditionFlags';
import { dialects } from '../core/inference/dialects';
import type { Choice } from './serverOptions';

/** What was given of each flag of a condition, by its name in camel case; commander's own naming. */
export type ConditionTexts = Record<string, unknown>;

/** The flags that make a condition; the same for every command that generates. */
export function addConditionOptions(command: Command): Command {
  for (const { flags, description } of conditionFlags) {
    command.addOption(new Option(flags, description).argParser((text, before: string[] = []) => [...before, text]));
  }
  return command.option(
    '--dialect <name>',
    `how the model writes thinking: ${dialects.map(({ name }) => name).join(', ')}, or one of a configuration file (as configured, else s1)`,
  );
}

/** Flags over configuration files over defaults. @throws SecondThoughtError `bad-usage` */
export function conditionFrom(texts: ConditionTexts, { dialect, config }: Choice): Condition {
  const preset = presetOf(texts) ?? config.preset ?? 'default';
  const { temperature } = config;
  let condition = createCondition({
    dialect,
    preset,
    maxThinkingTokens: config.maxThinkingTokens ?? null,
    ignore: config.ignore ?? 0,
    cues: [config.cue ?? 'Wait'],
    sampling: { ...usualSampling({ dialect, preset }), ...(temperature === undefined ? {} : { temperature }) },
  });
  for (const { flags, read } of conditionFlags) {
    const given = texts[new Option(flags).attributeName()];
    if (Array.isArray(given)) condition = { ...condition, ...read(given.map(String), condition) };
  }
  checkCondition(condition);
  return condition;
}

/** What the sampling depends on; a wrong name is refused where the flag is read. */
const presetOf = ({ preset }: ConditionTexts) => presetSchema.safeParse([preset].flat().at(-1)).data;
