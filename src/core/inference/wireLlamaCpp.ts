import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import type { CompletionChunk, CompletionRequest } from './inferenceClient';
import { parseReply } from './wire';
import { templateFields, type WireFormat } from './wireFormat';

const ids = z.array(z.int().nonnegative());
const probabilitySchema = z.object({ token: z.string(), logprob: z.number() });
const chunkSchema = z.object({
  content: z.string(),
  tokens: ids.nullish(),
  tokens_predicted: z.int().nonnegative().nullish(),
  stop: z.boolean().nullish(),
  stop_type: z.enum(['none', 'eos', 'limit', 'word']).nullish(),
  stopping_word: z.string().nullish(),
  timings: z.object({ cache_n: z.int().nullish() }).nullish(),
  completion_probabilities: z
    .array(
      probabilitySchema.extend({
        id: z.int(),
        top_logprobs: z.array(probabilitySchema.extend({ id: z.int().nonnegative() })),
      }),
    )
    .nullish(),
});
const tokensSchema = z.object({ tokens: ids });
const contentSchema = z.object({ content: z.string() });
const promptSchema = z.object({ prompt: z.string() });

/**
 * llama.cpp's own server, by its native routes. It knows no stop ids: passes are cut by what is received, and the stream
 * is closed. Where it ends by itself it may leave out the end's id, so its end is never taken for the last id received.
 */
export const llamaCppWire: WireFormat = {
  complete: (request) => ({ path: '/completion', body: toBody(request) }),
  readChunk,
  openReader(tokenize) {
    let received = 0;
    return async (event, url) => {
      const chunk = readChunk(event, url);
      const { text, tokenIds, reportedTokens = 0 } = chunk;
      const missing = reportedTokens - received - tokenIds.length;
      const whole =
        missing > 0 && tokenIds.length > 0 ? await withWithheld(text, tokenIds, missing, tokenize) : tokenIds;
      received += whole.length;
      const unknown = Array.from({ length: whole.length - tokenIds.length }, () => null);
      return { ...chunk, tokenIds: whole, ...(chunk.logprobs ? { logprobs: [...unknown, ...chunk.logprobs] } : {}) };
    };
  },
  tokenize: (content) => ({ path: '/tokenize', body: { content, add_special: false, parse_special: true } }),
  readTokens: (reply, from) => parseReply(tokensSchema, reply, from).tokens,
  detokenize: (tokens) => ({ path: '/detokenize', body: { tokens } }),
  readText: (reply, from) => parseReply(contentSchema, reply, from).content,
  renderChat: (content, _model, extra) => ({
    path: '/apply-template',
    body: { messages: [{ role: 'user', content }], ...templateFields(extra) },
  }),
  readPrompt: (reply, from) => ({ text: parseReply(promptSchema, reply, from).prompt }),
  /** The template leaves a beginning-of-sequence id to the tokenizer. */
  tokenizePrompt: (content) => ({ path: '/tokenize', body: { content, add_special: true, parse_special: true } }),
};

function readChunk(event: unknown, url: string): CompletionChunk {
  const reply = parseReply(chunkSchema, event, `A piece of the stream from ${url}`);
  const ends = reply.stop ? reply.stop_type : null;
  const listed = reply.completion_probabilities;
  return {
    tokenIds: reply.tokens ?? [],
    text: reply.content,
    finishReason: ends === null || ends === undefined ? null : ends === 'limit' ? 'length' : 'stop',
    stopReason: ends === 'eos' ? 'eos' : ends === 'word' ? (reply.stopping_word ?? 'word') : null,
    cachedPromptTokens: reply.timings?.cache_n ?? null,
    ...(reply.tokens_predicted == null ? {} : { reportedTokens: reply.tokens_predicted }),
    ...(listed
      ? { topLogprobs: listed.map(({ top_logprobs }) => byName(top_logprobs)), logprobs: logprobsOf(reply) }
      : {}),
  };
}

/**
 * A character of several ids comes when it is whole, with its last id only; the count of tokens tells how many were held
 * back. They are the first ids of its text, if that is written in as many. At the end of a reply they never come at all.
 */
async function withWithheld(
  text: string,
  tokenIds: number[],
  missing: number,
  tokenize: (text: string) => Promise<number[]>,
): Promise<number[]> {
  const whole = await tokenize(text);
  const isTheirs = whole.length === missing + tokenIds.length && tokenIds.every((id, at) => whole[missing + at] === id);
  if (isTheirs) return whole;
  throw new SecondThoughtError(
    'ids-not-returned',
    `llama.cpp’s server held back ${missing} ids of ${JSON.stringify(text)}, and they cannot be told from its text.`,
    { remedy: 'Continue asks again from the last id; vLLM sends every id.' },
  );
}

/** The names that vLLM gives ids with `return_tokens_as_token_ids`. */
const byName = (listed: { id: number; logprob: number }[]) =>
  Object.fromEntries(listed.map(({ id, logprob }) => [`token_id:${id}`, logprob]));

/** Entries name their id: those of other ids than came are not taken. */
function logprobsOf({ tokens, completion_probabilities: entries }: z.infer<typeof chunkSchema>) {
  return (tokens ?? []).map((id, index) => {
    const entry = entries?.[index];
    if (entry?.id !== id) return null;
    const top = entry.top_logprobs.map(({ token, logprob }): [string, number] => [token, logprob]);
    return { text: entry.token, logprob: entry.logprob, top };
  });
}

/** 2^32 − 1 means "any seed" there, and larger ones do not exist. */
const seeds = 2 ** 32 - 1;

/** Every sampler that we set is named, and those that are on by default there are turned off. */
function toBody({ promptIds, maxTokens, seed, sampling, maskedTokenIds, logprobs, extra = {} }: CompletionRequest) {
  const { logprobs: listed = logprobs, ...fields } = extra;
  return {
    prompt: promptIds,
    n_predict: maxTokens,
    stream: true,
    return_tokens: true,
    cache_prompt: true,
    seed: seed % seeds,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repeat_penalty: sampling.repetitionPenalty,
    ...(maskedTokenIds.length > 0 ? { logit_bias: maskedTokenIds.map((id) => [id, false]) } : {}),
    ...(listed === undefined ? {} : { n_probs: listed }),
    ...fields,
  };
}
