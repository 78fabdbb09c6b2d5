import { type ChoicePlan, generate, type Step } from '../generation/choice';
import type { IdLogprobs } from '../generation/logprobs';
import type { Engine } from '../model/engine';
import { checkIds } from './plans';

/** A choice of a reply: its number in the reply, and its plan. */
export interface NumberedChoice {
  index: number;
  plan: ChoicePlan;
}

/** What the choices of one request used. */
export interface Usage {
  prompt_tokens: number;
  total_tokens: number;
  completion_tokens: number;
  prompt_tokens_details: { cached_tokens: number };
}

export interface RunOptions {
  engine: Engine;
  signal: AbortSignal;
  /** Called before the first id of a choice whose plan asks for log-probabilities of its prompt. */
  onPrompt?(choice: NumberedChoice, promptLogprobs: IdLogprobs[]): void;
  /** Called for every id of every choice; the next id waits until it is done. */
  onStep(choice: NumberedChoice, step: Step, usage: () => Usage): Promise<void> | void;
}

/**
 * Runs all choices at once, as far as sequences are free. The first failure stops the others.
 * @throws EngineRefusal, or the signal's reason
 */
export async function runChoices(choices: readonly NumberedChoice[], options: RunOptions): Promise<Usage> {
  const { engine } = options;
  for (const { plan } of choices) checkIds(plan, engine);
  const failed = new AbortController();
  const signal = AbortSignal.any([options.signal, failed.signal]);
  let completionTokens = 0;
  let cachedTokens = 0;
  // Like vLLM: a prompt counts once, however many choices it has.
  const promptTokens = choices.reduce((sum, { plan }) => sum + (plan.child === 0 ? plan.promptIds.length : 0), 0);
  const usage = (): Usage => ({
    prompt_tokens: promptTokens,
    total_tokens: promptTokens + completionTokens,
    completion_tokens: completionTokens,
    prompt_tokens_details: { cached_tokens: cachedTokens },
  });
  const runOne = (choice: NumberedChoice) =>
    engine.withRun(choice.plan, signal, async ({ distributions, cachedTokens: cached, promptLogprobs }) => {
      if (choice.plan.child === 0) cachedTokens += cached;
      if (promptLogprobs) options.onPrompt?.(choice, promptLogprobs);
      for await (const step of generate(choice.plan, engine.vocabulary, distributions)) {
        completionTokens++;
        engine.countGenerated(1);
        await options.onStep(choice, step, usage);
        signal.throwIfAborted();
      }
    });
  const runs = choices.map((choice) =>
    runOne(choice).catch((error: unknown) => {
      failed.abort(error);
      throw error;
    }),
  );
  await Promise.allSettled(runs);
  await Promise.all(runs);
  return usage();
}
