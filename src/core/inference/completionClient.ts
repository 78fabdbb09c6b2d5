import OpenAI from 'openai';
import {
  Agent,
  type Dispatcher,
  EnvHttpProxyAgent,
  type RequestInit as UndiciRequestInit,
  fetch as undiciFetch,
} from 'undici';
import { SecondThoughtError } from '../base/errors';
import { textEncoding } from '../tokens/estimate';
import { TextTokens } from '../tokens/textTokens';
import { boundReplies, isEventStream } from './boundedReply';
import type {
  CompletionChunk,
  CompletionRequest,
  MeasuringClient,
  ServerFacts,
  ServerLoad,
  TemplateArguments,
} from './inferenceClient';
import { type ErrorPlace, fromServerError, notAStream, roomTold, streamCut } from './serverErrors';
import { identify, wireOf } from './serverKind';
import { modelsReplySchema, parseLoad, parseReply } from './wire';
import type { Call, ServerLevel, WireFormat } from './wireFormat';
import { vllmWire } from './wireVllm';

export interface CompletionClientOptions {
  /** Base URL, with or without `/v1`. */
  url: string;
  model: string;
  apiKey?: string | undefined;
  /** Where the key came from, for error messages: a variable's name, a setting. */
  keySource?: string;
}

/** Node's timers take no longer delay; the SDK wants some time-out, and a thought may take an hour. */
const practicallyNeverMs = 2 ** 31 - 1;

/** A client of one model on one server, over the `openai` SDK. Nothing is sent before the first call. */
export class CompletionClient implements MeasuringClient {
  readonly url: string;
  readonly model: string;
  readonly #options: CompletionClientOptions;
  readonly #sdk: OpenAI;
  readonly #root: string;
  readonly #place: ErrorPlace;
  readonly #dispatcher: Dispatcher;
  #wire: WireFormat = vllmWire;
  #level: ServerLevel = 'ids';

