import OpenAI from 'openai';
import { Agent, EnvHttpProxyAgent, type RequestInit as UndiciRequestInit, fetch as undiciFetch } from 'undici';
import { SecondThoughtError } from '../base/errors';
import type { CompletionChunk, CompletionRequest, MeasuringClient, ServerFacts, ServerLoad } from './inferenceClient';
import { type ErrorPlace, fromServerError, streamCut } from './serverErrors';
import {
  completionChunkSchema,
  detokenizeReplySchema,
  modelsReplySchema,
  parseLoad,
  parseReply,
  toCompletionBody,
  tokenizeReplySchema,
  versionReplySchema,
} from './wire';

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
  readonly #sdk: OpenAI;
  readonly #root: string;
  readonly #place: ErrorPlace;
  readonly #dispatcher: Agent | EnvHttpProxyAgent;

  constructor(options: CompletionClientOptions) {
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
      // undici's own fetch: Node's built-in one does not accept a dispatcher of another undici version.
      fetch: ((input: string, init: UndiciRequestInit) =>
        undiciFetch(input, { ...init, dispatcher: this.#dispatcher })) as unknown as typeof fetch,
    });
  }

  /** Version and models. The version is null where the server has no `/version`. */
  async facts(signal?: AbortSignal): Promise<ServerFacts> {
    const models = parseReply(modelsReplySchema, await this.#get('/v1/models', signal), `${this.url}/models`);
    const version = await this.#get('/version', signal).catch(() => null);
    const parsed = versionReplySchema.safeParse(version);
    return {
      version: parsed.success ? parsed.data.version : null,
      models: models.data.map(({ id, max_model_len }) => ({ id, contextLength: max_model_len ?? null })),
    };
  }

  async tokenize(text: string, signal?: AbortSignal): Promise<number[]> {
    const body = { model: this.model, prompt: text, add_special_tokens: false };
    return (await this.#tokenize(body, signal)).tokens;
  }

  async renderChat(userText: string, signal?: AbortSignal) {
    const messages = [{ role: 'user', content: userText }];
    const reply = await this.#tokenize({ model: this.model, messages, add_generation_prompt: true }, signal);
    return { promptIds: reply.tokens, contextLength: reply.max_model_len ?? null };
  }

  async detokenize(tokenIds: number[], signal?: AbortSignal): Promise<string> {
    if (tokenIds.length === 0) return '';
    const reply = await this.post('/detokenize', { model: this.model, tokens: tokenIds }, signal);
    return parseReply(detokenizeReplySchema, reply, `${this.#root}/detokenize`).prompt;
  }

  async *complete(request: CompletionRequest, signal: AbortSignal): AsyncGenerator<CompletionChunk> {
    const own = new AbortController();
    const either = AbortSignal.any([signal, own.signal]);
    let hasFinished = false;
    try {
      for await (const event of await this.#open(request, either)) {
        const reply = parseReply(completionChunkSchema, event, `A piece of the stream from ${this.url}`);
        if (reply.choices[0]?.text && !reply.choices[0].token_ids) throw idsNotReturned(this.url);
        const chunk = toChunk(reply);
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

  async #open(request: CompletionRequest, signal: AbortSignal) {
    // The builder's fields go beyond the SDK's types; ids of a prompt are number[] in both.
    const body = toCompletionBody(request, this.model) as OpenAI.CompletionCreateParamsStreaming;
    const stream = await this.#onceMore(() => this.#sdk.completions.create(body, { signal }), signal);
    return stream as AsyncIterable<unknown>;
  }

  async #tokenize(body: object, signal?: AbortSignal) {
    return parseReply(tokenizeReplySchema, await this.post('/tokenize', body, signal), `${this.#root}/tokenize`);
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
function createDispatcher(url: string): Agent | EnvHttpProxyAgent {
  const options = { headersTimeout: 0, bodyTimeout: 0, keepAliveTimeout: 4_000 };
  const { hostname } = new URL(url);
  const isLoopback = hostname === 'localhost' || hostname === '[::1]' || hostname.startsWith('127.');
  return isLoopback ? new Agent(options) : new EnvHttpProxyAgent(options);
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

function toChunk(event: ReturnType<typeof completionChunkSchema.parse>): CompletionChunk {
  const choice = event.choices[0];
  const topLogprobs = choice?.logprobs?.top_logprobs;
  return {
    ...(topLogprobs ? { topLogprobs } : {}),
    tokenIds: choice?.token_ids ?? [],
    text: choice?.text ?? '',
    finishReason: choice?.finish_reason ?? null,
    stopReason: choice?.stop_reason ?? null,
    cachedPromptTokens: event.usage?.prompt_tokens_details?.cached_tokens ?? null,
  };
}

function idsNotReturned(url: string): SecondThoughtError {
  return new SecondThoughtError('ids-not-returned', `The server at ${url} does not return token ids.`, {
    remedy: 'Exact forcing needs vLLM 0.10.2 or newer (field return_token_ids), or the bundled model.',
  });
}
