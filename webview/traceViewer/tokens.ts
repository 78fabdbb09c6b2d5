import type { WireTokens } from '../../src/protocol/traceViewer';
import { type Flow, lastAtMost } from './flow';

/** One token as the page knows it. */
export interface KnownToken {
  /** Characters of the flow. */
  from: number;
  to: number;
  logprob: number | null;
  entropy: number | null;
  top: [text: string, logprob: number][];
}

/** The tokens of one list in the order of its flow. */
export class Tokens {
  readonly #ends: number[] = [];
  readonly #tokens: KnownToken[] = [];

  constructor(flow: Flow, spans: readonly WireTokens[]) {
    for (const { index, ends, logprobs, entropies, top } of spans) {
      let from = flow.at({ span: index, characters: 0 });
      if (from === undefined) continue;
      for (const [number, end] of ends.entries()) {
        const to: number = flow.at({ span: index, characters: end }) ?? from;
        this.#ends.push(to);
        const logprob = logprobs[number] ?? null;
        this.#tokens.push({ from, to, logprob, entropy: entropies[number] ?? null, top: top[number] ?? [] });
        from = to;
      }
    }
  }

  /** The token that holds the character behind a position; undefined: nothing is known of it. */
  at(position: number): KnownToken | undefined {
    const token = this.#tokens[lastAtMost(this.#ends, position) + 1];
    return token && token.from <= position ? token : undefined;
  }

  /** Those that share something with a stretch of the flow. */
  *between(from: number, to: number): Iterable<KnownToken> {
    for (let index = lastAtMost(this.#ends, from) + 1; index < this.#tokens.length; index++) {
      const token = this.#tokens[index];
      if (!token || token.from >= to) return;
      if (token.to > token.from) yield token;
    }
  }
}
