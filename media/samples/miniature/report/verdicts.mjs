// The rules of docs/miniature.md, fixed before any run, and the interval of the loop.

/** Points that selection may lose against random and still be called not inferior. */
export const margin = -3;

/** By the plan: above 0 better, below the margin worse, above the margin not inferior, else inconclusive. */
export function verdictOf({ interval: [low, high] }) {
  if (low > 0) return 'better';
  if (100 * high < margin) return 'inferior';
  return 100 * low > margin ? 'not inferior' : 'inconclusive';
}

/** Problems and seeds of training are both drawn anew, 10,000 times, the same problems for both arms. */
export function overSeedsAndProblems(a, b) {
  const rightOf = (runs) =>
    runs.map(
      (run) => new Map(run.samples.map(({ problemKey, outcome }) => [problemKey, outcome === 'correct' ? 1 : 0])),
    );
  const [ofA, ofB] = [rightOf(a), rightOf(b)];
  const problems = [...ofA[0].keys()];
  let state = 1;
  const below = (count) => {
    state = (Math.imul(state, 1664525) + 1013904223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
  const mean = (seeds, drawn) =>
    seeds.reduce((sum, right) => sum + drawn.reduce((all, key) => all + (right.get(key) ?? 0), 0), 0) /
    (seeds.length * drawn.length);
  const again = (list) => list.map(() => list[below(list.length)]);
  const differences = Array.from({ length: 10_000 }, () => {
    const drawn = again(problems);
    return mean(again(ofB), drawn) - mean(again(ofA), drawn);
  }).sort((one, two) => one - two);
  return { difference: mean(ofB, problems) - mean(ofA, problems), interval: [differences[250], differences[9749]] };
}
