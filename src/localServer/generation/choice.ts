import { createRandom } from '../../core/base/random';
import { type IdLogprobs, type LogprobWish, listLogprobs } from './logprobs';
import { type Candidates, chooseId, type Sampling } from './sampler';
import { decideStop, type Ending, isHeldBack, type StopRules } from './stopping';
import { StopStringFinder, TextDecoder } from './textStream';
import { ThinkingBudget, type ThinkingMarks } from './thinkingBudget';

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
  /** Ids that must not come after each other: the last of each is never chosen behind the others. */
  badWords: readonly (readonly number[])[];
  /** After so many thinking ids the end of thinking is forced; null: never. */
  thinkingBudget: { limit: number; marks: ThinkingMarks } | null;
  /** Null: no log-probabilities at all. */
  logprobs: LogprobWish | null;
  /** How many to list beside each id of the prompt; null: none at all. */
  promptLogprobs: number | null;
  seed: number | null;
  /** Number of the choice among the `n` of its prompt. */
  child: number;
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
  const generated: number[] = [];
  const seen = new Set<number>();
  const text = new ChoiceText(plan, vocabulary);
  const budget = plan.thinkingBudget
    ? new ThinkingBudget(plan.thinkingBudget.limit, plan.thinkingBudget.marks, plan.promptIds)
    : null;
  const isForbidden = (id: number): boolean =>
    vocabulary.unusedIds.has(id) || isHeldBack(rules, id, generated.length) || plan.allowedIds?.has(id) === false;
  try {
    let result = await distributions.next(0);
    while (!result.done) {
      const candidates = result.value;
      const bad = badNext(plan.badWords, generated);
      const banned = (id: number) => bad.has(id) || isForbidden(id);
      const id = budget?.forcedId ?? chooseId(candidates, plan.sampling, { bias, banned }, random);
      budget?.push(id);
      penalise(bias, id, !seen.has(id), plan);
      generated.push(id);
      seen.add(id);
      const logprobs = plan.logprobs ? listLogprobs(candidates, id, plan.logprobs) : null;
      const { text: shown, ending } = text.push(id, generated.length, decideStop(rules, id, generated.length));
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

/** Ids that would complete a bad word: like vLLM's, words are looked for in the output only. */
function badNext(words: ChoicePlan['badWords'], generated: readonly number[]): ReadonlySet<number> {
  const complete = words.filter((word) => {
    const offset = generated.length - (word.length - 1);
    return offset >= 0 && word.slice(0, -1).every((id, index) => generated[offset + index] === id);
  });
  return new Set(complete.flatMap((word) => word.slice(-1)));
}
