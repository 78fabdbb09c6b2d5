import { readFileSync } from 'node:fs';
import { createServer, type IncomingMessage, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';

/** A request and what a real server answered, as they were on the wire: one line of `test/fixtures/vllm/*.jsonl`. */
export interface Exchange {
  method: string;
  path: string;
  /** Null for requests without one. */
  body: unknown;
  status: number;
  contentType: string;
  /** JSON, or the text of an event stream. */
  reply: string;
}

export const fixtureOf = (name: string, folder: string) => path.resolve('test', 'fixtures', folder, `${name}.jsonl`);

export function readExchanges(name: string, folder = 'vllm'): Exchange[] {
  const lines = readFileSync(fixtureOf(name, folder), 'utf8').trimEnd().split('\n');
  return lines.map((line) => JSON.parse(line));
}

/** Answers each request with what `reply` gives for it. */
export class ExchangeServer {
  readonly #server: Server;

  private constructor(reply: (asked: Asked) => Promise<Exchange> | Exchange) {
    this.#server = createServer(async (request, response) => {
      const { status, contentType, reply: text } = await reply(await readRequest(request));
      response.writeHead(status, { 'content-type': contentType }).end(text);
    });
  }

  static async start(reply: (asked: Asked) => Promise<Exchange> | Exchange): Promise<ExchangeServer> {
    const server = new ExchangeServer(reply);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

export type Asked = Pick<Exchange, 'method' | 'path' | 'body'>;

async function readRequest(request: IncomingMessage): Promise<Asked> {
  const chunks: Buffer[] = [];
  for await (const chunk of request) chunks.push(chunk as Buffer);
  const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : null;
  return { method: request.method ?? '', path: request.url ?? '', body };
}

/** A server that knows these exchanges, each in its turn, and nothing else; `left` are those that were not asked for. */
export async function startReplay(
  exchanges: Exchange[],
  change: (exchange: Exchange) => Exchange = (exchange) => exchange,
): Promise<{ server: ExchangeServer; left: Exchange[] }> {
  const left = [...exchanges];
  const key = (one: Asked) => JSON.stringify([one.method, one.path, one.body]);
  const server = await ExchangeServer.start((asked) => {
    const at = left.findIndex((exchange) => key(exchange) === key(asked));
    const [found] = at === -1 ? [] : left.splice(at, 1);
    return found ? change(found) : { ...asked, status: 404, contentType: 'application/json', reply: '{}' };
  });
  return { server, left };
}
