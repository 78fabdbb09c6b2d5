/** Wilson score interval of a proportion, as fractions. `z` 1.96: 95 %. Wilson 1927, doi:10.1080/01621459.1927.10502953. */
export function wilsonInterval(successes: number, total: number, z = 1.959964): [low: number, high: number] {
  if (total === 0) return [0, 1];
  const p = successes / total;
  const scale = 1 + z ** 2 / total;
  const centre = (p + z ** 2 / (2 * total)) / scale;
  const half = (z / scale) * Math.sqrt((p * (1 - p)) / total + z ** 2 / (4 * total ** 2));
  return [Math.max(0, centre - half), Math.min(1, centre + half)];
}
