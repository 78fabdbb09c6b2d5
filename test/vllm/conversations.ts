import { systemClock } from '../../src/core/base/clock';
import { type Condition, createCondition } from '../../src/core/forcing/condition';
import { generateTrace } from '../../src/core/forcing/generate';
import { prepareTrace } from '../../src/core/forcing/prepare';
import { GenerativePrm } from '../../src/core/scorers/generativePrm';
import { type Connection, connect } from '../../src/core/servers/connect';
import { examineServer } from '../../src/core/servers/doctor';
import { plainRequest } from '../../src/core/servers/measure';
import type { Finding } from '../../src/core/servers/serverFacts';
import type { Trace } from '../../src/core/traces/trace';

/** What is said to a server when it is recorded (`npm run vllm:record`), and again when the record is replayed. */
const never = new AbortController().signal;

function meet(url: string): Promise<Connection> {
  return connect({ kind: 'url', id: 'real', url, model: null, keySource: 'none' }, { packageRoot: '' });
}

async function force(url: string, changes: Partial<Condition>): Promise<Trace> {
  const { client, server } = await meet(url);
  const order = { problem: { question: 'What is 17+25+8?' }, condition: createCondition(changes), server };
  const trace = await prepareTrace(order, client, systemClock);
  return generateTrace(trace, { client, clock: systemClock, signal: never });
}

/** Fixture's name, and the conversation. */
export const traces = {
  'two-cues': (url: string) => force(url, { ignore: 2 }),
  capped: (url: string) => force(url, { maxThinkingTokens: 8 }),
};

export async function doctor(url: string): Promise<Finding[]> {
  const { client, kind, server } = await meet(url);
  return examineServer({ client, kind, dialect: 's1', version: server.version, signal: never });
}

/** Verdicts of the bundled reward model on a right and on a wrong step. */
export async function reward(url: string): Promise<number[]> {
  const { client } = await meet(url);
  const scorer = new GenerativePrm(client);
  const score = async (sum: string) => {
    const steps = ['Quick guess => 50', `17+25=${sum}`];
    const { value } = await scorer.score(
      { question: 'What is 17+25+8?', steps, ids: [], promptLength: 0, seed: 0 },
      never,
    );
    return value;
  };
  return [await score('42'), await score('43')];
}

/** A reply whose characters are of several ids, made so by a grammar of llama.cpp's; the last one is cut by the limit. */
export async function splitCharacters(
  url: string,
): Promise<{ written: number[]; received: number[]; reportedTokens: number }> {
  const { client } = await meet(url);
  const written = await client.tokenize('aéb→c');
  const request = { ...plainRequest(written, 5), extra: { grammar: 'root ::= "aéb→c"' } };
  let reportedTokens = 0;
  const received: number[] = [];
  for await (const chunk of client.complete(request, never)) {
    received.push(...chunk.tokenIds);
    reportedTokens = chunk.reportedTokens ?? reportedTokens;
  }
  return { written, received, reportedTokens };
}
