import { SecondThoughtError } from '../core/base/errors';
import type { Scorer } from '../core/scorers/scorer';
import { ScorerPool } from '../core/scorers/scorerPool';
import type { Connection } from '../core/servers/connect';
import type { ServerSpec } from '../core/servers/serverSpec';

/** The scorers of a window: one pool for each connection of a policy and each server that a scorer names. */
export class EngineScorers {
  readonly #pools = new Map<string, { policy: Connection; pool: ScorerPool }>();
  readonly #packageRoot: string;

  constructor(packageRoot: string) {
    this.#packageRoot = packageRoot;
  }

  /** The scorer of a condition, connected; undefined where it has none. @throws SecondThoughtError as `openScorer` */
  async get(text: string | null, policy: Connection, server: ServerSpec | undefined): Promise<Scorer | undefined> {
    if (text === null) return undefined;
    const key = JSON.stringify([text, policy.server, server]);
    const known = this.#pools.get(key);
    if (known?.policy === policy) return known.pool.get(text);
    await known?.pool.close(); // its policy was started anew
    const serverNamed = (name: string, model: string | null) => named(name, model, server);
    const pool = new ScorerPool({ packageRoot: this.#packageRoot, policy, serverNamed });
    this.#pools.set(key, { policy, pool });
    return pool.get(text).catch((error) => {
      this.#pools.delete(key); // the next command tries again
      throw error;
    });
  }

  async close(): Promise<void> {
    await Promise.all([...this.#pools.values()].map(({ pool }) => pool.close()));
  }
}

function named(name: string, model: string | null, server: ServerSpec | undefined): ServerSpec {
  if (!server) {
    throw new SecondThoughtError('bad-usage', `There is no server named "${name}" for the scorer.`, {
      remedy: 'Use Second Thought: Add Server, or another scorer.',
    });
  }
  return server.kind === 'url' && model !== null ? { ...server, model } : server;
}
