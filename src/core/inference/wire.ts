import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import type { CompletionRequest, TokenLogprob } from './inferenceClient';

/** The shapes of the completions dialect as vLLM speaks it, in and out. Unknown fields are ignored on both sides. */
const tokenId = z.int().nonnegative();

/** Parallel lists, one entry for each id. */
const logprobListsSchema = z.object({
  tokens: z.array(z.string()).nullish(),
  token_logprobs: z.array(z.number().nullable()).nullish(),
  top_logprobs: z.array(z.record(z.string(), z.number()).nullable()).nullish(),
});

export const completionChunkSchema = z.object({
  choices: z.array(
    z.object({
      text: z.string().nullish(),
      token_ids: z.array(tokenId).nullish(),
      finish_reason: z.string().nullish(),
      stop_reason: z.union([z.string(), z.number()]).nullish(),
      logprobs: logprobListsSchema.nullish(),
    }),
  ),
  usage: z.object({ prompt_tokens_details: z.object({ cached_tokens: z.int().nullish() }).nullish() }).nullish(),
});

export const tokenizeReplySchema = z.object({ tokens: z.array(tokenId), max_model_len: z.int().nullish() });
export const detokenizeReplySchema = z.object({ prompt: z.string() });
export const modelsReplySchema = z.object({
  data: z.array(z.object({ id: z.string(), max_model_len: z.int().nullish() })),
});

/** Checks a server's reply. @throws SecondThoughtError `invalid-reply`, naming the field. */
export function parseReply<T>(schema: z.ZodType<T>, reply: unknown, from: string): T {
  const parsed = schema.safeParse(reply);
  if (parsed.success) return parsed.data;
  throw new SecondThoughtError(
    'invalid-reply',
    `${from} is not in the completions dialect: ${firstIssue(parsed.error)}.`,
    {
      remedy: 'Check that the URL is the base URL of a vLLM-compatible server (it usually ends in /v1).',
      cause: parsed.error,
    },
  );
}

export function firstIssue(error: z.ZodError): string {
  const issue = error.issues[0];
  if (!issue) return 'unknown problem';
  const path = issue.path.map(String).join('.');
  return path ? `${path}: ${issue.message}` : issue.message;
}

/**
 * The one place where vLLM's fields beyond OpenAI's are written. All sampling fields are sent, because an omitted one
 * falls back to the model's generation_config.json on the server, not to a neutral value.
 */
export function toCompletionBody(request: CompletionRequest, model: string) {
  const { sampling, maskedTokenIds, stopTexts = [], bannedWords = [], thinkingTokenBudget } = request;
  const mask = Object.fromEntries(maskedTokenIds.map((id) => [String(id), -100]));
  return {
    model,
    prompt: request.promptIds,
    stream: true as const,
    stream_options: { include_usage: true },
    max_tokens: request.maxTokens,
    min_tokens: request.minTokens,
    stop_token_ids: request.stopTokenIds,
    ...(stopTexts.length > 0 ? { stop: stopTexts } : {}),
    return_token_ids: true,
    skip_special_tokens: false,
    spaces_between_special_tokens: false,
    add_special_tokens: false,
    seed: request.seed,
    temperature: sampling.temperature,
    top_p: sampling.topP,
    top_k: sampling.topK,
    min_p: sampling.minP,
    repetition_penalty: sampling.repetitionPenalty,
    ...(maskedTokenIds.length > 0 ? { logit_bias: mask } : {}),
    ...(bannedWords.length > 0 ? { bad_words: bannedWords } : {}),
    ...(thinkingTokenBudget === undefined ? {} : { thinking_token_budget: thinkingTokenBudget }),
    ...(request.logprobs === undefined ? {} : { logprobs: request.logprobs }),
    ...request.extra,
  };
}

/**
 * What was said of each id of a piece. Lists of another length than the ids cannot be set against them: then nothing was
 * said, rather than something about the wrong id.
 */
export function readLogprobs(lists: z.infer<typeof logprobListsSchema>, ids: number): (TokenLogprob | null)[] {
  const { tokens, token_logprobs: logprobs, top_logprobs: tops } = lists;
  if (tokens?.length !== ids || logprobs?.length !== ids) return Array.from({ length: ids }, () => null);
  return tokens.map((text, index) => {
    const logprob = logprobs[index] ?? null;
    const top = Object.entries(tops?.[index] ?? {}).sort(([, a], [, b]) => b - a); // an object's own order is another
    return logprob === null ? null : { text, logprob, top };
  });
}

/** Gauges of a Prometheus page, summed over engines. Null if none of them is there. */
export function parseLoad(metrics: string): { running: number; waiting: number } | null {
  const sum = (name: string) => {
    const lines = metrics.split('\n').filter((line) => line.startsWith(`${name}{`) || line.startsWith(`${name} `));
    const values = lines.map((line) => Number(line.slice(line.lastIndexOf(' ') + 1))).filter(Number.isFinite);
    return values.length === 0 ? null : values.reduce((a, b) => a + b, 0);
  };
  const running = sum('vllm:num_requests_running');
  const waiting = sum('vllm:num_requests_waiting');
  return running === null || waiting === null ? null : { running, waiting };
}
