/** Text of ids, given the ids before them: some tokenizers write a leading space only at the very beginning. */
export type Detokenize = (ids: readonly number[], before: readonly number[]) => string;

/** Bytes that are no UTF-8 at all must not be held for ever. */
const longestHold = 32;

/**
 * Ids to text, piece by piece: an id may be part of a character, so a replacement character at the end is held back
 * until the next ids show what it is. What is still incomplete at the end is dropped, as vLLM does.
 */
export class TextDecoder {
  readonly #detokenize: Detokenize;
  #held: number[] = [];
  /** Characters of the held ids' text that are out already. */
  #shown = 0;
  #before: number[] = [];

  constructor(detokenize: Detokenize) {
    this.#detokenize = detokenize;
  }

  push(id: number): string {
    this.#held.push(id);
    const text = this.#detokenize(this.#held, this.#before);
    const isIncomplete = text.endsWith('\uFFFD') && this.#held.length < longestHold;
    const end = isIncomplete ? text.length - 1 : text.length;
    const delta = text.slice(this.#shown, end);
    this.#shown = end;
    if (!isIncomplete) this.#reset();
    return delta;
  }

  /** Forgets an incomplete character; the next id starts a new one. */
  #reset(): void {
    this.#before = [...this.#before, ...this.#held].slice(-4);
    this.#held = [];
    this.#shown = 0;
  }
}

export interface StopMatch {
  /** Text that may be shown now. */
  text: string;
  /** The stop string that was found; everything from it on is gone (or up to its end, if stop text is included). */
  stopString: string | null;
}

/**
 * Finds stop strings in a text that arrives in pieces. Without `includeStopText`, the last max(length)-1 characters are
 * held back, so that no part of a stop string is ever shown; with it nothing is held back (vLLM's `detokenizer.py`).
 */
export class StopStringFinder {
  readonly #stops: readonly string[];
  readonly #includeStopText: boolean;
  readonly #reach: number;
  /** Text not shown yet, behind up to #reach characters shown already (kept only when nothing is held back). */
  #window = '';
  #shown = 0;

  constructor(stops: readonly string[], includeStopText: boolean) {
    this.#stops = stops;
    this.#includeStopText = includeStopText;
    this.#reach = Math.max(0, ...stops.map((stop) => stop.length - 1));
  }

  /** @param mayStop false while `min_tokens` are not reached: text of that time never matches. */
  push(text: string, mayStop: boolean): StopMatch {
    const searchFrom = Math.max(0, this.#window.length - this.#reach);
    this.#window += text;
    if (!mayStop) return { text: this.#forget(), stopString: null };
    const found = this.#find(searchFrom);
    if (!found) return { text: this.#show(), stopString: null };
    const end = this.#includeStopText ? found.at + found.stop.length : found.at;
    return { text: this.#window.slice(this.#shown, end), stopString: found.stop };
  }

  /** The end of the generation: what was held back. */
  finish(): string {
    const text = this.#window.slice(this.#shown);
    this.#window = '';
    this.#shown = 0;
    return text;
  }

  #find(from: number): { at: number; stop: string } | null {
    let first: { at: number; stop: string } | null = null;
    for (const stop of this.#stops) {
      const at = this.#window.indexOf(stop, from);
      if (at >= 0 && (!first || at < first.at)) first = { at, stop };
    }
    return first;
  }

  #show(): string {
    const end = this.#includeStopText ? this.#window.length : Math.max(this.#shown, this.#window.length - this.#reach);
    const text = this.#window.slice(this.#shown, end);
    const drop = Math.min(end, Math.max(0, this.#window.length - this.#reach));
    this.#window = this.#window.slice(drop);
    this.#shown = end - drop;
    return text;
  }

  #forget(): string {
    const text = this.#window.slice(this.#shown);
    this.#window = '';
    this.#shown = 0;
    return text;
  }
}
