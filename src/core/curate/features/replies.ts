import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../../base/clock';
import { SecondThoughtError } from '../../base/errors';
import { endsTorn, reasonOf } from '../../base/files';
import { RunStore } from '../../traces/runStore';
import { answerText, costsOf, type Trace, thinkingText, thinkingTokens } from '../../traces/trace';
import type { ReadReply, Reply } from './reply';
import { ReplyIndex } from './replyIndex';

/** What counting needs of a reply. */
export type CountedReply = Pick<Reply, 'id' | 'sample' | 'value' | 'error' | 'generatedTokens' | 'promptTokens'>;

/**
 * The replies of one producer on disk, and the traces that they are from. A trace gets its line before its journal goes, so a
 * crash at any point leaves either both or a journal that is settled at the next start. Texts are on disk only.
 */
export class Replies {
  readonly store: RunStore;
  readonly index: ReplyIndex;
  readonly #file: string;
  readonly #read: ReadReply;
  readonly #onReply: (reply: CountedReply) => void;
  #appended: Promise<void> = Promise.resolve();

  private constructor(folder: string, clock: Clock, read: ReadReply, onReply: (reply: CountedReply) => void) {
    this.#file = path.join(folder, 'replies.jsonl');
    this.#read = read;
    this.#onReply = onReply;
    this.index = new ReplyIndex(folder);
    this.store = RunStore.at(folder, clock, (trace) => this.#settle(trace));
  }

  static async open(
    folder: string,
    clock: Clock,
    read: ReadReply,
    onReply: (reply: CountedReply) => void,
  ): Promise<Replies> {
    await mkdir(folder, { recursive: true });
    const replies = new Replies(folder, clock, read, onReply);
    await replies.index.update();
    for (const trace of await replies.store.live()) {
      if (trace.status !== 'complete') continue; // it goes on where it stopped
      if (await replies.store.has(trace.id)) await replies.store.letGo(trace);
      else await replies.store.record(trace);
    }
    return replies;
  }

  has(id: string, sample: number): boolean {
    return this.index.of(id).some((reply) => reply.sample === sample && reply.error === undefined);
  }

  /** Whether a reply before this one has a value. */
  hasValue(id: string, before: number): boolean {
    return this.index.of(id).some(({ sample, value }) => sample < before && value !== null);
  }

  /** @throws SecondThoughtError `file-not-written` */
  async write(...replies: readonly Reply[]): Promise<void> {
    const appended = this.#appended.then(() => this.#append(replies));
    this.#appended = appended.catch(() => {}); // the caller is told
    await appended;
    for (const reply of replies) this.#onReply(reply);
  }

  async #settle(trace: Trace): Promise<void> {
    if (this.has(trace.problemKey, trace.sample)) return;
    const { generated, prompt, wallMs } = costsOf(trace);
    const texts = { thinking: thinkingText(trace), attempt: answerText(trace) };
    await this.write({
      id: trace.problemKey,
      sample: trace.sample,
      value: this.#read(texts),
      ...texts,
      thinkingTokens: thinkingTokens(trace),
      generatedTokens: generated,
      promptTokens: prompt,
      durationMs: wallMs,
      traceId: trace.id,
    });
  }

  async #append(replies: readonly Reply[]): Promise<void> {
    try {
      const torn = endsTorn(this.#file) ? '\n' : '';
      const lines = replies.map((reply) => `${JSON.stringify(reply)}\n`);
      await appendFile(this.#file, `${torn}${lines.join('')}`, { encoding: 'utf8', flush: true });
      await this.index.update();
    } catch (error) {
      throw new SecondThoughtError('file-not-written', `Could not write ${this.#file} (${reasonOf(error)}).`, {
        cause: error,
        remedy: 'Make room on the disk, then run the curation again: what was made is kept.',
      });
    }
  }
}
