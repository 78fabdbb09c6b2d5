import { createRandom } from '../base/random';

const splits = 200;

/**
 * What the best of several options is worth on problems that did not choose it: the problems are halved at random, each
 * half chooses its best option (the first of equals), the other half says its value; the mean of both ways over 200 seeded
 * splits. The best value itself is too high, because noise helped to choose it.
 * @param options per option one value per problem, 0..1
 * @returns the mean value, 0..1; null for fewer than four problems or a single option
 */
export function splitHalfValue(options: readonly (readonly number[])[], seed: number): number | null {
  const problems = options[0]?.length ?? 0;
  if (problems < 4 || options.length < 2) return null;
  const random = createRandom(seed, 3);
  const order = Array.from({ length: problems }, (_, index) => index);
  let sum = 0;
  for (let split = 0; split < splits; split++) {
    for (let at = problems - 1; at > 0; at--) {
      const other = Math.floor(random() * (at + 1));
      [order[at], order[other]] = [order[other] as number, order[at] as number];
    }
    const [one, two] = [order.slice(0, problems >> 1), order.slice(problems >> 1)];
    sum += chosenElsewhere(options, one, two) + chosenElsewhere(options, two, one);
  }
  return sum / (2 * splits);
}

function chosenElsewhere(options: readonly (readonly number[])[], choose: number[], value: number[]): number {
  const means = options.map((values) => meanAt(values, choose));
  return meanAt(options[means.indexOf(Math.max(...means))] ?? [], value);
}

const meanAt = (values: readonly number[], problems: readonly number[]) =>
  problems.reduce((sum, problem) => sum + (values[problem] ?? 0), 0) / problems.length;
