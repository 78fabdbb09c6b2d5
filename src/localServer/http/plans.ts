import type { ChoicePlan } from '../generation/choice';
import type { Engine } from '../model/engine';
import { badRequest, EngineRefusal, invalidField, modelNotFound } from './errors';
import type { CompletionRequest, SamplingRequest } from './requestSchemas';

/** Everything about a choice but its prompt and number. */
type PlanBase = Omit<ChoicePlan, 'promptIds' | 'child'>;

/** @throws ApiError 404 unless the model is the one served, or none is named. */
export function checkModel(model: string | null, engine: Engine): void {
  if (model && model !== engine.modelName) throw modelNotFound(model);
}

/** The prompts of a completion as ids. */
export function promptIdsOf(request: CompletionRequest, engine: Engine): number[][] {
  const { prompt } = request;
  const encode = (text: string) => engine.tokenize(text, request.add_special_tokens);
  if (typeof prompt === 'string') return [encode(prompt)];
  if (typeof prompt[0] === 'number') return [prompt as number[]];
  return (prompt as (string | number[])[]).map((one) => (typeof one === 'string' ? encode(one) : one));
}

/**
 * Checks what vLLM checks before it answers, in its words, and resolves the sampling fields.
 * @throws ApiError 400
 */
export function planChoices(request: SamplingRequest, maxTokens: number, logprobs: number | null): PlanBase {
  checkSampling(request, maxTokens);
  const bias = Object.entries(request.logit_bias ?? {}).map(([id, value]) => {
    if (!/^\d+$/.test(id)) throw invalidField('logit_bias', `logit_bias: ${JSON.stringify(id)} is not a token id.`);
    return [Number(id), Math.min(100, Math.max(-100, value))] as const;
  });
  return {
    maxTokens,
    minTokens: request.min_tokens,
    ignoreEos: request.ignore_eos,
    stopTokenIds: new Set(request.stop_token_ids),
    stopStrings: request.stop,
    includeStopText: request.include_stop_str_in_output,
    keepSpecial: !request.skip_special_tokens,
    sampling: {
      temperature: request.temperature,
      topK: Math.max(request.top_k, 0),
      topP: request.top_p,
      minP: request.min_p,
    },
    repetitionPenalty: request.repetition_penalty,
    presencePenalty: request.presence_penalty,
    frequencyPenalty: request.frequency_penalty,
    logitBias: new Map(bias),
    allowedIds: request.allowed_token_ids ? new Set(request.allowed_token_ids) : null,
    logprobs,
    seed: request.seed,
  };
}

/** The ranges of `vllm/sampling_params.py` (`_verify_args`, `_verify_greedy_sampling`). */
function checkSampling(request: SamplingRequest, maxTokens: number): void {
  const { temperature, top_p, top_k, min_p, repetition_penalty, min_tokens, n } = request;
  const refuse = (isWrong: boolean, field: string, message: string) => {
    if (isWrong) throw badRequest(message, field);
  };
  refuse(temperature < 0, 'temperature', `temperature must be non-negative, got ${temperature}.`);
  refuse(temperature > 2, 'temperature', `temperature must be at most 2.0, got ${temperature}.`);
  refuse(!(top_p > 0 && top_p <= 1), 'top_p', `top_p must be in (0, 1], got ${top_p}.`);
  const isTopK = Number.isInteger(top_k) && top_k >= -1;
  refuse(!isTopK, 'top_k', `top_k must be 0 (disable), or at least 1, got ${top_k}.`);
  refuse(!(min_p >= 0 && min_p <= 1), 'min_p', `min_p must be in [0, 1], got ${min_p}.`);
  refuse(
    !(repetition_penalty > 0),
    'repetition_penalty',
    `repetition_penalty must be greater than zero, got ${repetition_penalty}.`,
  );
  refuse(maxTokens < 1, 'max_tokens', `max_tokens must be at least 1, got ${maxTokens}.`);
  refuse(
    min_tokens > maxTokens,
    'min_tokens',
    `min_tokens must be less than or equal to max_tokens=${maxTokens}, got ${min_tokens}.`,
  );
  refuse(n > 1 && temperature === 0, 'n', `n must be 1 when using greedy sampling, got ${n}.`);
  if (request.stream_options && !request.stream) {
    throw invalidField('stream_options', 'Stream options can only be defined when `stream=True`.');
  }
}

/** @throws ApiError 400 in vLLM's words, from which clients read the context length. */
export function checkLength(promptIds: readonly number[], maxTokens: number, { contextLength }: Engine): void {
  const [prompt, total] = [promptIds.length, promptIds.length + maxTokens];
  if (total <= contextLength) return;
  throw badRequest(
    `This model's maximum context length is ${contextLength} tokens. However, you requested ${maxTokens} output tokens ` +
      `and your prompt contains ${prompt} input tokens, for a total of ${total} tokens. Please reduce the length of ` +
      `the input prompt or the number of requested output tokens. (parameter=input_tokens, value=${prompt})`,
    'input_tokens',
  );
}

/**
 * What vLLM's engine refuses once the reply may have begun: ids that the model does not have.
 * @throws EngineRefusal
 */
export function checkIds(plan: ChoicePlan, { vocabulary }: Engine): void {
  const refuse = (ids: Iterable<number>, say: (id: number) => string) => {
    for (const id of ids) if (id >= vocabulary.size) throw new EngineRefusal(say(id));
  };
  refuse(plan.promptIds, (id) => `Token id ${id} is out of vocabulary`);
  refuse(plan.stopTokenIds, (id) => `stop_token_ids contains id ${id}, which is out of vocabulary`);
  refuse(plan.logitBias.keys(), (id) => `token_id ${id} in logit_bias contains out-of-vocab token id`);
  refuse(plan.allowedIds ?? [], () => 'allowed_token_ids contains out-of-vocab token id!');
  if (plan.logprobs !== null && plan.logprobs > 20) {
    throw new EngineRefusal(`Requested sample logprobs of ${plan.logprobs}, which is greater than max allowed: 20`);
  }
}
