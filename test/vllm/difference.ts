import type { Connection } from '../../src/core/servers/connect';

/** Index of the first id that differs, or undefined. */
export function firstDifference(a: number[], b: number[]): number | undefined {
  const length = Math.max(a.length, b.length);
  for (let index = 0; index < length; index++) if (a[index] !== b[index]) return index;
  return undefined;
}

/** How close the two likeliest ids are at a position, in log-probability (the same gap as in logits). */
export async function topTwoGap({ server }: Connection, promptIds: number[]): Promise<number> {
  const reply = await fetch(`${server.url}/completions`, {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ model: server.model, prompt: promptIds, max_tokens: 1, temperature: 0, logprobs: 2 }),
  });
  const body = (await reply.json()) as { choices: { logprobs: { top_logprobs: Record<string, number>[] } }[] };
  const [first = 0, second = Number.NEGATIVE_INFINITY] = Object.values(
    body.choices[0]?.logprobs.top_logprobs[0] ?? {},
  ).sort((a, b) => b - a);
  return first - second;
}
