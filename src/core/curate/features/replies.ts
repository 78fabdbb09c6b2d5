import { existsSync } from 'node:fs';
import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../../base/clock';
import { SecondThoughtError } from '../../base/errors';
import { endsTorn, parseJsonLines, readTextFile, reasonOf } from '../../base/files';
import { RunStore } from '../../traces/runStore';
import { answerText, generatedTokens, type Trace, thinkingText, thinkingTokens } from '../../traces/trace';
import type { GivenTrace } from '../collect';
import { type FeatureValue, featureValueSchema } from '../row';

/** A line of `replies.jsonl`: what a model said about a row, and what was made of it. */
export const replySchema = z.object({
  /** The row. */
  id: z.string(),
  sample: z.int().nonnegative(),
  /** Null: the reply does not keep to the form. */
  value: featureValueSchema,
  thinking: z.string(),
  attempt: z.string(),
  thinkingTokens: z.int().nonnegative(),
  generatedTokens: z.int().nonnegative(),
  traceId: z.string().nullable(),
  /** Why there is no reply; it is asked for again by the next run. */
  error: z.string().optional(),
});
export type Reply = z.infer<typeof replySchema>;

/** What a reply says; null where it does not keep to the form. */
export type ReadReply = (reply: GivenTrace) => FeatureValue;

/**
 * The replies of one producer on disk, and the traces that they are from. A trace gets its line before its journal goes, so a
 * crash at any point leaves either both or a journal that is settled at the next start.
 */
export class Replies {
  readonly store: RunStore;
  readonly #file: string;
  readonly #read: ReadReply;
  readonly #onReply: (reply: Reply) => void;
  readonly #replies = new Map<string, Reply>();
  #appended: Promise<void> = Promise.resolve();

  private constructor(folder: string, clock: Clock, read: ReadReply, onReply: (reply: Reply) => void) {
    this.#file = path.join(folder, 'replies.jsonl');
    this.#read = read;
    this.#onReply = onReply;
    this.store = RunStore.at(folder, clock, (trace) => this.#settle(trace));
  }

  static async open(folder: string, clock: Clock, read: ReadReply, onReply: (reply: Reply) => void): Promise<Replies> {
    await mkdir(folder, { recursive: true });
    const replies = new Replies(folder, clock, read, onReply);
    for (const reply of await readReplies(folder)) replies.#replies.set(keyOf(reply), reply);
    for (const trace of await replies.store.live()) {
      if (trace.status !== 'complete') continue; // it goes on where it stopped
      if (await replies.store.has(trace.id)) await replies.store.letGo(trace);
      else await replies.store.record(trace);
    }
    return replies;
  }

  get count(): number {
    return this.#replies.size;
  }

  has(id: string, sample: number): boolean {
    const reply = this.#replies.get(keyOf({ id, sample }));
    return reply !== undefined && reply.error === undefined;
  }

  /** Whether a reply before this one has a value. */
  hasValue(id: string, before: number): boolean {
    for (let sample = 0; sample < before; sample++) {
      if ((this.#replies.get(keyOf({ id, sample }))?.value ?? null) !== null) return true;
    }
    return false;
  }

  all(): Reply[] {
    return [...this.#replies.values()];
  }

  /** @throws SecondThoughtError `file-not-written` */
  async write(reply: Reply): Promise<void> {
    const appended = this.#appended.then(() => this.#append(reply));
    this.#appended = appended.catch(() => {}); // the caller is told
    await appended;
    this.#replies.set(keyOf(reply), reply);
    this.#onReply(reply);
  }

  async #settle(trace: Trace): Promise<void> {
    if (this.has(trace.problemKey, trace.sample)) return;
    const texts = { thinking: thinkingText(trace), attempt: answerText(trace) };
    await this.write({
      id: trace.problemKey,
      sample: trace.sample,
      value: this.#read(texts),
      ...texts,
      thinkingTokens: thinkingTokens(trace),
      generatedTokens: generatedTokens(trace),
      traceId: trace.id,
    });
  }

  async #append(reply: Reply): Promise<void> {
    try {
      const torn = endsTorn(this.#file) ? '\n' : '';
      await appendFile(this.#file, `${torn}${JSON.stringify(reply)}\n`, { encoding: 'utf8', flush: true });
    } catch (error) {
      throw new SecondThoughtError('file-not-written', `Could not write ${this.#file} (${reasonOf(error)}).`, {
        cause: error,
        remedy: 'Make room on the disk, then run the curation again: what was made is kept.',
      });
    }
  }
}

const keyOf = ({ id, sample }: Pick<Reply, 'id' | 'sample'>) => `${id} ${sample}`;

/** The replies in a folder, oldest first; a later line about the same sample replaces an earlier one. */
export async function readReplies(folder: string): Promise<Reply[]> {
  const file = path.join(folder, 'replies.jsonl');
  if (!existsSync(file)) return [];
  return parseJsonLines(await readTextFile(file)).flatMap((line) => replySchema.safeParse(line).data ?? []);
}
