import { systemClock } from '../../src/core/base/clock';
import { type Condition, createCondition } from '../../src/core/forcing/condition';
import { generateTrace } from '../../src/core/forcing/generate';
import { prepareTrace } from '../../src/core/forcing/prepare';
import { type Connection, connect } from '../../src/core/servers/connect';
import { examineServer } from '../../src/core/servers/doctor';
import type { Finding } from '../../src/core/servers/serverFacts';
import type { Trace } from '../../src/core/traces/trace';

/** What is said to vLLM when it is recorded (`npm run vllm:record`), and again when the record is replayed. */
const never = new AbortController().signal;

function meet(url: string): Promise<Connection> {
  return connect({ kind: 'url', id: 'vllm', url, model: null, keySource: 'none' }, { packageRoot: '' });
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
  const { client, server } = await meet(url);
  return examineServer({ client, kind: 'vllm', dialect: 's1', version: server.version, signal: never });
}
