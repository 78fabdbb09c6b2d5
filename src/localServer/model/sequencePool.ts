/** What the pool has to know about a sequence: how much of a prompt it holds already. */
export interface PooledSequence {
  commonPrefixLength(promptIds: readonly number[]): number;
}

interface Waiter<S> {
  promptIds: readonly number[];
  grant(sequence: S): void;
}

/**
 * Sequences lent to generations: the free one that holds the longest part of the prompt, the least recently used among
 * equals. Who finds none free waits, first come, first served.
 */
export class SequencePool<S extends PooledSequence> {
  /** Least recently used first. */
  readonly #free: S[];
  readonly #waiters: Waiter<S>[] = [];
  readonly #lent = new Set<S>();

  constructor(sequences: readonly S[]) {
    this.#free = [...sequences];
  }

  get waiting(): number {
    return this.#waiters.length;
  }

  get lent(): ReadonlySet<S> {
    return this.#lent;
  }

  /** @throws the signal's reason if it aborts while waiting. */
  async acquire(promptIds: readonly number[], signal: AbortSignal): Promise<S> {
    signal.throwIfAborted();
    const sequence = this.#take(promptIds);
    if (sequence) return sequence;
    return new Promise<S>((resolve, reject) => {
      const leave = () => {
        this.#waiters.splice(this.#waiters.indexOf(waiter), 1);
        reject(signal.reason);
      };
      const waiter: Waiter<S> = {
        promptIds,
        grant(granted) {
          signal.removeEventListener('abort', leave);
          resolve(granted);
        },
      };
      this.#waiters.push(waiter);
      signal.addEventListener('abort', leave, { once: true });
    });
  }

  release(sequence: S): void {
    this.#lent.delete(sequence);
    this.#free.push(sequence);
    const waiter = this.#waiters.shift();
    if (!waiter) return;
    const next = this.#take(waiter.promptIds);
    if (next) waiter.grant(next);
  }

  #take(promptIds: readonly number[]): S | undefined {
    let best = -1;
    let bestLength = -1;
    for (const [index, sequence] of this.#free.entries()) {
      const length = sequence.commonPrefixLength(promptIds);
      if (length > bestLength) [best, bestLength] = [index, length];
    }
    const [taken] = best < 0 ? [] : this.#free.splice(best, 1);
    if (taken) this.#lent.add(taken);
    return taken;
  }
}
