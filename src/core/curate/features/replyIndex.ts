import { type FileHandle, open } from 'node:fs/promises';
import path from 'node:path';
import { parseJsonLines } from '../../base/files';
import { type Reply, replySchema } from './reply';

/** A reply without its texts, and where its line is. */
export type IndexedReply = Omit<Reply, 'thinking' | 'attempt'> & { place: [offset: number, length: number] };

const pieceBytes = 8 << 20;

/** The replies of one producer as they are written, each line read once; texts stay on disk until they are asked for. */
export class ReplyIndex {
  readonly #file: string;
  readonly #byRow = new Map<string, IndexedReply[]>();
  /** Rows in the order of their latest reply, newest last. */
  readonly #landed = new Set<string>();
  #offset = 0;
  #size = 0;

  constructor(folder: string) {
    this.#file = path.join(folder, 'replies.jsonl');
  }

  get landed(): ReadonlySet<string> {
    return this.#landed;
  }

  /** Replies, each counted once. */
  get size(): number {
    return this.#size;
  }

  *all(): Iterable<IndexedReply> {
    for (const replies of this.#byRow.values()) yield* replies;
  }

  /** By sample. */
  of(row: string): readonly IndexedReply[] {
    return this.#byRow.get(row) ?? [];
  }

  /** Takes in what was written since the last call. A line that is still being written is left for the next one. */
  async update(): Promise<void> {
    const handle = await open(this.#file).catch(() => undefined);
    if (!handle) return;
    try {
      const { size } = await handle.stat();
      while (this.#offset < size && (await this.#readPiece(handle, size)));
    } finally {
      await handle.close();
    }
  }

  /** What a model thought and answered. */
  async textsOf({ place: [offset, length] }: IndexedReply): Promise<Pick<Reply, 'thinking' | 'attempt'>> {
    const handle = await open(this.#file);
    try {
      const { buffer } = await handle.read(Buffer.alloc(length), 0, length, offset);
      const { thinking, attempt } = replySchema.parse(JSON.parse(buffer.toString('utf8')));
      return { thinking, attempt };
    } finally {
      await handle.close();
    }
  }

  /** False where no whole line follows. */
  async #readPiece(handle: FileHandle, size: number): Promise<boolean> {
    for (let bytes = pieceBytes; ; bytes *= 2) {
      const asked = Math.min(bytes, size - this.#offset);
      const { buffer } = await handle.read(Buffer.alloc(asked), 0, asked, this.#offset);
      const end = buffer.lastIndexOf(10) + 1;
      if (end > 0) {
        this.#take(buffer.subarray(0, end));
        return true;
      }
      if (asked < bytes) return false;
    }
  }

  #take(lines: Buffer): void {
    for (let start = 0; start < lines.length; ) {
      const end = lines.indexOf(10, start);
      const [value] = parseJsonLines(`${lines.toString('utf8', start, end)}\n`);
      const parsed = replySchema.safeParse(value);
      if (parsed.success) this.#add(parsed.data, [this.#offset + start, end - start]);
      start = end + 1;
    }
    this.#offset += lines.length;
  }

  #add({ thinking: _, attempt: __, ...reply }: Reply, place: IndexedReply['place']): void {
    const known = this.of(reply.id);
    const others = known.filter(({ sample }) => sample !== reply.sample);
    this.#size += 1 + others.length - known.length;
    this.#byRow.set(
      reply.id,
      [...others, { ...reply, place }].sort((a, b) => a.sample - b.sample),
    );
    this.#landed.delete(reply.id);
    this.#landed.add(reply.id);
  }
}
