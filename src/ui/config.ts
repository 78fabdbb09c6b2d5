import * as vscode from 'vscode';
import { SecondThoughtError } from '../core/base/errors';
import { type Condition, conditionSchema, createCondition, usualSampling } from '../core/forcing/condition';
import { parseScorer } from '../core/scorers/scorerChoice';
import type { ServerSpec } from '../core/servers/serverSpec';
import { folderConfig } from './folderConfig';
import { settingsSection } from './ids';
import type { QuickSettings } from './memory';
import { activeServerId, type ChosenServer, type ServerSources, serverById } from './servers/knownServers';
import { refuseUntrusted } from './trust';

/** Everything that decides how a problem is run, resolved: this workspace's choice, folder file, settings, default. */
export interface RunSettings extends ChosenServer {
  condition: Condition;
  /** Of a scorer that names one. */
  scorerServer?: ServerSpec;
  samples: number;
  seed: number;
}

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
  return { condition, samples, seed, server, entry, dialect, ...scorerServer };
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
  };
}

/** The values, with those that later ones say something about replaced, field by field. */
function changed<T extends object>(values: T, ...changes: object[]): T {
  const fields = changes.flatMap((change) => Object.entries(change));
  return { ...values, ...Object.fromEntries(fields.filter(([, value]) => value !== undefined)) };
}

function checked(condition: Condition): Condition {
  const parsed = conditionSchema.safeParse(condition);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  const name = `${settingsSection}.${issue?.path.at(-1)?.toString()}`;
  throw new SecondThoughtError('bad-usage', `The setting ${name} cannot be used: ${issue?.message}.`);
}
