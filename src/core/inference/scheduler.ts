import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import type { ServerLoad } from './inferenceClient';

/** Who asks for a place, and how long the asking lasts. */
export interface PlaceOrder {
  /** Places go round between keys: a condition with a thousand requests does not hold up one with ten. */
  key: string;
  /** Leaves the queue at once when it fires. */
  signal: AbortSignal;
  /** Part of a trace that has begun: goes before new work of its key, so that traces end and their prefixes stay cached. */
  isBegun?: boolean;
}

/** A request's place on the server. Whatever is called first ends it; the rest does nothing. */
export interface Place {
  /** @param isServed the server finished the request: the limit grows by it */
  release(isServed: boolean): void;
  /** The server refused the request because it has too many. @param retryAfterMs what it asked for, if anything */
  refused(retryAfterMs: number | null): void;
}

export interface SchedulerOptions {
  clock: Clock;
  /** Most requests in flight; the limit moves between 1 and this. */
  ceiling: number;
  /** Where the server tells how long its own queue is. */
  load?: () => Promise<ServerLoad | null>;
}

interface Waiting {
  order: PlaceOrder;
  grant(place: Place): void;
}

const firstPauseMs = 1_000;
const longestPauseMs = 60_000;
const loadEveryMs = 5_000;

/**
 * Decides when each request to one server is sent. The number in flight adapts as TCP's window does: half of it when the
 * server objects (429, 503), a quarter less when its own queue is not empty, one more for every round that it served.
 */
export class Scheduler {
  readonly #options: SchedulerOptions;
  /** Waiting requests by key; the first key is the next to be served. */
  readonly #queues = new Map<string, Waiting[]>();
  #ceiling: number;
  #limit: number;
  #inFlight = 0;
  #hasBackedOff = false;
  /** Objections since the last request that was served. */
  #refusals = 0;
  #sent = 0;
  /** Requests sent up to this one knew nothing of the last objection: theirs is the same one. */
  #sentAtBackOff = 0;
  #pausedUntil = 0;
  #wake: (() => void) | undefined;
  #lastLoadAt = 0;

  constructor(options: SchedulerOptions) {
    this.#options = options;
    this.#ceiling = options.ceiling;
    this.#limit = options.ceiling;
  }

  /** Requests that may be in flight now. */
  get limit(): number {
    return Math.max(1, Math.floor(Math.min(this.#limit, this.#ceiling)));
  }

  get inFlight(): number {
    return this.#inFlight;
  }

  /** The user's limit. */
  set ceiling(requests: number) {
    if (!this.#hasBackedOff) this.#limit = requests;
    this.#ceiling = requests;
    this.#serve();
  }

  /** Runs a task while it holds a place. */
  async run<T>(order: PlaceOrder, task: () => Promise<T>): Promise<T> {
    const place = await this.place(order);
    try {
      return await task();
    } finally {
      place.release(false);
    }
  }

  /** Waits for a place. @throws SecondThoughtError `cancelled` */
  place(order: PlaceOrder): Promise<Place> {
    return new Promise((resolve, reject) => {
      const { key, signal } = order;
      if (signal.aborted) return reject(stopped());
      const leave = () => {
        this.#remove(waiting);
        reject(stopped());
      };
      const waiting: Waiting = {
        order,
        grant(place) {
          signal.removeEventListener('abort', leave);
          resolve(place);
        },
      };
      signal.addEventListener('abort', leave, { once: true });
      this.#add(key, waiting);
      this.#serve();
    });
  }

  #add(key: string, waiting: Waiting): void {
    const queue = this.#queues.get(key) ?? [];
    const firstNew = waiting.order.isBegun ? queue.findIndex(({ order }) => !order.isBegun) : -1;
    queue.splice(firstNew === -1 ? queue.length : firstNew, 0, waiting);
    this.#queues.set(key, queue);
  }

  #remove(waiting: Waiting): void {
    const { key } = waiting.order;
    const left = this.#queues.get(key)?.filter((other) => other !== waiting) ?? [];
    if (left.length > 0) this.#queues.set(key, left);
    else this.#queues.delete(key);
    if (this.#queues.size === 0) this.#cancelWake();
  }

  #serve(): void {
    const pauseMs = this.#pausedUntil - this.#options.clock.now();
    if (pauseMs > 0) this.#serveAfter(pauseMs);
    else this.#fill();
  }

  #fill(): void {
    while (this.#inFlight < this.limit) {
      const waiting = this.#next();
      if (!waiting) return;
      this.#inFlight++;
      this.#askLoad();
      waiting.grant(this.#newPlace());
    }
  }

  /** No timer without a request that waits for it: it would keep a finished program alive. */
  #serveAfter(pauseMs: number): void {
    if (this.#queues.size === 0 || this.#wake) return;
    this.#wake = this.#options.clock.after(pauseMs, () => {
      this.#wake = undefined;
      this.#serve();
    });
  }

  #cancelWake(): void {
    this.#wake?.();
    this.#wake = undefined;
  }

  /** The first of the next key, which then goes to the end of the round. */
  #next(): Waiting | undefined {
    const [entry] = this.#queues;
    if (!entry) return undefined;
    const [key, queue] = entry;
    const waiting = queue.shift();
    this.#queues.delete(key);
    if (queue.length > 0) this.#queues.set(key, queue);
    return waiting;
  }

  #newPlace(): Place {
    const number = ++this.#sent;
    let isHeld = true;
    const giveBack = (learn: () => void) => {
      if (!isHeld) return;
      isHeld = false;
      learn();
      this.#inFlight--;
      this.#serve();
    };
    return {
      release: (isServed) => giveBack(() => isServed && this.#grow()),
      refused: (retryAfterMs) => giveBack(() => this.#yield(number, retryAfterMs)),
    };
  }

  #yield(sent: number, retryAfterMs: number | null): void {
    if (sent > this.#sentAtBackOff) {
      this.#backOff(0.5);
      this.#refusals++;
    }
    const pauseMs = retryAfterMs ?? Math.min(longestPauseMs, firstPauseMs * 2 ** (this.#refusals - 1));
    this.#pausedUntil = Math.max(this.#pausedUntil, this.#options.clock.now() + pauseMs);
  }

  /** A limit that was not reached says nothing about what the server can take. */
  #grow(): void {
    this.#refusals = 0;
    if (this.#inFlight < this.limit) return;
    this.#limit = Math.min(this.#ceiling, this.#limit + 1 / this.limit);
  }

  #backOff(factor: number): void {
    this.#hasBackedOff = true;
    this.#limit = Math.max(1, this.limit * factor);
    this.#sentAtBackOff = this.#sent;
  }

  /** Requests that wait in the server's queue help nobody, and hold up others who use it. */
  #askLoad(): void {
    const { clock, load } = this.#options;
    if (!load || this.#inFlight < 2 || clock.now() - this.#lastLoadAt < loadEveryMs) return;
    this.#lastLoadAt = clock.now();
    const ask = async () => {
      const said = await load();
      if (said && said.waiting > 0) this.#backOff(0.75);
    };
    ask().catch(() => {}); // a server that does not tell is not asked for more than it takes
  }
}

function stopped(): SecondThoughtError {
  return new SecondThoughtError('cancelled', 'Stopped.');
}
