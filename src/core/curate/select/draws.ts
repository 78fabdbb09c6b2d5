import { createHash } from 'node:crypto';

/** Uniform draws in [0, 1). */
export type Draws = () => number;

/**
 * Seeded uniform draws with 53 bits: sfc32 (Chris Doty-Humphrey's small fast counter, PractRand) on the first 128 bits of the
 * seed's SHA-256. Equal seed, equal draws, on every machine.
 */
export function seededDraws(seed: number): Draws {
  const digest = createHash('sha256').update(`curation ${seed}`).digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  const next = () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return result >>> 0;
  };
  for (let i = 0; i < 12; i++) next();
  return () => ((next() >>> 5) * 2 ** 26 + (next() >>> 6)) / 2 ** 53;
}

/** A place drawn by weight: the first whose cumulative share is above the draw (NumPy's `searchsorted(cdf, u, 'right')`). */
export function drawWeighted(weights: readonly number[], u: number): number {
  const total = weights.reduce((sum, weight) => sum + weight, 0);
  let cumulative = 0;
  let last = 0;
  for (const [place, weight] of weights.entries()) {
    if (weight > 0) last = place;
    cumulative += weight;
    if (u * total < cumulative) return place;
  }
  return last; // u so close to 1 that rounding passed the end
}
