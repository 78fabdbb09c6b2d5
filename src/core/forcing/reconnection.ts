import { type Clock, delay } from '../base/clock';
import { type ErrorCode, SecondThoughtError } from '../base/errors';
import type { InferenceClient } from '../inference/inferenceClient';

export interface RetryRules {
  /** How long a server may be away before the trace is interrupted, in milliseconds. */
  windowMs: number;
  /** Before the second look; doubles up to `longestDelayMs`. */
  firstDelayMs?: number;
}

const usualFirstDelayMs = 500;
const longestDelayMs = 15_000;

/** A server that went away may come back with the same model; any other failure would only repeat itself. */
const lostCodes: readonly ErrorCode[] = ['stream-cut', 'stream-stalled', 'server-unreachable'];

interface Surroundings {
  client: Pick<InferenceClient, 'isAlive'>;
  clock: Clock;
  signal: AbortSignal;
}

/** Waits for a server that was lost in the middle of a trace. */
export class Reconnection {
  readonly #rules: RetryRules;
  readonly #around: Surroundings;
  /** When it was lost, and how far the trace was then: a server that fails without a new id is still the same loss. */
  #lost: { at: number; tokens: number; delayMs: number } | undefined;

  constructor(rules: RetryRules, around: Surroundings) {
    this.#rules = rules;
    this.#around = around;
  }

  /**
   * Returns when the server answers again, with the milliseconds that it was away. Undefined if it did not come back
   * within the window, the user stopped waiting, or the failure is of another kind.
   */
  async wait(error: unknown, tokens: number): Promise<number | undefined> {
    const { clock, client, signal } = this.#around;
    if (!(error instanceof SecondThoughtError && lostCodes.includes(error.code))) return undefined;
    if (this.#lost?.tokens !== tokens) {
      this.#lost = { at: clock.now(), tokens, delayMs: this.#rules.firstDelayMs ?? usualFirstDelayMs };
    }
    const lost = this.#lost;
    const deadline = lost.at + this.#rules.windowMs;
    while (clock.now() < deadline && !signal.aborted) {
      await delay(clock, Math.min(lost.delayMs, deadline - clock.now()), signal);
      lost.delayMs = Math.min(longestDelayMs, lost.delayMs * 2);
      if (!signal.aborted && (await this.#isAlive(client))) return clock.now() - lost.at;
    }
    return undefined;
  }

  /** A machine that is gone does not refuse a connection, it is silent. */
  async #isAlive(client: Surroundings['client']): Promise<boolean> {
    const { clock, signal } = this.#around;
    const late = new AbortController();
    const cancel = clock.after(longestDelayMs, () => late.abort());
    try {
      return await client.isAlive(AbortSignal.any([signal, late.signal]));
    } finally {
      cancel();
    }
  }
}
