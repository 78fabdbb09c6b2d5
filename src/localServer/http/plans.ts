import type { ChoicePlan } from '../generation/choice';
import type { LogprobWish } from '../generation/logprobs';
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

/** What a request wants to know of probabilities: how many, or null. */
export interface WantedLogprobs {
  /** Of the output. -1 means every id. */
  output: number | null;
  /** Of the prompt. */
  prompt: number | null;
}

/** vLLM's default for `--max-logprobs`, and its `MAX_LOGPROB_TOKEN_IDS`. */
const maxLogprobs = 20;
const maxLogprobIds = 128;

/**
 * Checks what vLLM checks before it answers, in its words, and resolves the sampling fields.
 * @throws ApiError 400
 */
export function planChoices(
  request: SamplingRequest,
  maxTokens: number,
  wanted: WantedLogprobs,
  engine: Engine,
): PlanBase {
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
    badWords: badWordIds(request.bad_words, engine),
    thinkingBudget: thinkingBudgetOf(request, engine),
    logprobs: logprobWish(request, wanted),
    promptLogprobs: wanted.prompt,
    seed: request.seed,
  };
}

/** Each word with and without a space in front, where that makes another first id (`sampling_params.py`). */
function badWordIds(words: readonly string[], engine: Engine): number[][] {
  return words.flatMap((word) => {
    const [plain, spaced] = ['', ' '].map((space) => engine.tokenize(space + word.trimStart(), false));
    if (!plain || !spaced || plain.length === 0) return [];
    return spaced[0] !== plain[0] && spaced.length === plain.length ? [plain, spaced] : [plain];
  });
}

function thinkingBudgetOf(request: SamplingRequest, { thinkingMarks }: Engine): ChoicePlan['thinkingBudget'] {
  const limit = request.thinking_token_budget;
  if (limit === null) return null;
  if (thinkingMarks) return { limit, marks: thinkingMarks };
  // vLLM's words, up to the reason: here nobody configures it.
  throw badRequest(
    'thinking_token_budget is set but reasoning_config is not configured: the vocabulary of this model has neither ' +
      '<think> nor <|im_start|>.',
    'thinking_token_budget',
  );
}

function logprobWish(request: SamplingRequest, { output, prompt }: WantedLogprobs): LogprobWish | null {
  const refuse = (isWrong: boolean, field: string, message: string) => {
    if (isWrong) throw invalidField(field, message);
  };
  const ids = request.logprob_token_ids?.length ? request.logprob_token_ids : null;
  refuse((output ?? 0) < -1, 'logprobs', '`logprobs` must be a positive value or -1.');
  refuse((prompt ?? 0) < -1, 'prompt_logprobs', '`prompt_logprobs` must be a positive value or -1.');
  const isStreamed = request.stream && prompt !== null && prompt !== 0;
  refuse(isStreamed, 'prompt_logprobs', '`prompt_logprobs` are not available when `stream=True`.');
  const isAlone = ids !== null && output === null;
  refuse(isAlone, 'logprob_token_ids', 'when using `logprob_token_ids`, `logprobs` must be set.');
  const isAltered = request.repetition_penalty !== 1 && output !== null;
  refuse(isAltered, 'logprobs', 'This server does not give logprobs together with a repetition_penalty.');
  return output === null ? null : { top: output, ids };
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
  const { logprobs, promptLogprobs } = plan;
  refuse(logprobs?.ids ?? [], (id) => `token_id ${id} in logprob_token_ids contains out-of-vocab token id`);
  if ((logprobs?.ids?.length ?? 0) > maxLogprobIds) {
    throw tooMany(`logprob_token_ids of length ${logprobs?.ids?.length}`, maxLogprobIds);
  }
  const count = (wanted: number) => (wanted === -1 ? vocabulary.size : wanted);
  const [output, prompt] = [logprobs?.ids ? 0 : count(logprobs?.top ?? 0), count(promptLogprobs ?? 0)];
  if (output > maxLogprobs) throw tooMany(`sample logprobs of ${output}`, maxLogprobs);
  if (prompt > maxLogprobs) throw tooMany(`prompt logprobs of ${prompt}`, maxLogprobs);
}

function tooMany(what: string, allowed: number): EngineRefusal {
  return new EngineRefusal(`Requested ${what}, which is greater than max allowed: ${allowed}`);
}
