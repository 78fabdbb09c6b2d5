import { createHash } from 'node:crypto';

/** What the seed of one pass depends on; nothing else, in particular not on scheduling. */
export interface SeedParts {
  studySeed: number;
  problemKey: string;
  conditionKey: string;
  sample: number;
  pass: number;
}

/**
 * The seed of a pass: 53 bits of a SHA-256 over its parts, so that seeds are never consecutive (vLLM uses seed+i for the
 * i-th of n samples) and survive JSON numbers exactly; see docs/decisions/0002-seeds-of-53-bits.md.
 */
export function passSeed(parts: SeedParts): number {
  const text = JSON.stringify([parts.studySeed, parts.problemKey, parts.conditionKey, parts.sample, parts.pass]);
  const digest = createHash('sha256').update(text, 'utf8').digest();
  return Number(digest.readBigUInt64BE(0) >> 11n);
}

/** The first 16 hexadecimal digits of the SHA-256 of a text: the key of a question (s1 released code, `data/`). */
export function shortHash(text: string): string {
  return createHash('sha256').update(text, 'utf8').digest('hex').slice(0, 16);
}
