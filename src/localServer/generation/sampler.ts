import type { Random } from '../../core/base/random';

/** The likeliest next ids, best first, with natural log-probabilities of the unmodified model. */
export interface Candidates {
  ids: number[];
  logprobs: number[];
}

/** Sampling parameters with vLLM's meaning. Temperature 0 is greedy; topK 0, topP 1 and minP 0 are off. */
export interface Sampling {
  temperature: number;
  topK: number;
  topP: number;
  minP: number;
}

/** What is done to the logits before sampling. */
export interface Adjustment {
  /** Added to the logit of an id. */
  bias: ReadonlyMap<number, number>;
  /** Never chosen. */
  banned: (id: number) => boolean;
}

interface Weighted {
  id: number;
  logit: number;
}

/** vLLM raises temperatures above 0 to this, against overflow (`vllm/sampling_params.py`, `_MAX_TEMP`). */
const lowestTemperature = 0.01;

/**
 * Chooses the next id in vLLM's order: bias and bans, temperature, min-p, top-k, top-p, one draw. Greedy draws nothing.
 * @throws Error if every candidate is banned.
 */
export function chooseId(candidates: Candidates, sampling: Sampling, adjustment: Adjustment, random: Random): number {
  const weighted = adjust(candidates, adjustment);
  const best = weighted[0];
  if (!best) throw new Error('Every token that could come next is forbidden.');
  if (sampling.temperature === 0) return best.id;
  const temperature = Math.max(sampling.temperature, lowestTemperature);
  const weights = weighted.map(({ logit }) => Math.exp((logit - best.logit) / temperature));
  const kept = countKept(weights, sampling);
  let total = 0;
  for (let index = 0; index < kept; index++) total += weights[index] ?? 0;
  let left = random() * total;
  for (let index = 0; index < kept; index++) {
    left -= weights[index] ?? 0;
    if (left < 0) return (weighted[index] ?? best).id;
  }
  return best.id;
}

function adjust({ ids, logprobs }: Candidates, { bias, banned }: Adjustment): Weighted[] {
  const weighted: Weighted[] = [];
  let isSorted = true;
  for (const [index, id] of ids.entries()) {
    if (banned(id)) continue;
    const change = bias.get(id) ?? 0;
    if (change !== 0) isSorted = false;
    weighted.push({ id, logit: (logprobs[index] ?? Number.NEGATIVE_INFINITY) + change });
  }
  return isSorted ? weighted : weighted.sort((a, b) => b.logit - a.logit || a.id - b.id);
}

/** How many of the weights (best first, the best is 1) stay in the draw: at least one. */
function countKept(weights: readonly number[], { topK, topP, minP }: Sampling): number {
  let kept = topK > 0 ? Math.min(topK, weights.length) : weights.length;
  if (minP > 0) while (kept > 1 && (weights[kept - 1] ?? 0) < minP) kept--;
  if (topP >= 1) return Math.max(kept, 1);
  let total = 0;
  for (let index = 0; index < kept; index++) total += weights[index] ?? 0;
  let sum = 0;
  for (let index = 0; index < kept; index++) {
    sum += weights[index] ?? 0;
    if (sum >= topP * total) return index + 1;
  }
  return Math.max(kept, 1);
}
