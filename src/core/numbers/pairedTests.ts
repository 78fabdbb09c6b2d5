import { createRandom } from '../base/random';

/**
 * Exact McNemar test: the two-sided binomial probability of so uneven a split of the problems on which two conditions
 * disagree (McNemar 1947; exact form: Fagerland et al. 2013, doi:10.1186/1471-2288-13-91). 1 where they never disagree.
 */
export function mcnemarExact(onlyA: number, onlyB: number): number {
  const n = onlyA + onlyB;
  let logChoose = 0;
  let tail = 0;
  for (let i = 0; i <= Math.min(onlyA, onlyB); i++) {
    tail += Math.exp(logChoose - n * Math.LN2);
    logChoose += Math.log(n - i) - Math.log(i + 1);
  }
  return Math.min(1, 2 * tail);
}

/** Up to here all sign patterns are enumerated. */
const exactUpTo = 16;

/**
 * Paired sign-flip test (Fisher's randomisation test for pairs): how often the mean difference would be at least this far
 * from 0 if the sign of each problem's difference were a coin toss. Exact for at most 16 differences other than 0, else
 * from 10,000 seeded tosses, the measured pattern counted as one of them (Phipson & Smyth 2010, arXiv 1603.05766).
 */
export function signFlip(differences: readonly number[], seed: number, tosses = 10_000): number {
  const values = Float64Array.from(differences.filter((difference) => difference !== 0));
  const measured = Math.abs(values.reduce((sum, value) => sum + value, 0));
  const bar = measured - 1e-9 * Math.max(1, measured); // sums in another order differ in the last digits
  if (values.length <= exactUpTo) return exactFlips(values, bar);
  const random = createRandom(seed, 1);
  let asFar = 1;
  for (let toss = 0; toss < tosses; toss++) {
    let sum = 0;
    for (const value of values) sum += random() < 0.5 ? value : -value;
    if (Math.abs(sum) >= bar) asFar++;
  }
  return asFar / (tosses + 1);
}

function exactFlips(values: Float64Array, bar: number): number {
  const patterns = 2 ** values.length;
  let asFar = 0;
  for (let pattern = 0; pattern < patterns; pattern++) {
    let sum = 0;
    for (const [bit, value] of values.entries()) sum += (pattern >> bit) & 1 ? value : -value;
    if (Math.abs(sum) >= bar) asFar++;
  }
  return asFar / patterns;
}

/** Holm's adjustment of several p-values (Holm 1979): compared with 0.05, it keeps the chance of any false alarm there. */
export function holm(pValues: readonly number[]): number[] {
  const order = pValues.map((p, index) => ({ p, index })).sort((a, b) => a.p - b.p);
  const adjusted = new Array<number>(pValues.length).fill(1);
  let highest = 0;
  for (const [rank, { p, index }] of order.entries()) {
    highest = Math.max(highest, Math.min(1, p * (pValues.length - rank)));
    adjusted[index] = highest;
  }
  return adjusted;
}

/**
 * Problems that a paired comparison needs to see a true difference in four of five studies, at 5 % two-sided (Connor 1987,
 * doi:10.2307/2531961): (1.96 √ψ + 0.84 √(ψ − δ²))² / δ².
 * @param difference δ, in accuracy (0.03: 3 points)
 * @param discordance ψ, the mean squared difference per problem: at one sample the share of problems that flip. At least δ.
 */
export function neededProblems(difference: number, discordance: number): number {
  const psi = Math.max(discordance, Math.abs(difference));
  const spread = Math.sqrt(psi - difference ** 2);
  return Math.ceil((normal975 * Math.sqrt(psi) + normal80 * spread) ** 2 / difference ** 2);
}

// Quantiles of the normal distribution at 97.5 % and 80 %.
const normal975 = 1.959963984540054;
const normal80 = 0.8416212335729143;
