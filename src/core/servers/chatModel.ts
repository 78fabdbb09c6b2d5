import path from 'node:path';
import * as z from 'zod';
import { type Clock, delay } from '../base/clock';
import { DiskCache } from '../base/diskCache';
import { type ErrorCode, SecondThoughtError, toSecondThoughtError } from '../base/errors';
import { cacheFolder } from '../base/folders';
import type { ChatModel, ChatReply } from '../grade/matcher';
import { askChat } from '../inference/chat';
import type { Connection } from './connect';

/** As the released evaluation asks its language model; there with tries without end. */
const asked = { temperature: 0.5, maxTokens: 1_024 };
const mostTries = 5;

/** What may pass when one waits. */
const passing = new Set<ErrorCode>(['server-unreachable', 'stream-cut', 'server-busy', 'server-error']);

const keptSchema = z.object({ text: z.string().min(1) });

export const judgeCache = () => new DiskCache(path.join(cacheFolder(), 'judge'));

/**
 * The model of a connection, for single questions. Replies are kept on disk, by server, model and question: it answers
 * warm, and the same answers must not be graded differently from one day to the next.
 */
export function chatModel(
  { client, scheduler, server }: Pick<Connection, 'client' | 'scheduler' | 'server'>,
  { clock, cache = judgeCache() }: { clock: Clock; cache?: DiskCache },
): ChatModel {
  const turn = (content: string, signal: AbortSignal) =>
    scheduler.run({ key: 'judge', signal, isBegun: true }, () => askChat(client, { content, ...asked }, signal));
  return {
    name: server.model,
    async ask(content, signal): Promise<ChatReply> {
      const parts = [server.id, server.model, server.version, asked, content];
      const kept = await cache.get(parts, keptSchema);
      if (kept) return { text: kept.text, promptTokens: 0, generatedTokens: 0, isKept: true };
      const reply = await patiently(() => turn(content, signal), clock, signal);
      await cache.put(parts, { text: reply.text });
      return { ...reply, isKept: false };
    },
  };
}

/** Tries again, after 2, 4, 8, … seconds, what may pass. */
async function patiently<T extends { text: string }>(
  ask: () => Promise<T>,
  clock: Clock,
  signal: AbortSignal,
): Promise<T> {
  for (let tries = 1; ; tries++) {
    try {
      const reply = await ask();
      if (reply.text.trim() !== '') return reply;
      throw new SecondThoughtError('invalid-reply', 'The language model that judges answers said nothing.', {
        remedy: 'Use one that does not think before it answers, or turn its thinking off.',
      });
    } catch (error) {
      const { code } = toSecondThoughtError(error);
      if (signal.aborted || tries === mostTries || !passing.has(code)) throw error;
      await delay(clock, 1_000 * 2 ** tries, signal);
    }
  }
}
