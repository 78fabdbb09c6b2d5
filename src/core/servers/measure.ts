import { greedy } from '../forcing/condition';
import type { CompletionRequest, InferenceClient } from '../inference/inferenceClient';
import type { Finding } from './serverFacts';

/** One question to a server, and what follows from its answer. */
export interface Check extends Omit<Finding, 'verdict' | 'evidence' | 'source'> {
  measure(): Promise<Measured>;
}
export type Measured = Pick<Finding, 'verdict' | 'evidence'>;

/** What a whole reply was. */
export interface Reply {
  tokenIds: number[];
  finishReason: string | null;
  cachedPromptTokens: number | null;
  topLogprobs: (Record<string, number> | null)[];
}

/** A greedy request for `maxTokens` ids after a prompt. */
export function plainRequest(promptIds: number[], maxTokens: number): CompletionRequest {
  const rest = { minTokens: 0, stopTokenIds: [], seed: 1, sampling: greedy, maskedTokenIds: [] };
  return { promptIds, maxTokens, ...rest };
}

/** Reads a reply to its end, but no further than `maxTokens`: a server that ignores the limit must not hold us. */
export async function collect(
  client: InferenceClient,
  request: CompletionRequest,
  signal: AbortSignal,
): Promise<Reply> {
  const reply: Reply = { tokenIds: [], finishReason: null, cachedPromptTokens: null, topLogprobs: [] };
  for await (const chunk of client.complete(request, signal)) {
    reply.tokenIds.push(...chunk.tokenIds);
    reply.topLogprobs.push(...(chunk.topLogprobs ?? []));
    reply.finishReason = chunk.finishReason ?? reply.finishReason;
    reply.cachedPromptTokens = chunk.cachedPromptTokens ?? reply.cachedPromptTokens;
    if (reply.tokenIds.length > request.maxTokens) break;
  }
  return reply;
}

/** An accepted request whose outcome is wrong is a lie. */
export function judge(isRight: boolean, evidence: string): Measured {
  return { verdict: isRight ? 'works' : 'lies', evidence };
}

export const nothingToTry: Measured = { verdict: 'missing', evidence: 'the model wrote no id to try it with' };
