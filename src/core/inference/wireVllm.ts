import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import type { CompletionChunk } from './inferenceClient';
import {
  completionChunkSchema,
  detokenizeReplySchema,
  parseReply,
  readLogprobs,
  toCompletionBody,
  tokenizeReplySchema,
} from './wire';
import { templateFields, type WireFormat } from './wireFormat';

/** vLLM from 0.10.2 on, and our own local server. */
export const vllmWire: WireFormat = {
  complete: (request, model) => ({ path: '/v1/completions', body: toCompletionBody(request, model) }),
  readChunk(event, url) {
    const reply = parseReply(completionChunkSchema, event, `A piece of the stream from ${url}`);
    const choice = reply.choices[0];
    if (choice?.text && !choice.token_ids) throw idsNotReturned(url);
    const tokenIds = choice?.token_ids ?? [];
    const lists = choice?.logprobs;
    return {
      tokenIds,
      text: choice?.text ?? '',
      finishReason: choice?.finish_reason ?? null,
      stopReason: choice?.stop_reason ?? null,
      cachedPromptTokens: reply.usage?.prompt_tokens_details?.cached_tokens ?? null,
      ...(lists?.top_logprobs ? { topLogprobs: lists.top_logprobs } : {}),
      ...(lists ? { logprobs: readLogprobs(lists, tokenIds.length) } : {}),
    };
  },
  tokenize: (prompt, model) => ({ path: '/tokenize', body: { model, prompt, add_special_tokens: false } }),
  readTokens: (reply, from) => parseReply(tokenizeReplySchema, reply, from).tokens,
  detokenize: (tokens, model) => ({ path: '/detokenize', body: { model, tokens } }),
  readText: (reply, from) => parseReply(detokenizeReplySchema, reply, from).prompt,
  renderChat: (content, model, extra) => ({
    path: '/tokenize',
    body: { model, messages: [{ role: 'user', content }], add_generation_prompt: true, ...templateFields(extra) },
  }),
  readPrompt(reply, from) {
    const { tokens, max_model_len } = parseReply(tokenizeReplySchema, reply, from);
    return { promptIds: tokens, contextLength: max_model_len ?? null };
  },
};

const namedTokensSchema = z.object({
  choices: z.array(z.looseObject({ logprobs: z.looseObject({ tokens: z.array(z.string()) }).nullish() })),
});

/** vLLM 0.6.4 to 0.10.1 has no `return_token_ids`: there the log-probabilities name each id, as `token_id:42`. */
export const oldVllmWire: WireFormat = {
  ...vllmWire,
  complete(request, model) {
    const { path, body } = vllmWire.complete(request, model);
    return { path, body: { logprobs: 0, ...body, return_tokens_as_token_ids: true } };
  },
  readChunk(event, url): CompletionChunk {
    const named = parseReply(namedTokensSchema, event, `A piece of the stream from ${url}`);
    const tokenIds = (named.choices[0]?.logprobs?.tokens ?? []).map((name) => idNamed(name, url));
    const choices = named.choices.map((choice) => ({ ...choice, token_ids: tokenIds }));
    const isSilent = tokenIds.length === 0;
    return vllmWire.readChunk(isSilent ? event : { ...(event as object), choices }, url);
  },
};

function idNamed(name: string, url: string): number {
  const id = /^token_id:(\d+)$/.exec(name)?.[1];
  if (id === undefined) throw idsNotReturned(url);
  return Number(id);
}

/** Whether a version of vLLM is older than `return_token_ids` (0.10.2). A version that is not a release counts as new. */
export function isOldVllm(version: string): boolean {
  const [, major = 0, minor = 0, patch = 0] = (/^v?(\d+)\.(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return /^v?\d+\.\d+\.\d+/.test(version) && major === 0 && (minor < 10 || (minor === 10 && patch < 2));
}

export function idsNotReturned(url: string): SecondThoughtError {
  return new SecondThoughtError('ids-not-returned', `The server at ${url} does not return token ids.`, {
    remedy: 'Exact forcing needs vLLM 0.10.2 or newer (field return_token_ids), or the bundled model.',
  });
}