  constructor(options: CompletionClientOptions) {
    this.#options = options;
    this.url = baseUrl(options.url);
    this.model = options.model;
    this.#root = this.url.replace(/\/v1$/, '');
    this.#place = { url: this.url, model: this.model, keySource: options.keySource ?? 'the API key' };
    this.#dispatcher = createDispatcher(this.url);
    this.#sdk = new OpenAI({
      baseURL: this.url,
      apiKey: options.apiKey ?? 'none',
      maxRetries: 0, // a retry would silently start a thought anew
      timeout: practicallyNeverMs,
      logLevel: 'off',
      defaultHeaders: { 'accept-encoding': 'identity' }, // the bound on replies counts bytes as they are sent
      // undici's own fetch: Node's built-in one does not accept a dispatcher of another undici version.
      fetch: ((input: string, init: UndiciRequestInit) =>
        undiciFetch(input, { ...init, dispatcher: this.#dispatcher })) as unknown as typeof fetch,
    });
  }

  /** Kind, version and models; from then on the server is spoken to as its kind wants it. */
  async facts(signal?: AbortSignal): Promise<ServerFacts> {
    const models = parseReply(modelsReplySchema, await this.#get('/v1/models', signal), `${this.url}/models`);
    const identity = await identify((path, body) =>
      body ? this.post(path, { model: this.model || models.data[0]?.id, ...body }, signal) : this.#get(path, signal),
    );
    const { kind, level, version, contextLength } = identity;
    this.#level = level;
    this.#wire = wireOf(identity, level === 'ids' ? null : new TextTokens(await textEncoding()));
    return {
      kind,
      level,
      version,
      models: models.data.map(({ id, max_model_len }) => ({ id, contextLength: max_model_len ?? contextLength })),
    };
  }

  /** The same server, another of its models. */
  withModel(model: string): CompletionClient {
    const other = new CompletionClient({ ...this.#options, model });
    other.#wire = this.#wire;
    other.#level = this.#level;
    return other;
  }

  get level(): ServerLevel {
    return this.#level;
  }

  declare(texts: readonly string[]): void {
    this.#wire.local?.declare(texts);
  }

  async tokenize(text: string, signal?: AbortSignal): Promise<number[]> {
    const { local } = this.#wire;
    if (local) return local.encode(text);
    return this.#ask(this.#wire.tokenize(text, this.model), this.#wire.readTokens, signal);
  }

  async renderChat(userText: string, signal?: AbortSignal, templateArguments: TemplateArguments = {}) {
    const wire = this.#wire;
    if (wire.local) return { promptIds: wire.local.encode(userText), contextLength: null };
    const prompt = await this.#ask(wire.renderChat(userText, this.model, templateArguments), wire.readPrompt, signal);
    if ('promptIds' in prompt) return prompt;
    const call = (wire.tokenizePrompt ?? wire.tokenize)(prompt.text, this.model);
    return { promptIds: await this.#ask(call, wire.readTokens, signal), contextLength: null };
  }

  async detokenize(tokenIds: number[], signal?: AbortSignal): Promise<string> {
    if (tokenIds.length === 0) return '';
    const { local } = this.#wire;
    if (local) return local.decode(tokenIds);
    return this.#ask(this.#wire.detokenize(tokenIds, this.model), this.#wire.readText, signal);
  }

  async *complete(request: CompletionRequest, signal: AbortSignal): AsyncGenerator<CompletionChunk> {
    const own = new AbortController();
    const either = AbortSignal.any([signal, own.signal]);
    const reader = this.#wire.openReader?.((text) => this.tokenize(text, either));
    let hasFinished = false;
    try {
      for await (const event of await this.#open(request, either)) {
        const chunk = reader ? await reader(event, this.url) : this.#wire.readChunk(event, this.url);
        hasFinished ||= chunk.finishReason !== null;
        yield chunk;
      }
      // The SDK ends its stream silently on abort and on a connection closed early: find out which ending this was.
      if (signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
      if (!hasFinished) throw streamCut(undefined, this.#place);
    } catch (error) {
      throw signal.aborted ? new SecondThoughtError('cancelled', 'Stopped.') : fromServerError(error, this.#place);
    } finally {
      own.abort(); // closing the socket is the only way to make the server stop
    }
  }

  async isAlive(signal?: AbortSignal): Promise<boolean> {
    try {
      const reply = await undiciFetch(`${this.#root}/health`, {
        dispatcher: this.#dispatcher,
        headers: { authorization: `Bearer ${this.#sdk.apiKey}` },
        signal: ownSignal(signal),
      });
      await reply.arrayBuffer();
      return reply.status !== 503; // a server without /health answers 404, and is alive
    } catch {
      return false;
    }
  }

  async load(signal?: AbortSignal): Promise<ServerLoad | null> {
    try {
      return parseLoad(String(await this.#get('/metrics', signal)));
    } catch {
      return null;
    }
  }

  async #open(request: CompletionRequest, signal: AbortSignal): Promise<AsyncIterable<unknown>> {
    const { path, body } = this.#wire.complete(request, this.model);
    const send = (asked: object = body) =>
      this.#sdk
        .post<AsyncIterable<unknown>>(`${this.#root}${path}`, { body: asked, signal, stream: true })
        .withResponse();
    const { data, response } = await this.#onceMore(() => send(), signal).catch((error) => {
      // Our count of a prompt is not the server's: it says how much room it has.
      const room = this.#wire.local ? roomTold(error) : null;
      if (room === null) throw error;
      return this.#onceMore(() => send({ ...body, max_tokens: room }), signal);
    });
    const contentType = response.headers.get('content-type');
    // What is not a stream of events has none to read: it would look like a connection that was lost, and be asked again.
    if (contentType !== null && !isEventStream(contentType)) throw notAStream(contentType, this.#place);
    return data;
  }

  async #ask<T>({ path, body }: Call, read: (reply: unknown, from: string) => T, signal?: AbortSignal): Promise<T> {
    return read(await this.post(path, body, signal), `${this.#root}${path}`);
  }

  async #get(path: string, signal?: AbortSignal): Promise<unknown> {
    return this.#asOurs(() => this.#sdk.get(`${this.#root}${path}`, { signal: ownSignal(signal) }), signal);
  }

  async post(path: string, body: object, signal?: AbortSignal): Promise<unknown> {
    return this.#asOurs(() => this.#sdk.post(`${this.#root}${path}`, { body, signal: ownSignal(signal) }), signal);
  }

  async #asOurs(send: () => Promise<unknown>, signal?: AbortSignal): Promise<unknown> {
    try {
      return await this.#onceMore(send, signal);
    } catch (error) {
      throw fromServerError(error, this.#place);
    }
  }

  /** A kept-alive socket may have been closed by the server at the same moment: nothing was received, so ask again. */
  async #onceMore<T>(send: () => Promise<T>, signal?: AbortSignal): Promise<T> {
    try {
      return await send();
    } catch (error) {
      if (signal?.aborted || !wasResetUnanswered(error)) throw error;
      return send();
    }
  }
}

function baseUrl(url: string): string {
  let parsed: URL;
  try {
    parsed = new URL(url);
  } catch {
    throw new SecondThoughtError('bad-usage', `${JSON.stringify(url)} is not a URL.`, {
      remedy: 'Give the base URL of a server, for example http://127.0.0.1:8000/v1.',
    });
  }
  if (parsed.protocol !== 'http:' && parsed.protocol !== 'https:') {
    throw new SecondThoughtError('bad-usage', `${JSON.stringify(url)} is not an http or https URL.`);
  }
  const trimmed = url.replace(/\/+$/, '');
  return trimmed.endsWith('/v1') ? trimmed : `${trimmed}/v1`;
}

/** No time-outs of its own (Node's default of 300 s would end queued requests); the proxy of the environment if set. */
function createDispatcher(url: string): Dispatcher {
  const options = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 4_000 };
  const { hostname } = new URL(url);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return (isLoopback ? new Agent(options) : new EnvHttpProxyAgent(options)).compose(boundReplies);
}

/** The SDK and fetch leave a listener on the signal they get: a signal of its own for each call, freed with it. */
function ownSignal(signal: AbortSignal | undefined): AbortSignal | null {
  return signal ? AbortSignal.any([signal]) : null;
}

function wasResetUnanswered(error: unknown): boolean {
  for (let cause: unknown = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && (cause.code === 'ECONNRESET' || cause.code === 'UND_ERR_SOCKET')) return true;
  }
  return false;
}
