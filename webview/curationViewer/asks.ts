import type {
  CurationQuery,
  CurationReply,
  FromCurationViewer,
  ToCurationViewer,
} from '../../src/protocol/curationViewer';

/** What the page asks of the host, each with its answer. */
export class Asks {
  readonly #post: (message: FromCurationViewer) => void;
  readonly #open = new Map<number, { resolve(reply: CurationReply): void; reject(error: Error): void }>();
  #next = 0;

  constructor(post: (message: FromCurationViewer) => void) {
    this.#post = post;
  }

  /** Rejects with a sentence for the reader. */
  ask<Type extends CurationQuery['type']>(
    query: Extract<CurationQuery, { type: Type }>,
  ): Promise<Extract<CurationReply, { type: Type }>> {
    const requestId = this.#next++;
    this.#post({ type: 'curation/ask', requestId, query });
    return new Promise((resolve, reject) => {
      this.#open.set(requestId, { resolve: resolve as (reply: CurationReply) => void, reject });
    });
  }

  take(message: Extract<ToCurationViewer, { type: 'curation/reply' | 'curation/error' }>): void {
    if (message.requestId === null) return;
    const open = this.#open.get(message.requestId);
    this.#open.delete(message.requestId);
    if (message.type === 'curation/reply') open?.resolve(message.reply);
    else open?.reject(new Error(message.message));
  }
}
