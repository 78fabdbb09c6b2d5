import * as vscode from 'vscode';
import * as z from 'zod';
import { SecondThoughtError } from '../core/base/errors';
import { type Condition, conditionSchema, createCondition, greedy } from '../core/forcing/condition';
import { bundledServer, type ServerSpec } from '../core/servers/serverSpec';
import { settingsSection } from './ids';

const serverSetting = z.object({ id: z.string().min(1), url: z.string().min(1), model: z.string().nullish() });

/** The condition that the settings describe. @throws SecondThoughtError `bad-usage`, naming the setting */
export function configuredCondition(): Condition {
  const settings = vscode.workspace.getConfiguration(settingsSection);
  const condition = createCondition({
    preset: settings.get('preset', 'default'),
    dialect: settings.get('dialect', 's1'),
    maxThinkingTokens: settings.get('maxThinkingTokens', null),
    ignore: settings.get('ignore', 2),
    cue: settings.get('cue', 'Wait'),
    sampling: { ...greedy, temperature: settings.get('temperature', 0) },
  });
  const parsed = conditionSchema.safeParse(condition);
  if (parsed.success) return parsed.data;
  const issue = parsed.error.issues[0];
  throw new SecondThoughtError(
    'bad-usage',
    `The setting ${settingsSection}.${issue?.path.join('.')} cannot be used: ${issue?.message}.`,
  );
}

export function configuredSeed(): number {
  return vscode.workspace.getConfiguration(settingsSection).get('seed', 0);
}

/** The server that the settings name, with its key; the bundled model if they name none. */
export async function configuredServer(secrets: vscode.SecretStorage): Promise<ServerSpec> {
  const value = vscode.workspace.getConfiguration(settingsSection).get<unknown>('server', null);
  if (value === null || value === undefined) return bundledServer;
  const parsed = serverSetting.safeParse(value);
  if (!parsed.success) {
    throw new SecondThoughtError('bad-usage', `The setting ${settingsSection}.server is not a server.`, {
      remedy: 'It needs "id" and "url", for example { "id": "gpu01", "url": "http://gpu01:8000/v1" }.',
    });
  }
  const { id, url, model } = parsed.data;
  const apiKey = await secrets.get(secretName({ id, url }));
  const keySource = 'use the command Second Thought: Set API Key';
  return { kind: 'url', id, url, model: model ?? null, keySource, ...(apiKey ? { apiKey } : {}) };
}

/** A key belongs to an address too: a folder's settings that reuse an id for another one do not get it. */
export const secretName = ({ id, url }: { id: string; url: string }) => `server:${id} ${url.replace(/\/+$/, '')}`;
