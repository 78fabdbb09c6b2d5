import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { Step } from '../generation/choice';
import type { IdLogprobs } from '../generation/logprobs';
import { ChatTemplateError, renderChat } from '../model/chatTemplate';
import type { Engine } from '../model/engine';
import { badRequest, invalidField } from './errors';
import { EventStream, whileConnected } from './eventStream';
import { ChatLogprobs, formatPromptLogprobs } from './logprobFormat';
import { checkLength, checkModel, planChoices } from './plans';
import { type ChatRequest, chatRequestSchema, parseBody } from './requestSchemas';
import { type NumberedChoice, runChoices } from './runner';

type Rendered = Pick<
  ChatRequest,
  'messages' | 'add_generation_prompt' | 'continue_final_message' | 'add_special_tokens' | 'chat_template_kwargs'
>;

/** Messages as ids. @throws ApiError 400 if the template refuses them, or there is none. */
export function chatIds(request: Rendered, engine: Engine): number[] {
  const continueFinalMessage = request.continue_final_message;
  if (continueFinalMessage && request.add_generation_prompt === true) {
    throw invalidField(
      'add_generation_prompt',
      'Cannot set both `continue_final_message` and `add_generation_prompt` to True.',
    );
  }
  if (!engine.chatTemplate) throw badRequest('The model file has no chat template.');
  const addGenerationPrompt = request.add_generation_prompt ?? !continueFinalMessage;
  const variables = request.chat_template_kwargs ?? {};
  try {
    const options = { addGenerationPrompt, continueFinalMessage, variables };
    return engine.tokenize(renderChat(engine.chatTemplate, request.messages, options), request.add_special_tokens);
  } catch (error) {
    throw error instanceof ChatTemplateError ? badRequest(error.message) : error;
  }
}

/** `POST /v1/chat/completions`, streamed or not: the whole reply is `content`, nothing is taken for reasoning. */
export async function handleChat(request: FastifyRequest, reply: FastifyReply, engine: Engine): Promise<unknown> {
  const body = parseBody(chatRequestSchema, request.body);
  checkModel(body.model, engine);
  const promptIds = chatIds(body, engine);
  const maxTokens = body.max_completion_tokens ?? body.max_tokens ?? engine.contextLength - promptIds.length;
  const base = planChoices(body, maxTokens, { output: topOf(body), prompt: body.prompt_logprobs }, engine);
  checkLength(promptIds, maxTokens, engine);
  const choices = Array.from({ length: body.n }, (_, index) => ({ index, plan: { ...base, promptIds, child: index } }));
  const signal = whileConnected(reply.raw);
  const id = `chatcmpl-${body.request_id ?? randomUUID().replaceAll('-', '')}`;
  const head = { id, created: Math.floor(Date.now() / 1000), model: engine.modelName };
  if (!body.stream) return completeAtOnce(choices, body, head, engine, signal);
  reply.hijack();
  await streamChat(choices, body, head, engine, new EventStream(reply.raw, signal), signal);
  return reply;
}

/** How many log-probabilities are to be listed; null: none, not even the chosen ids'. */
function topOf({ logprobs, top_logprobs }: ChatRequest): number | null {
  if (top_logprobs < -1) throw invalidField('top_logprobs', '`top_logprobs` must be a positive value or -1.');
  if (logprobs) return top_logprobs;
  if (top_logprobs === 0) return null;
  throw invalidField('top_logprobs', 'when using `top_logprobs`, `logprobs` must be set to true.');
}

async function streamChat(
  choices: NumberedChoice[],
  body: ChatRequest,
  head: object,
  engine: Engine,
  stream: EventStream,
  signal: AbortSignal,
): Promise<void> {
  const chunk = { ...head, object: 'chat.completion.chunk' };
  const promptIds = choices[0]?.plan.promptIds;
  const asIds = body.return_tokens_as_token_ids;
  const formats = new Map(choices.map(({ index }) => [index, new ChatLogprobs(engine.vocabulary, asIds)]));
  try {
    for (const { index } of choices) {
      const choice = { index, delta: { role: 'assistant', content: '' }, logprobs: null, finish_reason: null };
      const ids = body.return_token_ids && index === 0 ? { prompt_token_ids: promptIds } : {};
      await stream.send({ ...chunk, ...ids, choices: [choice] });
    }
    const usage = await runChoices(choices, {
      engine,
      signal,
      onStep({ index }, step) {
        const choice = {
          index,
          delta: { content: step.text },
          logprobs: step.logprobs ? (formats.get(index)?.format([step]) ?? null) : null,
          finish_reason: step.ending?.finishReason ?? null,
          stop_reason: step.ending?.stopReason ?? null,
          token_ids: body.return_token_ids ? [step.id] : null,
        };
        return stream.send({ ...chunk, choices: [choice] });
      },
    });
    if (body.stream_options?.include_usage) await stream.send({ ...chunk, choices: [], usage });
    stream.end();
  } catch (error) {
    stream.fail(error);
  }
}

async function completeAtOnce(
  choices: NumberedChoice[],
  body: ChatRequest,
  head: object,
  engine: Engine,
  signal: AbortSignal,
): Promise<unknown> {
  const steps = choices.map((): Step[] => []);
  let scored: IdLogprobs[] | null = null;
  const usage = await runChoices(choices, {
    engine,
    signal,
    onPrompt(_choice, promptLogprobs) {
      scored = promptLogprobs;
    },
    onStep: ({ index }, step) => void steps[index]?.push(step),
  });
  const format = () => new ChatLogprobs(engine.vocabulary, body.return_tokens_as_token_ids);
  const replies = choices.map(({ index }) => {
    const own = steps[index] ?? [];
    const ending = own.at(-1)?.ending;
    return {
      index,
      message: { role: 'assistant', content: own.map(({ text }) => text).join('') },
      logprobs: body.logprobs ? format().format(own) : null,
      finish_reason: ending?.finishReason ?? null,
      stop_reason: ending?.stopReason ?? null,
      token_ids: body.return_token_ids ? own.map(({ id }) => id) : null,
    };
  });
  const promptIds = choices[0]?.plan.promptIds ?? [];
  return {
    ...head,
    object: 'chat.completion',
    choices: replies,
    usage,
    prompt_token_ids: body.return_token_ids ? promptIds : null,
    prompt_logprobs: scored && formatPromptLogprobs(promptIds, scored, engine.vocabulary),
  };
}
