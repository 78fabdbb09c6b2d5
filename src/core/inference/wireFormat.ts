import * as z from 'zod';
import type { TextTokens } from '../tokens/textTokens';
import type { CompletionChunk, CompletionRequest, TemplateArguments } from './inferenceClient';

/** Programs that serve models, as far as their HTTP interfaces differ. */
export type ServerKind = 'second-thought' | 'vllm' | 'sglang' | 'llama.cpp' | 'openai';

/**
 * What a server lets be done. `ids`: token ids in and out, so forcing is exact. `text`: texts in and out, so forcing is
 * approximate, and so is every count. `chat`: whole answers only, nothing can be forced.
 */
export const serverLevelSchema = z.enum(['ids', 'text', 'chat']);
export type ServerLevel = z.infer<typeof serverLevelSchema>;

/** A body and the path below the server's root that takes it. */
export interface Call {
  path: string;
  body: object;
}

/** vLLM, SGLang and llama.cpp name the field alike. */
export function templateFields(templateArguments: TemplateArguments): object {
  return Object.keys(templateArguments).length > 0 ? { chat_template_kwargs: templateArguments } : {};
}

/** How one kind of server is spoken to. `read…` get replies as they came; `from` names their place in errors. */
export interface WireFormat {
  complete(request: CompletionRequest, model: string): Call;
  /** @throws SecondThoughtError `invalid-reply`, `ids-not-returned` */
  readChunk(event: unknown, url: string): CompletionChunk;
  /** Where events are not to be understood one by one: a reader for one stream, instead of `readChunk`. */
  openReader?(tokenize: (text: string) => Promise<number[]>): (event: unknown, url: string) => Promise<CompletionChunk>;
  tokenize(text: string, model: string): Call;
  readTokens(reply: unknown, from: string): number[];
  detokenize(tokenIds: number[], model: string): Call;
  readText(reply: unknown, from: string): string;
  /** Renders one user message. A server may need two calls: then the first gives a text that is tokenized as `second` says. */
  renderChat(userText: string, model: string, templateArguments: TemplateArguments): Call;
  readPrompt(reply: unknown, from: string): { promptIds: number[]; contextLength: number | null } | { text: string };
  tokenizePrompt?(text: string): Call;
  /** Servers without ids: texts become ids of our own making, here. */
  local?: TextTokens;
}
