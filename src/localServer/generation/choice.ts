import { createRandom } from './random';
import { type Candidates, chooseId, type Sampling } from './sampler';
import { decideStop, type Ending, isHeldBack, type StopRules } from './stopping';
import { StopStringFinder, TextDecoder } from './textStream';

/** A source of the model's next-id distributions for one prompt: each `next(id)` says which id was chosen. */
export type Distributions = AsyncGenerator<Candidates, void, number>;

/** What a generation has to know about the vocabulary. */
export interface Vocabulary {
  size: number;
  eosId: number | null;
  otherEogIds: ReadonlySet<number>;
  /** Rows that pad the vocabulary: no text, must never be sampled. */
  unusedIds: ReadonlySet<number>;
  detokenize(ids: readonly number[], keepSpecial: boolean, before?: readonly number[]): string;
}

/** One choice of a completion, resolved: nothing is optional. */
export interface ChoicePlan {
  promptIds: number[];
  maxTokens: number;
  minTokens: number;
  ignoreEos: boolean;
  stopTokenIds: ReadonlySet<number>;
  stopStrings: readonly string[];
  includeStopText: boolean;
  keepSpecial: boolean;
  sampling: Sampling;
  /** Divides positive and multiplies negative logits of ids in prompt and output; 1 is off. */
  repetitionPenalty: number;
  /** Subtracted once, or per occurrence, from the logits of generated ids. */
  presencePenalty: number;
  frequencyPenalty: number;
  logitBias: ReadonlyMap<number, number>;
  allowedIds: ReadonlySet<number> | null;
  /** How many log-probabilities to list beside the chosen id's; null: none at all. */
  logprobs: number | null;
  seed: number | null;
  /** Number of the choice among the `n` of its prompt. */
  child: number;
}

/** The chosen id's raw log-probability, and the likeliest ids with theirs, best first. */
export interface IdLogprobs {
  logprob: number;
  top: { id: number; logprob: number }[];
}

/** One step of a generation: one id, and the text that became final with it. */
export interface Step {
  id: number;
  text: string;
  logprobs: IdLogprobs | null;
  ending: Ending | null;
}

/** Runs one generation to its end. Closing the generator stops it. */
export async function* generate(
  plan: ChoicePlan,
  vocabulary: Vocabulary,
  distributions: Distributions,
): AsyncGenerator<Step> {
  const rules: StopRules = { ...plan, eosId: vocabulary.eosId, otherEogIds: vocabulary.otherEogIds };
  const random = createRandom(plan.seed, plan.child);
  const bias = new Map(plan.logitBias);
  const generated = new Set<number>();
  const text = new ChoiceText(plan, vocabulary);
  let count = 0;
  const banned = (id: number): boolean =>
    vocabulary.unusedIds.has(id) || isHeldBack(rules, id, count) || plan.allowedIds?.has(id) === false;
  try {
    let result = await distributions.next(0);
    while (!result.done) {
      const candidates = result.value;
      const id = chooseId(candidates, plan.sampling, { bias, banned }, random);
      count++;
      penalise(bias, id, !generated.has(id), plan);
      generated.add(id);
      const logprobs = plan.logprobs === null ? null : listLogprobs(candidates, id, plan.logprobs);
      const { text: shown, ending } = text.push(id, count, decideStop(rules, id, count));
      yield { id, text: shown, logprobs, ending };
      if (ending) return;
      result = await distributions.next(id);
    }
  } finally {
    await distributions.return();
  }
}

/** The text of one choice: incomplete characters, stop strings and the unseen stop id together. */
class ChoiceText {
  readonly #decoder: TextDecoder;
  readonly #finder: StopStringFinder;
  readonly #plan: ChoicePlan;

  constructor(plan: ChoicePlan, vocabulary: Vocabulary) {
    this.#plan = plan;
    this.#decoder = new TextDecoder((ids, before) => vocabulary.detokenize(ids, plan.keepSpecial, before));
    this.#finder = new StopStringFinder(plan.stopStrings, plan.includeStopText);
  }

  push(id: number, count: number, ending: Ending | null): { text: string; ending: Ending | null } {
    const isUnseen = ending?.finishReason === 'stop' && !this.#plan.includeStopText;
    const delta = isUnseen ? '' : this.#decoder.push(id);
    // vLLM looks for stop strings only in the text after the first min_tokens ids.
    const { text, stopString } = this.#finder.push(delta, count > this.#plan.minTokens);
    if (stopString !== null) return { text, ending: { finishReason: 'stop', stopReason: stopString } };
    return { text: ending ? text + this.#finder.finish() : text, ending };
  }
}

function penalise(bias: Map<number, number>, id: number, isFirst: boolean, plan: ChoicePlan): void {
  const penalty = plan.frequencyPenalty + (isFirst ? plan.presencePenalty : 0);
  if (penalty !== 0) bias.set(id, (bias.get(id) ?? 0) - penalty);
}

function listLogprobs({ ids, logprobs }: Candidates, id: number, howMany: number): IdLogprobs {
  // vLLM writes -9999 where a probability is 0, because JSON has no infinity.
  const at = (index: number) => Math.max(logprobs[index] ?? -9999, -9999);
  const top = ids.slice(0, howMany).map((candidate, index) => ({ id: candidate, logprob: at(index) }));
  return { logprob: at(ids.indexOf(id)), top };
}
