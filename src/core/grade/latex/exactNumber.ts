/** n / d in lowest terms, d > 0. */
export interface Rational {
  n: bigint;
  d: bigint;
}

export const bitsOf = (value: bigint): number => value.toString(16).length * 4;

export function rational(n: bigint, d: bigint): Rational {
  const divisor = gcd(n < 0n ? -n : n, d < 0n ? -d : d);
  const sign = d < 0n ? -1n : 1n;
  return { n: (sign * n) / divisor, d: (sign * d) / divisor };
}

/** Null where b is zero. */
export const divide = (a: Rational, b: Rational): Rational | null =>
  b.n === 0n ? null : rational(a.n * b.d, a.d * b.n);

export const isEqual = (a: Rational, b: Rational): boolean => a.n * b.d === b.n * a.d;

/** Whether the decimal expansion ends. */
export function isTerminating({ d }: Rational): boolean {
  let rest = d;
  for (const prime of [2n, 5n]) while (rest % prime === 0n) rest /= prime;
  return rest === 1n;
}

function gcd(a: bigint, b: bigint): bigint {
  let [x, y] = [a, b];
  while (y !== 0n) [x, y] = [y, x % y];
  return x === 0n ? 1n : x;
}
