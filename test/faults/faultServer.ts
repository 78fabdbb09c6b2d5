import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/**
 * A server in vLLM's dialect that does what a real one will not do on demand: stalls, splits, cuts, errs, lies. For tests
 * only. Each completion request is answered by the next of the given behaviours, step by step.
 */
export type Behaviour = (stream: FaultStream) => Promise<void> | void;

export interface FaultRequest {
  prompt: number[];
  max_tokens: number;
  min_tokens: number;
  stop_token_ids: number[];
  logit_bias?: Record<string, number>;
}

/**
 * Ids of the fault server's tokenizer: specials, then characters from 100 on; ids from 70,000 on are unknown to it, and
 * `piece` gives a text of several characters an id of its own.
 */
export const ids = {
  imStart: 0,
  imEnd: 1,
  unknown: 70_001,
  of: (text: string) => [...text].map((c) => 100 + (c.codePointAt(0) ?? 0)),
  piece: (text: string) => firstPiece + pieces.push(text) - 1,
};

const firstPiece = 2_000_000;
const pieces: string[] = [];
const specials = ['<|im_start|>', '<|im_end|>'];

export class FaultServer {
  readonly requests: FaultRequest[] = [];
  readonly #behaviours: Behaviour[];
  readonly #server: Server;
  readonly #closed: Promise<void>[] = [];
  /** False: `/health` says that the engine is dead. */
  isHealthy = true;
  /** How requests are answered beyond the given behaviours. */
  otherwise: Behaviour = natural('ok');
  contextLength = 32_768;

  private constructor(behaviours: Behaviour[]) {
    this.#behaviours = behaviours;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(...behaviours: Behaviour[]): Promise<FaultServer> {
    const server = new FaultServer(behaviours);
    await new Promise<void>((resolve) => server.#server.listen(0, '127.0.0.1', resolve));
    return server;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  /** Resolves when the client has closed the socket of that completion request, or it has ended. */
  closed(index: number): Promise<void> {
    return this.#closed[index] ?? Promise.reject(new Error(`no request ${index}`));
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  /** As after kill -9: every socket is cut, the port is free. What comes back goes on with the next behaviour. */
  async kill(): Promise<{ restart(): Promise<void> }> {
    const { port } = this.#server.address() as AddressInfo;
    await this.stop();
    return { restart: () => new Promise((resolve) => this.#server.listen(port, '127.0.0.1', resolve)) };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : {};
    if (request.url === '/v1/completions') {
      const behave = this.#behaviours[this.requests.length] ?? this.otherwise;
      this.requests.push(body);
      this.#closed.push(new Promise((resolve) => response.once('close', () => resolve())));
      return behave(new FaultStream(response, body));
    }
    if (request.url === '/health') response.writeHead(this.isHealthy ? 200 : 503).end();
    else
      response
        .writeHead(200, { 'content-type': 'application/json' })
        .end(JSON.stringify(this.#reply(request.url, body)));
  }

  #reply(
    url: string | undefined,
    body: { prompt?: string; messages?: { content: string }[]; tokens?: number[] },
  ): unknown {
    if (url === '/v1/models') return { data: [{ id: 'faulty', max_model_len: this.contextLength }] };
    if (url === '/version') return { version: '0.32.0' };
    if (url === '/detokenize') return { prompt: detokenize(body.tokens ?? []) };
    return { tokens: tokenize(body.messages?.[0]?.content ?? body.prompt ?? ''), max_model_len: this.contextLength };
  }
}

export function tokenize(text: string): number[] {
  const found: number[] = [];
  for (let at = 0; at < text.length; ) {
    const special = specials.find((candidate) => text.startsWith(candidate, at));
    const character = String.fromCodePoint(text.codePointAt(at) ?? 0);
    found.push(special ? specials.indexOf(special) : 100 + (text.codePointAt(at) ?? 0));
    at += special?.length ?? character.length;
  }
  return found;
}

/** Text of ids, as `/detokenize` gives it. */
export function detokenize(tokenIds: number[]): string {
  return tokenIds.map(textOf).join('');
}

function textOf(id: number): string {
  if (id >= firstPiece) return pieces[id - firstPiece] ?? '';
  if (id >= 70_000 && id < 80_000) return '';
  return specials[id] ?? String.fromCodePoint(id - 100);
}

/** One reply, written as the test says. */
export class FaultStream {
  readonly request: FaultRequest;
  readonly #response: ServerResponse;

  constructor(response: ServerResponse, request: FaultRequest) {
    this.#response = response;
    this.request = request;
  }

  /** An error status instead of a stream. */
  status(code: number, body: unknown, headers: Record<string, string> = {}): void {
    const isText = typeof body === 'string';
    this.#response.writeHead(code, { 'content-type': isText ? 'text/html' : 'application/json', ...headers });
    this.#response.end(isText ? body : JSON.stringify(body));
  }

  /** One event with these ids and this text. */
  send(tokenIds: unknown, text: unknown, finish: string | null = null, stopReason: unknown = null): void {
    this.event({ choices: [{ index: 0, text, token_ids: tokenIds, finish_reason: finish, stop_reason: stopReason }] });
  }

  event(value: unknown): void {
    this.raw(`data: ${JSON.stringify(value)}\n\n`);
  }

  /** Bytes as they are. */
  raw(bytes: string | Uint8Array): void {
    if (!this.#response.headersSent) this.#response.writeHead(200, { 'content-type': 'text/event-stream' });
    this.#response.write(bytes);
  }

  /** An event in writes of `size` bytes each, through the middle of frames and characters. */
  async split(value: unknown, size: number): Promise<void> {
    const bytes = Buffer.from(`data: ${JSON.stringify(value)}\n\n`, 'utf8');
    for (let at = 0; at < bytes.length; at += size) {
      this.raw(bytes.subarray(at, at + size));
      await new Promise((resolve) => setImmediate(resolve));
    }
  }

  done(): void {
    this.raw('data: [DONE]\n\n');
    this.#response.end();
  }

  /** The connection breaks, once what was written is on its way. */
  cut(): Promise<void> {
    return new Promise((resolve) => {
      this.#response.write('', () => {
        this.#response.destroy();
        resolve();
      });
    });
  }

  get isClosed(): boolean {
    return this.#response.destroyed;
  }

  /** Room for other work between two events. */
  breathe(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }
}

/** A well-behaved pass: text, one id per character, then a stop. */
export function natural(text: string, stop = ids.imStart): Behaviour {
  return (stream) => {
    for (const id of ids.of(text)) stream.send([id], textOf(id));
    stream.send([stop], '', 'stop', stop === ids.imEnd ? null : stop);
    stream.done();
  };
}
