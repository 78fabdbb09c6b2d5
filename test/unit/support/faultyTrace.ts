import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { type GenerateOptions, generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { type Connection, connect } from '../../../src/core/servers/connect';
import type { Trace } from '../../../src/core/traces/trace';
import { type Behaviour, FaultServer, ids, natural } from '../../faults/faultServer';

export interface Begun {
  trace: Trace;
  connection: Connection;
  server: FaultServer;
}

/** An answer that ends well. */
export const answer = natural('\n42', ids.imEnd);

/** A trace that is ready to run, on a server that will behave as told. The caller stops the server. */
export async function begin(changes: Partial<Condition>, ...behaviours: Behaviour[]): Promise<Begun> {
  const server = await FaultServer.start(...behaviours);
  const connection = await connect(
    { kind: 'url', id: 'faulty', url: server.url, model: null, keySource: 'use --api-key-env NAME' },
    { packageRoot: '' },
  );
  const order = { problem: { question: 'q?' }, condition: createCondition(changes), server: connection.server };
  return { server, connection, trace: await prepareTrace(order, connection.client, systemClock) };
}

export function go({ trace, connection }: Pick<Begun, 'trace' | 'connection'>, options: Partial<GenerateOptions> = {}) {
  const signal = new AbortController().signal;
  return generateTrace(trace, { client: connection.client, clock: systemClock, signal, ...options });
}
