import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import type { MeasuringClient } from '../inference/inferenceClient';
import { parseReply } from '../inference/wire';
import type { ScoreRequest, Scorer, Verdict } from './scorer';

/** Reward models behind vLLM's pooling routes (`vllm serve --runner pooling`; docs.vllm.ai, "Pooling models"). */

const number = z.number();
const usage = z.object({ prompt_tokens: z.int().nonnegative() }).nullish();
const poolingReplySchema = z.object({
  data: z.array(z.object({ data: z.array(z.union([number, z.array(number)])) })).min(1),
  usage,
});

/** What Qwen2.5-Math-PRM was trained with (its model card). */
const qwenSystem = 'Please reason step by step, and put your final answer within \\boxed{}.';

/**
 * Process rewards by steps. The server returns a row for each step tag (STEP pooling): of two numbers the second is the
 * probability that the step is good (Qwen2.5-Math-PRM); a single one is a logit, and its sigmoid the score (Llemma reward
 * model, s1 facts §5.6).
 */
export class PoolingPrm implements Scorer {
  readonly name: 'qwen-prm' | 'llemma-prm';
  readonly #client: MeasuringClient;

  constructor(name: PoolingPrm['name'], client: MeasuringClient) {
    this.name = name;
    this.#client = client;
  }

  async score(request: ScoreRequest, signal: AbortSignal): Promise<Verdict> {
    const input = this.name === 'qwen-prm' ? qwenInput(request) : llemmaInput(request);
    const reply = await this.#client.post('/pooling', { model: this.#client.model, ...input }, signal);
    const { data, usage: used } = parseReply(poolingReplySchema, reply, 'The reply of /pooling');
    const rows = data[0]?.data ?? [];
    const last = rows.at(-1);
    if (last === undefined || rows.length !== request.steps.length) {
      throw new SecondThoughtError(
        'scorer-failed',
        `The reward model returned ${rows.length} rows for ${request.steps.length} steps.`,
        { remedy: 'Serve it with --runner pooling and STEP pooling on its step tag.' },
      );
    }
    return { value: rewardOf(last), promptTokens: used?.prompt_tokens ?? 0, generatedTokens: 0 };
  }
}

function qwenInput({ question, steps }: ScoreRequest) {
  return {
    messages: [
      { role: 'system', content: qwenSystem },
      { role: 'user', content: question },
      { role: 'assistant', content: steps.map((step) => `${step}<extra_0>`).join('') },
    ],
  };
}

const llemmaInput = ({ question, steps }: ScoreRequest) => ({
  input: `${question}\n${steps.map((step, index) => `Step ${index + 1}: ${step} ки`).join('\n')}`,
  use_activation: false,
});

function rewardOf(row: number | number[]): number {
  const values = Array.isArray(row) ? row : [row];
  const [first = 0, good] = values;
  if (good === undefined) return sigmoid(first);
  if (values.length === 2 && values.every((value) => value >= 0 && value <= 1)) return good;
  throw new SecondThoughtError(
    'scorer-failed',
    `The reward model gave ${values.length} numbers for a step, which are not two probabilities.`,
    { remedy: 'Serve a process reward model of two classes, with the softmax that its model card asks for.' },
  );
}

const sigmoid = (logit: number) => 1 / (1 + Math.exp(-logit));

const classifyReplySchema = z.object({
  data: z.array(z.object({ probs: z.array(number).min(1) })).min(1),
  usage,
});

/**
 * An outcome reward model (Skywork-Reward): one number for the whole text so far, not bounded. With one label it is the
 * logit, with two the probability of the second.
 */
export class OutcomeReward implements Scorer {
  readonly name = 'outcome';
  readonly #client: MeasuringClient;

  constructor(client: MeasuringClient) {
    this.#client = client;
  }

  async score({ question, steps }: ScoreRequest, signal: AbortSignal): Promise<Verdict> {
    const messages = [
      { role: 'user', content: question },
      { role: 'assistant', content: steps.join('\n') },
    ];
    const body = { model: this.#client.model, messages, use_activation: false };
    const reply = await this.#client.post('/classify', body, signal);
    const { data, usage: used } = parseReply(classifyReplySchema, reply, 'The reply of /classify');
    return { value: data[0]?.probs.at(-1) ?? 0, promptTokens: used?.prompt_tokens ?? 0, generatedTokens: 0 };
  }
}
