import * as z from 'zod';
import type { MeasuringClient } from './inferenceClient';
import { parseReply } from './wire';

export interface ChatRequest {
  /** The only message. */
  content: string;
  temperature: number;
  maxTokens: number;
  seed?: number;
}

const replySchema = z.object({
  choices: z.array(z.object({ message: z.object({ content: z.string().nullable() }) })).min(1),
  usage: z.object({ prompt_tokens: z.int(), completion_tokens: z.int() }).nullish(),
});

/**
 * One question to a model that chats; works on servers that take no ids, too. Token counts are 0 where it tells none.
 * @throws SecondThoughtError as `post`; `invalid-reply`
 */
export async function askChat(
  client: MeasuringClient,
  { content, temperature, maxTokens, seed }: ChatRequest,
  signal: AbortSignal,
): Promise<{ text: string; promptTokens: number; generatedTokens: number }> {
  const body = {
    model: client.model,
    messages: [{ role: 'user', content }],
    temperature,
    max_tokens: maxTokens,
    ...(seed === undefined ? {} : { seed }),
  };
  const reply = await client.post('/v1/chat/completions', body, signal);
  const { choices, usage } = parseReply(replySchema, reply, 'The reply to a chat');
  return {
    text: choices[0]?.message.content ?? '',
    promptTokens: usage?.prompt_tokens ?? 0,
    generatedTokens: usage?.completion_tokens ?? 0,
  };
}
