import { createHash, randomInt } from 'node:crypto';

/** A source of numbers in [0, 1), and what it was seeded with. */
export type Random = () => number;

/**
 * A seeded source of numbers in [0, 1): sfc32 (Chris Doty-Humphrey's small fast counter, PractRand) on the first 128 bits
 * of the seed's SHA-256, so that neighbouring seeds (`n` uses seed+i, as vLLM does) have nothing in common and all 53 bits
 * of an API seed count. Without a seed, or with -1 (vLLM's "unset"), it starts anywhere.
 */
export function createRandom(seed: number | null, child: number): Random {
  const root = seed === null || seed === -1 ? randomInt(2 ** 47) : seed;
  const digest = createHash('sha256')
    .update(String(BigInt(root) + BigInt(child)))
    .digest();
  let a = digest.readInt32LE(0);
  let b = digest.readInt32LE(4);
  let c = digest.readInt32LE(8);
  let counter = digest.readInt32LE(12);
  return () => {
    const result = (a + b + counter) | 0;
    counter = (counter + 1) | 0;
    a = b ^ (b >>> 9);
    b = (c + (c << 3)) | 0;
    c = ((c << 21) | (c >>> 11)) + result;
    return (result >>> 0) / 2 ** 32;
  };
}
