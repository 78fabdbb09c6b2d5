import * as vscode from 'vscode';
import { SecondThoughtError } from '../core/base/errors';
import { type Condition, conditionSchema, createCondition, usualSampling } from '../core/forcing/condition';
import { defaultGrader, type GraderSpec, graderSchema } from '../core/grade/graderSpec';
import { parseScorer } from '../core/scorers/scorerChoice';
import type { ServerSpec } from '../core/servers/serverSpec';
import { alternativesSchema } from '../core/traces/logprobs';
import { folderConfig } from './folderConfig';
import { settingsSection } from './ids';
import type { QuickSettings } from './memory';
import { activeServerId, type ChosenServer, judgeOf, type ServerSources, serverById } from './servers/knownServers';
import { refuseUntrusted } from './trust';

/** Everything that decides how a problem is run, resolved: this workspace's choice, folder file, settings, default. */
export interface RunSettings extends ChosenServer {
  condition: Condition;
  /** Of a scorer that names one. */
  scorerServer?: ServerSpec;
  samples: number;
  seed: number;
  grader: GraderSpec;
  /** Where a grader that asks a language model asks it. */
  judge: ChosenServer | undefined;
  /** Alternatives of the log-probabilities that are kept; 0: they are not. */
  logprobs: number;
}

/** The part of a request that says how its traces are judged and graded; nothing where it is done as usual. */
export const gradedBy = ({ grader, judge, scorerServer }: RunSettings) => ({
  ...(scorerServer ? { scorerServer } : {}),
  ...(grader === defaultGrader ? {} : { grader }),
  ...(judge ? { judge: judge.server } : {}),
});

const settings = () => vscode.workspace.getConfiguration(settingsSection);

/**
 * @throws SecondThoughtError `bad-usage` (a setting cannot be used, or names no server), `invalid-file` (the folder's
 *   file), `cancelled` (its servers were not accepted), `untrusted-folder`
 */
export async function runSettings(sources: ServerSources, changes: QuickSettings = {}): Promise<RunSettings> {
  refuseUntrusted();
  const folder = await folderConfig({ ask: false });
  const { server, entry, dialect } = await serverById(sources, await activeServerId(sources));
  const values = changed(fromSettings(), folder, sources.memory.quickSettings, changes);
  const { samples, seed } = values;
  const condition = checked(conditionOf(values, dialect));
  const scorerServer = await scorerServerOf(sources, condition);
  const grader = checkedGrader(values.grader);
  const judge = await judgeOf(sources, grader);
  const logprobs = usableAlternatives(values.logprobs);
  return { condition, samples, seed, logprobs, server, entry, dialect, grader, judge, ...scorerServer };
}

function conditionOf(values: Values, dialect: Condition['dialect']): Condition {
  const { decoder, temperature, maxThinkingTokens, ignore, cue, preset, scorer } = values;
  const own = usualSampling({ dialect, preset });
  const sampling = { ...own, temperature: temperature ?? own.temperature };
  if (decoder === 'bf') return createCondition({ preset, dialect, maxThinkingTokens, ignore, cues: [cue], sampling });
  if (decoder === 'none') return createCondition({ decoder, dialect, sampling });
  // At temperature 0 every branch would be the same.
  const warm = { ...sampling, temperature: sampling.temperature > 0 ? sampling.temperature : 1 };
  return createCondition({ decoder, dialect, maxThinkingTokens, sampling: warm, scorer });
}

/** The server that the scorer of a tree search names, with its key. @throws SecondThoughtError `bad-usage` */
export async function scorerServerOf(sources: ServerSources, { scorer }: Pick<Condition, 'scorer'>) {
  const named = scorer === null ? null : parseScorer(scorer).server;
  return named === null ? {} : { scorerServer: (await serverById(sources, named)).server };
}

type Values = { [K in keyof Required<Omit<QuickSettings, 'temperature'>>]: Exclude<QuickSettings[K], undefined> } & {
  /** Null: the dialect's own. */
  temperature: number | null;
  seed: number;
  scorer: string;
  grader: unknown;
  logprobs: number;
};

function fromSettings(): Values {
  return {
    decoder: settings().get('decoder', 'bf'),
    scorer: settings().get('scorer', 'generative-prm'),
    maxThinkingTokens: settings().get('maxThinkingTokens', null),
    ignore: settings().get('ignore', 2),
    cue: settings().get('cue', 'Wait'),
    preset: settings().get('preset', 'default'),
    temperature: settings().get<number | null>('temperature', null),
    samples: settings().get('samples', 1),
    seed: settings().get('seed', 0),
    grader: settings().get<unknown>('grader', defaultGrader),
    logprobs: settings().get('logprobs', 0),
  };
}

/** The values, with those that later ones say something about replaced, field by field. */
function changed<T extends object>(values: T, ...changes: object[]): T {
  const fields = changes.flatMap((change) => Object.entries(change));
  return { ...values, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) };
}

function checkedGrader(grader: unknown): GraderSpec {
  const parsed = graderSchema.safeParse(grader);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new SecondThoughtError('bad-usage', `The setting ${settingsSection}.grader cannot be used: ${issue?.message}.`);
}

function checked(condition: Condition): Condition {
  const parsed = conditionSchema.safeParse(condition);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw unusable(String(issue?.path.at(-1)), issue?.message);
}

function usableAlternatives(value: unknown): number {
  const { data, error } = alternativesSchema.safeParse(value);
  if (data !== undefined) return data;
  throw unusable('logprobs', error?.issues[0]?.message);
}

function unusable(name: string, reason = 'it does not fit'): SecondThoughtError {
  return new SecondThoughtError('bad-usage', `The setting ${settingsSection}.${name} cannot be used: ${reason}.`);
}
