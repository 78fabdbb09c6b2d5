import { SecondThoughtError } from '../base/errors';

/** Every scorer, by the name it has in conditions and flags, with what it is. */
export const scorerKinds = {
  random: 'a seeded random number: the control that every scorer has to beat',
  likelihood: 'exp of the mean log-probability of the branch under the policy itself (not REBASE as published)',
  'generative-prm':
    'a causal model that is asked for a good or a bad token behind each step; without a server the bundled one',
  'qwen-prm': 'a process reward model over /pooling, steps ended by <extra_0> (Qwen2.5-Math-PRM)',
  'llemma-prm': 'a process reward model over /pooling, steps ended by ки (Llemma reward model, Math-Shepherd)',
  outcome: 'a sequence classifier over /classify (Skywork-Reward)',
  judge: 'a chat model that is asked for a mark from 0 to 10',
} as const;
export type ScorerKind = keyof typeof scorerKinds;
export const scorerNames = Object.keys(scorerKinds) as ScorerKind[];

/** A scorer as it is written: `name[:server[#model]]`, the server by id or URL. */
export interface ScorerChoice {
  kind: ScorerKind;
  /** Null: the bundled reward model (`generative-prm`), or the policy's own server. */
  server: string | null;
  model: string | null;
}

const needsServer: readonly ScorerKind[] = ['qwen-prm', 'llemma-prm', 'outcome'];
const takesNone: readonly ScorerKind[] = ['random', 'likelihood'];

/** @throws SecondThoughtError `bad-usage` */
export function parseScorer(text: string): ScorerChoice {
  const [, name = '', server, model] = /^([^:#]*)(?::([^#]+))?(?:#(.+))?$/s.exec(text) ?? [];
  const kind = scorerNames.find((known) => known === name);
  if (!kind) {
    throw new SecondThoughtError('bad-usage', `There is no scorer named ${JSON.stringify(name || text)}.`, {
      remedy: `Use one of: ${scorerNames.join(', ')}.`,
    });
  }
  if (server === undefined && needsServer.includes(kind)) {
    throw new SecondThoughtError('bad-usage', `The scorer "${kind}" runs on a server of its own, and none is named.`, {
      remedy: `Write ${kind}:SERVER, with an id or a URL.`,
    });
  }
  if (server !== undefined && takesNone.includes(kind)) {
    throw new SecondThoughtError('bad-usage', `The scorer "${kind}" has no server of its own.`, {
      remedy: `Write ${kind} alone.`,
    });
  }
  return { kind, server: server ?? null, model: model ?? null };
}
