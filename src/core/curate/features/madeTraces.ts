import type { GivenTrace } from '../collect';
import type { IndexedReply, ReplyIndex } from './replyIndex';

/** Traces that models made for rows, by the name of the feature. Their texts stay on disk until they are asked for. */
export class MadeTraces {
  readonly #made = new Map<string, { replies: ReplyIndex; samples: number }>();

  /** @param samples replies of each row that count; there may be more from an earlier run */
  add(name: string, replies: ReplyIndex, samples: number): void {
    this.#made.set(name, { replies, samples });
  }

  /** By sample, without those that failed. */
  of(name: string, row: string): readonly IndexedReply[] {
    const made = this.#made.get(name);
    return (made?.replies.of(row) ?? []).filter(
      ({ sample, error }) => error === undefined && sample < (made?.samples ?? 0),
    );
  }

  async textsOf(name: string, row: string): Promise<GivenTrace[]> {
    const { replies } = this.#made.get(name) ?? {};
    if (!replies) return [];
    return Promise.all(this.of(name, row).map((reply) => replies.textsOf(reply)));
  }
}
