import { expect } from 'vitest';

/** What is compared of a reply of `/v1/completions`. */
export interface Reply {
  choices: {
    token_ids: number[] | null;
    logprobs: {
      tokens: string[];
      text_offset: number[];
      token_logprobs: number[];
      top_logprobs: Record<string, number>[];
    };
    prompt_logprobs: (Record<string, Entry> | null)[];
  }[];
}

interface Entry {
  logprob: number;
  rank: number;
  decoded_token: string;
}

/** The largest difference of a log-probability; everything else must be equal: fields, names, offsets, places. */
export function largestDifference(a: Reply, b: Reply): number {
  const [first, second] = [a.choices[0], b.choices[0]];
  if (!first || !second) throw new Error('no choice');
  const [{ token_logprobs: ours, top_logprobs: oursTop, ...rest }, other] = [first.logprobs, second.logprobs];
  const { token_logprobs: theirs, top_logprobs: theirsTop, ...otherRest } = other;
  expect(otherRest).toEqual(rest);
  const differences = ours.map((value, index) => Math.abs(value - (theirs[index] ?? Number.NaN)));
  for (const [index, top] of oursTop.entries()) differences.push(...distances(top, theirsTop[index] ?? {}));
  expect(second.prompt_logprobs[0]).toEqual(first.prompt_logprobs[0]);
  expect(second.prompt_logprobs).toHaveLength(first.prompt_logprobs.length);
  for (const [index, entries] of first.prompt_logprobs.entries()) {
    const others = second.prompt_logprobs[index];
    if (!entries || !others) continue;
    differences.push(...distances(valuesOf(entries), valuesOf(others)));
    for (const [id, { rank, decoded_token }] of Object.entries(entries)) {
      // Ids that are equally likely may change places, or only one of them be listed.
      if (others[id]) expect(others[id]).toMatchObject({ decoded_token, rank: expect.closeTo(rank, -1) });
    }
  }
  return Math.max(...differences);
}

const valuesOf = (entries: Record<string, Entry>) =>
  Object.fromEntries(Object.entries(entries).map(([id, { logprob }]) => [id, logprob]));

/** Differences by name. Of two ids that are equally likely, either may be the last: names of one list only are paired. */
function distances(a: Record<string, number>, b: Record<string, number>): number[] {
  const only = (one: Record<string, number>, other: Record<string, number>) =>
    Object.keys(one)
      .filter((name) => !(name in other))
      .map((name) => one[name] ?? Number.NaN)
      .sort((x, y) => y - x);
  const [onlyA, onlyB] = [only(a, b), only(b, a)];
  expect(onlyB).toHaveLength(onlyA.length);
  const shared = Object.keys(a).filter((name) => name in b);
  return [
    ...shared.map((name) => Math.abs((a[name] ?? Number.NaN) - (b[name] ?? Number.NaN))),
    ...onlyA.map((value, index) => Math.abs(value - (onlyB[index] ?? Number.NaN))),
  ];
}
