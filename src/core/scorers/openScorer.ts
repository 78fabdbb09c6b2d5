import { bundledRewardFile, type Connection, type ConnectOptions, connect } from '../servers/connect';
import { bundledServer, type ServerSpec } from '../servers/serverSpec';
import { GenerativePrm } from './generativePrm';
import { Judge, Likelihood, randomScorer } from './plainScorers';
import { OutcomeReward, PoolingPrm } from './poolingScorers';
import type { Scorer } from './scorer';
import { parseScorer, type ScorerChoice } from './scorerChoice';

/** A scorer that is connected. */
export interface OpenScorer {
  scorer: Scorer;
  /** Ends what was started for it, e.g. a local server. */
  close(): Promise<void>;
}

export interface ScorerPlaces extends ConnectOptions {
  /** The connection to the policy, for scorers that have no server of their own. */
  policy: Connection;
  /** A server by id or URL. @throws SecondThoughtError `bad-usage` */
  serverNamed(name: string, model: string | null): ServerSpec | Promise<ServerSpec>;
}

/** Connects to what a scorer needs. @throws SecondThoughtError as `connect`; `bad-usage` for an unknown name or server */
export async function openScorer(text: string, places: ScorerPlaces): Promise<OpenScorer> {
  const choice = parseScorer(text);
  if (choice.kind === 'random') return { scorer: randomScorer, close: async () => {} };
  const own = await ownConnection(choice, places);
  const connection = own ?? places.policy;
  const scorer = scorerOn(choice, connection);
  const turns: Scorer = {
    name: scorer.name,
    score: (request, signal) =>
      connection.scheduler.run({ key: `scorer ${text}`, signal, isBegun: true }, () => scorer.score(request, signal)),
  };
  return { scorer: turns, close: async () => own?.close() };
}

async function ownConnection(choice: ScorerChoice, { policy: _, serverNamed, ...options }: ScorerPlaces) {
  if (choice.server !== null) return connect(await serverNamed(choice.server, choice.model), options);
  if (choice.kind !== 'generative-prm') return null;
  return connect(bundledServer, { ...options, modelFile: bundledRewardFile(options.packageRoot) });
}

function scorerOn({ kind }: ScorerChoice, { client }: Connection): Scorer {
  switch (kind) {
    case 'random':
      return randomScorer;
    case 'likelihood':
      return new Likelihood(client);
    case 'generative-prm':
      return new GenerativePrm(client);
    case 'qwen-prm':
    case 'llemma-prm':
      return new PoolingPrm(kind, client);
    case 'outcome':
      return new OutcomeReward(client);
    case 'judge':
      return new Judge(client);
    default:
      return kind satisfies never;
  }
}
