import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What a path answers: a JSON document, or a stream of events. A path without an answer is a 404. */
type Answer = { json: unknown } | { events: unknown[] };
export type Answers = Record<string, Answer | ((body: Record<string, unknown>) => Answer)>;

export interface Said {
  path: string;
  body: Record<string, unknown>;
}

/** A server of some other kind, as a script: answers by path, and a record of all that was said to it. */
export class ConversationServer {
  readonly said: Said[] = [];
  readonly #server;

  private constructor(answers: Answers) {
    this.#server = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk as Buffer);
      const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : {};
      const path = request.url ?? '';
      this.said.push({ path, body });
      const given = answers[path];
      const answer = typeof given === 'function' ? given(body) : given;
      if (!answer) return response.writeHead(404, { 'content-type': 'application/json' }).end('{"detail":"Not Found"}');
      if ('json' in answer) {
        return response.writeHead(200, { 'content-type': 'application/json' }).end(JSON.stringify(answer.json));
      }
      response.writeHead(200, { 'content-type': 'text/event-stream' });
      for (const event of answer.events) response.write(`data: ${JSON.stringify(event)}\n\n`);
      return response.end();
    });
  }

  static async start(answers: Answers): Promise<ConversationServer> {
    const server = new ConversationServer(answers);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}`;
  }

  /** Bodies sent to a path, in order. */
  to(path: string): Record<string, unknown>[] {
    return this.said.filter((one) => one.path === path).map(({ body }) => body);
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}
