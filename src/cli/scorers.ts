import { ScorerPool } from '../core/scorers/scorerPool';
import type { Connection } from '../core/servers/connect';
import { type Choice, type ServerFlags, serverNamed } from './serverOptions';

/** The scorers of a command: their servers are named like the policy's, and have the same key variable unless configured. */
export function scorerPool(places: {
  packageRoot: string;
  signal: AbortSignal;
  policy: Connection;
  flags: ServerFlags;
  choice: Choice;
}): ScorerPool {
  const { flags, choice, ...options } = places;
  const deterministic = flags.deterministic ? { deterministic: true } : {};
  return new ScorerPool({
    ...options,
    ...deterministic,
    serverNamed: (name, model) => ({
      ...serverNamed(name, choice, keyOf(flags)),
      ...(model === null ? {} : { model }),
    }),
  });
}

const keyOf = ({ apiKeyEnv }: ServerFlags) => (apiKeyEnv === undefined ? {} : { apiKeyEnv });
