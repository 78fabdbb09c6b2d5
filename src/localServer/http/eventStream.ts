import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import { errorBody } from './errors';

/** A signal that aborts when the client closes its connection before the reply is complete. */
export function whileConnected(response: ServerResponse): AbortSignal {
  const controller = new AbortController();
  response.once('close', () => {
    if (!response.writableFinished) controller.abort(new Error('The client closed the connection.'));
  });
  return controller.signal;
}

/** Server-sent events as vLLM writes them: `data:` lines only, `[DONE]` at the end. */
export class EventStream {
  readonly #response: ServerResponse;
  readonly #signal: AbortSignal;

  constructor(response: ServerResponse, signal: AbortSignal) {
    this.#response = response;
    this.#signal = signal;
    response.writeHead(200, { 'content-type': 'text/event-stream; charset=utf-8', 'cache-control': 'no-cache' });
    response.flushHeaders();
  }

  /** Waits while the client is slow to read. */
  async send(event: unknown): Promise<void> {
    if (this.#response.write(`data: ${JSON.stringify(event)}\n\n`)) return;
    await once(this.#response, 'drain', { signal: this.#signal });
  }

  end(): void {
    this.#response.end('data: [DONE]\n\n');
  }

  /** Ends a stream that failed: the status is out already, so the error is an event. */
  fail(error: unknown): void {
    if (this.#signal.aborted) this.#response.destroy();
    else this.#response.end(`data: ${JSON.stringify(errorBody(error))}\n\ndata: [DONE]\n\n`);
  }
}
