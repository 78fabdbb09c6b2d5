import type { Candidates } from './sampler';

/** Which log-probabilities a request wants beside the chosen id's. */
export interface LogprobWish {
  /** How many of the likeliest ids. */
  top: number;
  /** These ids instead of the likeliest (vLLM's `logprob_token_ids`); null: the likeliest. */
  ids: readonly number[] | null;
}

/** An id with its log-probability and its place among all ids, the likeliest being 1. */
export interface RankedId {
  id: number;
  logprob: number;
  rank: number;
}

/** The chosen id, and the others that were wanted (the chosen one may be among them). */
export interface IdLogprobs extends RankedId {
  others: RankedId[];
}

/** vLLM writes this where a probability is 0, because JSON has no infinity. */
const impossible = -9999;

/** Log-probabilities of the unmodified model (vLLM's default `logprobs_mode`): before bias, bans, temperature and cuts. */
export function listLogprobs({ ids, logprobs }: Candidates, chosen: number, wish: LogprobWish): IdLogprobs {
  const ranked = (id: number, index: number): RankedId =>
    index < 0
      ? { id, logprob: impossible, rank: ids.length + 1 }
      : { id, logprob: Math.max(logprobs[index] ?? impossible, impossible), rank: index + 1 };
  const others = wish.ids?.map((id) => ranked(id, ids.indexOf(id))) ?? ids.slice(0, wish.top).map(ranked);
  return { ...ranked(chosen, ids.indexOf(chosen)), others };
}
