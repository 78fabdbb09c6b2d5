import { type Command, Option } from 'commander';
import { SecondThoughtError } from '../core/base/errors';
import { bundledServer, type ServerSpec } from '../core/servers/serverSpec';

export interface ServerFlags {
  server?: string;
  apiKeyEnv?: string;
  model?: string;
  deterministic?: boolean;
}

/** The flags that choose a server; the same for every command that talks to one. */
export function addServerOptions(command: Command): Command {
  return command
    .addOption(
      new Option('--server <url>', 'inference server, e.g. http://127.0.0.1:8000/v1; without it: the bundled model'),
    )
    .addOption(new Option('--api-key-env <name>', 'environment variable that holds the API key'))
    .addOption(new Option('--model <name>', 'model to use on that server; without it: the first it lists'))
    .addOption(new Option('--deterministic', 'bundled model: evaluate every sequence alone'));
}

export function serverOf(flags: ServerFlags): ServerSpec {
  if (flags.server === undefined || flags.server === 'bundled') return refuseStray(flags);
  const { apiKeyEnv } = flags;
  const apiKey = apiKeyEnv === undefined ? undefined : keyFrom(apiKeyEnv);
  return {
    kind: 'url',
    id: flags.server,
    url: flags.server,
    model: flags.model ?? null,
    ...(apiKey === undefined ? {} : { apiKey }),
    keySource: apiKeyEnv === undefined ? 'use --api-key-env NAME' : `environment variable ${apiKeyEnv}`,
  };
}

function refuseStray(flags: ServerFlags): ServerSpec {
  if (flags.model === undefined && flags.apiKeyEnv === undefined) return bundledServer;
  throw new SecondThoughtError('bad-usage', '--model and --api-key-env belong to a --server, and none is named.', {
    remedy: 'Add --server URL, or leave them out to use the bundled model.',
  });
}

function keyFrom(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new SecondThoughtError('bad-usage', `The environment variable ${name} is not set, so there is no API key.`, {
    remedy: `Set it, for example: export ${name}=…`,
  });
}
