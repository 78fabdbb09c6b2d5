import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';

/**
 * How long to wait for a stream. Before the first piece there is no time-out at all: the request may be queued behind
 * others or its prompt being read, for an hour if need be; only a server that stops answering ends the wait. After it,
 * silence means that something is broken.
 */
export interface Patience {
  clock: Clock;
  /** Asked while nothing has come yet. */
  isAlive(): Promise<boolean>;
  checkEveryMs: number;
  /** Failed checks in a row that end the wait. */
  checksToFail: number;
  /** Silence allowed after the first piece. */
  idleMs: number;
  /** Called at every check while waiting, e.g. to show the queue. */
  onWaiting?(waitedMs: number): void;
}

export const defaultPatience = { checkEveryMs: 5_000, checksToFail: 3, idleMs: 120_000 };

/**
 * Passes a stream on, piece by piece, ending it by the rules above.
 * @throws SecondThoughtError `server-unreachable` or `stream-stalled`
 */
export async function* withPatience<T>(source: AsyncIterable<T>, patience: Patience, url: string): AsyncGenerator<T> {
  const iterator = source[Symbol.asyncIterator]();
  let guard: Guard = waitForFirst(patience, url);
  let isFirst = true;
  try {
    for (;;) {
      const result = await guard.watch(iterator.next());
      if (result.done) return;
      if (isFirst) {
        guard.stop();
        guard = new SilenceGuard(patience, url);
        isFirst = false;
      }
      yield result.value;
    }
  } finally {
    guard.stop();
    // Not awaited: a generator that is stuck in a read returns only when its socket is closed, which this asks for.
    void iterator.return?.();
  }
}

interface Guard {
  /** The piece, or the failure that ends the wait for it. */
  watch<T>(piece: Promise<T>): Promise<T>;
  stop(): void;
}

function waitForFirst(patience: Patience, url: string): Guard {
  const { clock, checkEveryMs, checksToFail } = patience;
  const startedAt = clock.now();
  let failures = 0;
  let isStopped = false;
  let cancelTimer = () => {};
  const failed = new Promise<never>((_, reject) => {
    const check = async () => {
      patience.onWaiting?.(clock.now() - startedAt);
      failures = (await patience.isAlive()) ? 0 : failures + 1;
      if (isStopped) return;
      if (failures >= checksToFail) reject(goneWhileWaiting(url));
      else cancelTimer = clock.after(checkEveryMs, check);
    };
    cancelTimer = clock.after(checkEveryMs, check);
  });
  failed.catch(() => {});
  return {
    watch(piece) {
      piece.catch(() => {}); // an abandoned piece may fail later; whoever waits for it sees the error
      return Promise.race([piece, failed]);
    },
    stop() {
      isStopped = true;
      cancelTimer();
    },
  };
}

/** One timer for the whole stream, not one per piece: a fast server sends tens of thousands of pieces a second. */
class SilenceGuard implements Guard {
  readonly #patience: Patience;
  readonly #url: string;
  #waitingSince = 0;
  #fail: ((error: SecondThoughtError) => void) | undefined;
  #cancelTimer = () => {};

  constructor(patience: Patience, url: string) {
    this.#patience = patience;
    this.#url = url;
    this.#look(patience.idleMs);
  }

  watch<T>(piece: Promise<T>): Promise<T> {
    this.#waitingSince = this.#patience.clock.now();
    return new Promise((resolve, reject) => {
      this.#fail = reject;
      piece.then(
        (value) => {
          this.#fail = undefined;
          resolve(value);
        },
        (error) => {
          this.#fail = undefined;
          reject(error);
        },
      );
    });
  }

  stop(): void {
    this.#cancelTimer();
  }

  #look(afterMs: number): void {
    const { clock, idleMs } = this.#patience;
    this.#cancelTimer = clock.after(afterMs, () => {
      const leftMs = this.#fail ? this.#waitingSince + idleMs - clock.now() : idleMs;
      if (leftMs <= 0) this.#fail?.(stalled(this.#url, idleMs));
      else this.#look(leftMs);
    });
  }
}

function goneWhileWaiting(url: string): SecondThoughtError {
  return new SecondThoughtError(
    'server-unreachable',
    `The server at ${url} stopped answering before the first token.`,
    {
      remedy: 'Check that it is still running, then use Continue.',
    },
  );
}

function stalled(url: string, idleMs: number): SecondThoughtError {
  const seconds = Math.round(idleMs / 1000);
  return new SecondThoughtError(
    'stream-stalled',
    `The server at ${url} went silent for ${seconds} s while it generated.`,
    {
      remedy: 'What had arrived is kept; use Continue to go on from the last token.',
    },
  );
}
