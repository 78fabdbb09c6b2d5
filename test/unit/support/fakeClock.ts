import type { Clock } from '../../../src/core/base/clock';

/** A clock that stands still until it is told to advance; callbacks that are due run in order. */
export class FakeClock implements Clock {
  #now = Date.UTC(2026, 0, 1);
  #timers: { at: number; callback: () => void }[] = [];

  now(): number {
    return this.#now;
  }

  after(delayMs: number, callback: () => void): () => void {
    const timer = { at: this.#now + delayMs, callback };
    this.#timers.push(timer);
    return () => {
      this.#timers = this.#timers.filter((other) => other !== timer);
    };
  }

  /** Lets time pass; between two timers, whatever they started gets to run. */
  async advance(byMs: number): Promise<void> {
    const until = this.#now + byMs;
    for (;;) {
      await settled();
      const due = this.#timers.filter((timer) => timer.at <= until).sort((a, b) => a.at - b.at)[0];
      if (!due) break;
      this.#timers = this.#timers.filter((timer) => timer !== due);
      this.#now = due.at;
      due.callback();
    }
    this.#now = until;
    await settled();
  }

  get pending(): number {
    return this.#timers.length;
  }
}

/** Runs what is ready: promise reactions and one turn of the event loop. */
const settled = () => new Promise<void>((resolve) => setImmediate(resolve));
