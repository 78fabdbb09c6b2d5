/**
 * Shares a width out over steps by their scores, as REBASE does (Wu et al. 2024, arXiv 2408.00724, §3; released code
 * `rebase.py`): from the best score down, each gets `ceil(rest of the width × its weight / rest of the weights)` children,
 * with the weights `exp(score / temperature)`. Equal scores keep their order.
 *
 * The counts add up to the width whenever there is a step. A step may get none: it is given up.
 *
 * @param scores any finite numbers
 * @param width whole number, 0 or more
 * @param temperature above 0
 * @returns children per step, in the order of `scores`
 */
export function allocate(scores: readonly number[], width: number, temperature: number): number[] {
  const highest = Math.max(...scores);
  // All weights divided by the highest: their shares stay, and exp does not overflow for scores beyond 0..1.
  const ranked = scores
    .map((score, place) => ({ place, weight: Math.exp((score - highest) / temperature) }))
    .sort((a, b) => b.weight - a.weight);
  const counts = new Array<number>(scores.length).fill(0);
  let widthLeft = width;
  for (const [rank, { place, weight }] of ranked.entries()) {
    // Summed anew: subtracting would leave rounding errors where the rest of the weights is small.
    const weightLeft = ranked.slice(rank).reduce((sum, each) => sum + each.weight, 0);
    const share = weightLeft > 0 ? (widthLeft * weight) / weightLeft : 0;
    const count = Math.min(widthLeft, Math.max(0, Math.ceil(share - tolerance)));
    counts[place] = count;
    widthLeft -= count;
  }
  return counts;
}

/** So that a share of 3.0000000000000004 is 3. */
const tolerance = 1e-9;
