import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** One scripted completion: what the model says in one request. `ids` counts the stop id when it stops. */
export interface ScriptedCompletion {
  text: string;
  finish: 'stop' | 'length';
  ids?: number;
  /** Which id stopped it; `<|im_end|>` is the main EOS, for which vLLM gives no stop reason. */
  stop?: '<|im_start|>' | '<|im_end|>';
}

export interface CompletionBody {
  prompt: number[];
  max_tokens: number;
  min_tokens: number;
  stop_token_ids: number[];
  seed: number;
  logit_bias?: Record<string, number>;
}

const specials = ['<|im_start|>', '<|im_end|>', '<think>', '</think>'];
const firstCharacter = 100;
const firstPiece = 100_000;

/** One id per character, special tokens as single ids, and pieces of scripted texts with ids of their own. */
export class ScriptedTokenizer {
  readonly #pieces: string[] = [];

  tokenize(text: string): number[] {
    const ids: number[] = [];
    for (let at = 0; at < text.length; ) {
      const special = specials.find((candidate) => text.startsWith(candidate, at));
      ids.push(special ? specials.indexOf(special) : firstCharacter + text.charCodeAt(at));
      at += special ? special.length : 1;
    }
    return ids;
  }

  detokenize(ids: number[]): string {
    return ids
      .map((id) => specials[id] ?? this.#pieces[id - firstPiece] ?? String.fromCharCode(id - firstCharacter))
      .join('');
  }

  /** Splits a text into exactly `count` ids. */
  split(text: string, count: number): number[] {
    if (text.length === count) return this.tokenize(text);
    const size = Math.max(1, Math.floor(text.length / count));
    return Array.from({ length: count }, (_, index) => {
      const piece = index === count - 1 ? text.slice(index * size) : text.slice(index * size, (index + 1) * size);
      return firstPiece + this.#pieces.push(piece) - 1;
    });
  }
}

/**
 * A server in vLLM's dialect whose completions follow a script: for the test vectors of the released s1 evaluation, which
 * say what a model writes. Everything else about it is real: sockets, SSE, the openai SDK on the other side.
 */
export class ScriptedVllm {
  readonly tokenizer = new ScriptedTokenizer();
  readonly requests: CompletionBody[] = [];
  readonly #script: ScriptedCompletion[];
  readonly #server: Server;

  private constructor(script: ScriptedCompletion[]) {
    this.#script = script;
    this.#server = createServer((request, response) => void this.#answer(request, response));
  }

  static async start(script: ScriptedCompletion[]): Promise<ScriptedVllm> {
    const vllm = new ScriptedVllm(script);
    await new Promise<void>((resolve) => vllm.#server.listen(0, '127.0.0.1', resolve));
    return vllm;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.#server.address() as AddressInfo).port}/v1`;
  }

  async stop(): Promise<void> {
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const body = chunks.length > 0 ? JSON.parse(Buffer.concat(chunks).toString('utf8')) : {};
    if (request.url === '/v1/completions') return this.#complete(body, response);
    const reply = this.#reply(request.url ?? '', body);
    response.writeHead(reply === undefined ? 404 : 200, { 'content-type': 'application/json' });
    response.end(JSON.stringify(reply ?? { detail: 'Not Found' }));
  }

  #reply(url: string, body: { prompt?: string; messages?: { content: string }[]; tokens?: number[] }): unknown {
    if (url === '/v1/models') return { data: [{ id: 'scripted', max_model_len: 32_768 }] };
    if (url === '/version') return { version: '0.32.0' };
    if (url === '/health') return {};
    if (url === '/detokenize') return { prompt: this.tokenizer.detokenize(body.tokens ?? []) };
    if (url !== '/tokenize') return undefined;
    const chat = `<|im_start|>user\n${body.messages?.[0]?.content}<|im_end|>\n<|im_start|>assistant\n`;
    return { tokens: this.tokenizer.tokenize(body.messages ? chat : (body.prompt ?? '')), max_model_len: 32_768 };
  }

  #complete(body: CompletionBody, response: ServerResponse): void {
    const {
      text,
      finish,
      ids,
      stop = '<|im_start|>',
    } = this.#script[this.requests.length] ?? { text: '', finish: 'length' };
    this.requests.push(body);
    const length = ids === undefined ? text.length : ids - (finish === 'stop' ? 1 : 0);
    const tokenIds = this.tokenizer.split(text, length);
    if (finish === 'stop') tokenIds.push(specials.indexOf(stop));
    const stopReason = finish === 'stop' && stop !== '<|im_end|>' ? specials.indexOf(stop) : null;
    response.writeHead(200, { 'content-type': 'text/event-stream' });
    tokenIds.forEach((id, index) => {
      const isLast = index === tokenIds.length - 1;
      const isStop = isLast && finish === 'stop';
      const piece = { index: 0, text: isStop ? '' : this.tokenizer.detokenize([id]), token_ids: [id] };
      const ending = { finish_reason: isLast ? finish : null, stop_reason: isLast ? stopReason : null };
      response.write(`data: ${JSON.stringify({ choices: [{ ...piece, ...ending }] })}\n\n`);
    });
    response.write(`data: ${JSON.stringify({ choices: [], usage: { completion_tokens: tokenIds.length } })}\n\n`);
    response.end('data: [DONE]\n\n');
  }
}
