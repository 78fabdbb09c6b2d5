/**
 * The chance that at least one of k samples, drawn from n without putting back, is correct, `correct` of the n being so:
 * the unbiased estimator of pass@k (Chen et al. 2021, arXiv 2107.03374), 1 - C(n-c, k) / C(n, k), as their product of
 * small factors, because the binomials overflow.
 * @throws RangeError unless 1 <= k <= n and 0 <= correct <= n, all whole numbers
 */
export function passAtK(n: number, correct: number, k: number): number {
  const isWhole = [n, correct, k].every(Number.isInteger);
  if (!isWhole || k < 1 || k > n || correct < 0 || correct > n) {
    throw new RangeError(`pass@k is not defined for n=${n}, c=${correct}, k=${k}.`);
  }
  if (n - correct < k) return 1;
  let allWrong = 1;
  for (let i = n - correct + 1; i <= n; i++) allWrong *= 1 - k / i;
  return 1 - allWrong;
}
