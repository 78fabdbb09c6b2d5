import type { Price } from '../servers/serverSpec';

export interface Tokens {
  prompt: number;
  generated: number;
}

/** In US dollars; null where the price is not known. */
export const costOf = ({ prompt, generated }: Tokens, price: Price | null): number | null =>
  price === null ? null : (prompt * price.input + generated * price.output) / 1e6;

/** `12,000 tokens in, 3,400 out, $0.012`. */
export function describeCost({ prompt, generated }: Tokens, cost: number | null): string {
  const tokens = `${count(prompt)} tokens in, ${count(generated)} out`;
  if (cost === null) return `${tokens}, price not known`;
  return cost === 0 ? tokens : `${tokens}, $${cost < 0.1 ? cost.toPrecision(2) : cost.toFixed(2)}`;
}

const count = (tokens: number) => Math.round(tokens).toLocaleString('en');
