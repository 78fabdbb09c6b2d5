import type { Sampling } from '../forcing/condition';
import type { Tokenizer } from './dialects';
import type { ServerKind, ServerLevel } from './wireFormat';

/** One completion by ids: the only way this product generates (design: ids in, ids out). */
export interface CompletionRequest {
  promptIds: number[];
  maxTokens: number;
  minTokens: number;
  stopTokenIds: number[];
  /** Ends of several tokens, for servers that know stop strings; what came is looked through by ids all the same. */
  stopTexts?: string[];
  stopSequences?: number[][];
  seed: number;
  sampling: Sampling;
  /** Never to be sampled. */
  maskedTokenIds: number[];
  /** Never to be written, for words of several tokens; a server may not know the field. */
  bannedWords?: string[];
  /** For servers that render chats themselves, of level `chat`. */
  templateArguments?: TemplateArguments;
  /** Nothing but the context limits the reply. */
  isOpenEnded?: true;
  /** The server's own limit of thinking tokens. */
  thinkingTokenBudget?: number;
  /** Log-probabilities of the ids that come, and of so many of the likeliest at each place. */
  logprobs?: number;
  /** Fields sent as they are, to measure what a server does with them. */
  extra?: Readonly<Record<string, unknown>>;
}

/** What a server said about one id that it sent, of the unmodified model. */
export interface TokenLogprob {
  /** The id's text as the server names it: empty where it is part of a character. */
  text: string;
  /** In nats. */
  logprob: number;
  /** The likeliest by text; the id itself may be among them. A name that two ids share is there once. */
  top: [text: string, logprob: number][];
}

/** A piece of a stream. A piece may hold several ids, or none; `text` is not aligned with `tokenIds`. */
export interface CompletionChunk {
  tokenIds: number[];
  text: string;
  finishReason: string | null;
  stopReason: string | number | null;
  cachedPromptTokens: number | null;
  /** Tokens of the reply so far by the server's own count, where they may be more than the ids that it sent. */
  reportedTokens?: number;
  /** Per id, log-probabilities of the likeliest ones by name, where they were asked for. */
  topLogprobs?: (Record<string, number> | null)[];
  /** Of a reply that was kept from an earlier request: how long it took then. */
  kept?: { firstTokenMs: number | null; durationMs: number };
  /** One for each of `tokenIds`, where they were asked for and came: null where the server said nothing of that id. */
  logprobs?: (TokenLogprob | null)[];
}

/** What an endpoint tells about itself. */
export interface ServerFacts {
  kind: ServerKind;
  level: ServerLevel;
  version: string | null;
  /** Names of the served models, base model first. */
  models: { id: string; contextLength: number | null }[];
}

/** Requests in the server's queue and at work, where it tells. */
export interface ServerLoad {
  running: number;
  waiting: number;
}

/** Given to a chat template beside the messages: `enable_thinking`, `reasoning_effort`. */
export type TemplateArguments = Readonly<Record<string, string | number | boolean>>;

export interface InferenceClient extends Tokenizer {
  /** Without it `ids`. */
  readonly level?: ServerLevel;
  /** Fails with `stream-cut` if the stream ends without a finish reason; closing the iterator closes the socket. */
  complete(request: CompletionRequest, signal: AbortSignal): AsyncIterable<CompletionChunk>;
  /** Renders the chat template around one user message; the template is the server's, never guessed. */
  renderChat(
    userText: string,
    signal?: AbortSignal,
    templateArguments?: TemplateArguments,
  ): Promise<{ promptIds: number[]; contextLength: number | null }>;
  /** False if the server does not answer or says that its engine is dead. */
  isAlive(signal?: AbortSignal): Promise<boolean>;
  /** Null where `/metrics` cannot be read. */
  load(signal?: AbortSignal): Promise<ServerLoad | null>;
}

/** A client for measuring a server: it also reaches routes that generation does not need. */
export interface MeasuringClient extends InferenceClient {
  readonly model: string;
  /** Sends a body to a path below the server's root, e.g. `/pooling`; gives the reply as it is. */
  post(path: string, body: object, signal?: AbortSignal): Promise<unknown>;
}
