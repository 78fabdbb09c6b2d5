import { SecondThoughtError } from '../base/errors';
import { greedy } from '../forcing/condition';
import type { InferenceClient } from '../inference/inferenceClient';
import type { ScoreRequest, Scorer, Verdict } from './scorer';

/** What the bundled reward model was trained on (`model/prm_traces.py`); any causal model may be trained alike. */
const opening = '<|im_start|>think\n';
const stepTag = '<|step|>';
const verdictTags = ['<|good|>', '<|bad|>'] as const;

/**
 * A process reward model that is a causal model: behind the text of each step stands `<|step|>`, and the score of the last
 * step is P(good) / (P(good) + P(bad)) for the token that follows, 0 to 1. One completion of one token with
 * log-probabilities, so it works wherever those can be had by id (vLLM, llama.cpp's local server of ours).
 */
export class GenerativePrm implements Scorer {
  readonly name = 'generative-prm';
  readonly #client: InferenceClient;
  #tagIds: Promise<number[]> | undefined;

  constructor(client: InferenceClient) {
    this.#client = client;
  }

  async score({ question, steps }: ScoreRequest, signal: AbortSignal): Promise<Verdict> {
    this.#tagIds ??= this.#findTags(signal);
    const [good = 0, bad = 0] = await this.#tagIds;
    const { promptIds: chat } = await this.#client.renderChat(question, signal);
    const thought = opening + steps.map((step) => `${step}${stepTag}`).join('\n');
    const promptIds = [...chat, ...(await this.#client.tokenize(thought, signal))];
    const logprobs = await this.#nextLogprobs(promptIds, [good, bad], signal);
    const [yes, no] = [Math.exp(logprobs.get(good) ?? -Infinity), Math.exp(logprobs.get(bad) ?? -Infinity)];
    if (yes + no === 0) throw noVerdict('neither verdict is among the tokens that the server lists');
    return { value: yes / (yes + no), promptTokens: promptIds.length, generatedTokens: 1 };
  }

  async #findTags(signal: AbortSignal): Promise<number[]> {
    const ids = await Promise.all([stepTag, ...verdictTags].map((tag) => this.#client.tokenize(tag, signal)));
    if (ids.some((each) => each.length !== 1)) throw noVerdict(`its tokenizer has no single token for ${stepTag}`);
    return ids.slice(1).flat();
  }

  async #nextLogprobs(promptIds: number[], wanted: number[], signal: AbortSignal): Promise<Map<number, number>> {
    const extra = { logprobs: 20, logprob_token_ids: wanted, return_tokens_as_token_ids: true };
    const plain = { maxTokens: 1, minTokens: 0, stopTokenIds: [], seed: 0, sampling: greedy, maskedTokenIds: [] };
    const found = new Map<number, number>();
    for await (const { topLogprobs } of this.#client.complete({ promptIds, ...plain, extra }, signal)) {
      for (const [name, logprob] of Object.entries(topLogprobs?.[0] ?? {})) {
        const id = /^token_id:(\d+)$/.exec(name)?.[1];
        if (id !== undefined) found.set(Number(id), logprob);
      }
    }
    return found;
  }
}

function noVerdict(why: string): SecondThoughtError {
  return new SecondThoughtError('scorer-failed', `This model gives no verdicts on steps: ${why}.`, {
    remedy: 'Use a reward model that was trained with these tokens, and a server that gives log-probabilities by id.',
  });
}
