import * as z from 'zod';
import type { Clock } from '../base/clock';
import type { DiskCache } from '../base/diskCache';
import type { CompletionChunk, CompletionRequest, InferenceClient } from './inferenceClient';

/** A whole reply as it was received, and how long that took then. */
const keptReplySchema = z.object({
  tokenIds: z.array(z.int().nonnegative()),
  text: z.string(),
  finishReason: z.string().nullable(),
  stopReason: z.union([z.string(), z.number()]).nullable(),
  cachedPromptTokens: z.int().nullable(),
  reportedTokens: z.int().optional(),
  firstTokenMs: z.number().nullable(),
  durationMs: z.number(),
});
type KeptReply = z.infer<typeof keptReplySchema>;

interface CacheOptions {
  cache: DiskCache;
  clock: Clock;
  /** What a reply depends on besides its request: the server as it was measured. */
  server: unknown;
}

/**
 * The same client, which keeps whole replies on disk and gives them again for the same request to the same server. A
 * request holds its seed, which is a hash of study seed, problem, condition, sample and pass: two samples never share a
 * reply, greedy ones included, and neither do a condition and its replicate. Replies with log-probabilities are not kept.
 */
export function cachedClient(client: InferenceClient, options: CacheOptions): InferenceClient {
  return {
    level: client.level ?? 'ids',
    declare: (texts) => client.declare?.(texts),
    complete: (request, signal) => complete(client, options, request, signal),
    tokenize: (text, signal) => client.tokenize(text, signal),
    detokenize: (tokenIds, signal) => client.detokenize(tokenIds, signal),
    renderChat: (text, signal, templateArguments) => client.renderChat(text, signal, templateArguments),
    isAlive: (signal) => client.isAlive(signal),
    load: (signal) => client.load(signal),
  };
}

async function* complete(
  client: InferenceClient,
  { cache, clock, server }: CacheOptions,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<CompletionChunk> {
  const parts = [server, request];
  const kept = await cache.get(parts, keptReplySchema);
  if (kept) {
    const { firstTokenMs, durationMs, reportedTokens, ...chunk } = kept;
    const reported = reportedTokens === undefined ? {} : { reportedTokens };
    yield { ...chunk, ...reported, kept: { firstTokenMs, durationMs } };
    return;
  }
  const begunAt = clock.now();
  let isWhole = true;
  const reply: KeptReply = { ...nothing, tokenIds: [], firstTokenMs: null, durationMs: 0 };
  for await (const chunk of client.complete(request, signal)) {
    if (chunk.tokenIds.length > 0) reply.firstTokenMs ??= clock.now() - begunAt;
    isWhole &&= chunk.topLogprobs === undefined && chunk.logprobs === undefined;
    reply.tokenIds.push(...chunk.tokenIds);
    reply.text += chunk.text;
    reply.finishReason = chunk.finishReason ?? reply.finishReason;
    reply.stopReason = chunk.stopReason ?? reply.stopReason;
    reply.cachedPromptTokens = chunk.cachedPromptTokens ?? reply.cachedPromptTokens;
    if (chunk.reportedTokens !== undefined) reply.reportedTokens = chunk.reportedTokens;
    yield chunk;
  }
  // Here only if the stream came to its own end: one that was left early, or broke, is not a reply.
  if (isWhole) await cache.put(parts, { ...reply, durationMs: clock.now() - begunAt });
}

const nothing = { text: '', finishReason: null, stopReason: null, cachedPromptTokens: null };
