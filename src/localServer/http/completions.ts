import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ChoicePlan, IdLogprobs, Step } from '../generation/choice';
import type { Engine } from '../model/engine';
import { invalidField } from './errors';
import { EventStream, whileConnected } from './eventStream';
import { checkLength, checkModel, planChoices, promptIdsOf } from './plans';
import { type CompletionRequest, completionRequestSchema, parseBody } from './requestSchemas';
import { type NumberedChoice, runChoices } from './runner';

/** `POST /v1/completions`, streamed or not. */
export async function handleCompletions(
  request: FastifyRequest,
  reply: FastifyReply,
  engine: Engine,
): Promise<unknown> {
  const body = parseBody(completionRequestSchema, request.body);
  checkModel(body.model, engine);
  const choices = numberChoices(body, engine);
  const signal = whileConnected(reply.raw);
  const head = headOf(request, body, engine);
  if (!body.stream) return completeAtOnce(choices, body, head, engine, signal);
  reply.hijack();
  await streamCompletion(choices, body, head, engine, new EventStream(reply.raw, signal), signal);
  return reply;
}

interface Head {
  id: string;
  object: 'text_completion';
  created: number;
  model: string;
}

function headOf(request: FastifyRequest, body: CompletionRequest, engine: Engine): Head {
  const id = request.headers['x-request-id'] ?? body.request_id ?? randomUUID().replaceAll('-', '');
  const created = Math.floor(Date.now() / 1000);
  return { id: `cmpl-${String(id)}`, object: 'text_completion', created, model: engine.modelName };
}

/** Choices of all prompts, numbered `prompt * n + sample` like vLLM's. */
function numberChoices(body: CompletionRequest, engine: Engine): NumberedChoice[] {
  if (body.echo) throw invalidField('echo', 'echo is not supported by this server.');
  if (body.logprobs !== null && body.logprobs < 0) {
    throw invalidField('logprobs', '`logprobs` must be a positive value.');
  }
  const prompts = promptIdsOf(body, engine);
  const base = planChoices(body, body.max_tokens, body.logprobs);
  for (const promptIds of prompts) checkLength(promptIds, body.max_tokens, engine);
  return prompts.flatMap((promptIds, prompt) =>
    Array.from({ length: body.n }, (_, child) => ({
      index: prompt * body.n + child,
      plan: { ...base, promptIds, child } satisfies ChoicePlan,
    })),
  );
}

async function streamCompletion(
  choices: NumberedChoice[],
  body: CompletionRequest,
  head: Head,
  engine: Engine,
  stream: EventStream,
  signal: AbortSignal,
): Promise<void> {
  const withUsage = body.stream_options?.include_usage === true;
  const continuously = withUsage && body.stream_options?.continuous_usage_stats === true;
  const formats = new Map(choices.map(({ index }) => [index, new LogprobFormat(body, engine)]));
  const begun = new Set<number>();
  try {
    const usage = await runChoices(choices, {
      engine,
      signal,
      onStep({ index, plan }, step, usageNow) {
        const isFirst = !begun.has(index);
        begun.add(index);
        const choice = {
          index,
          text: step.text,
          logprobs: formats.get(index)?.format([step]) ?? null,
          finish_reason: step.ending?.finishReason ?? null,
          stop_reason: step.ending?.stopReason ?? null,
          prompt_token_ids: body.return_token_ids && isFirst ? plan.promptIds : null,
          token_ids: body.return_token_ids ? [step.id] : null,
        };
        return stream.send({ ...head, choices: [choice], ...(continuously ? { usage: usageNow() } : {}) });
      },
    });
    if (withUsage) await stream.send({ ...head, choices: [], usage });
    stream.end();
  } catch (error) {
    stream.fail(error);
  }
}

async function completeAtOnce(
  choices: NumberedChoice[],
  body: CompletionRequest,
  head: Head,
  engine: Engine,
  signal: AbortSignal,
): Promise<unknown> {
  const steps = choices.map((): Step[] => []);
  const usage = await runChoices(choices, {
    engine,
    signal,
    onStep: ({ index }, step) => void steps[index]?.push(step),
  });
  const replies = choices.map(({ index, plan }) => {
    const own = steps[index] ?? [];
    const ending = own.at(-1)?.ending;
    return {
      index,
      text: own.map(({ text }) => text).join(''),
      logprobs: new LogprobFormat(body, engine).format(own),
      finish_reason: ending?.finishReason ?? null,
      stop_reason: ending?.stopReason ?? null,
      token_ids: body.return_token_ids ? own.map(({ id }) => id) : null,
      prompt_logprobs: null,
      prompt_token_ids: body.return_token_ids ? plan.promptIds : null,
    };
  });
  return { ...head, choices: replies, usage };
}

/** Log-probabilities in the shape of OpenAI's completions: four parallel lists; offsets go on from chunk to chunk. */
class LogprobFormat {
  readonly #body: CompletionRequest;
  readonly #engine: Engine;
  #offset = 0;

  constructor(body: CompletionRequest, engine: Engine) {
    this.#body = body;
    this.#engine = engine;
  }

  format(steps: readonly Step[]) {
    if (this.#body.logprobs === null) return null;
    const tokens = steps.map(({ id }) => this.#name(id));
    return {
      text_offset: tokens.map((token) => this.#advance(token)),
      token_logprobs: steps.map(({ logprobs }) => logprobs?.logprob ?? null),
      tokens,
      top_logprobs: steps.map(({ id, logprobs }) => (logprobs ? this.#top(id, logprobs) : null)),
    };
  }

  /** The chosen id first, then the likeliest ones: vLLM lists the chosen one even if it is not among them. */
  #top(id: number, { logprob, top }: IdLogprobs): Record<string, number> {
    return Object.fromEntries([[this.#name(id), logprob], ...top.map((one) => [this.#name(one.id), one.logprob])]);
  }

  #name(id: number): string {
    if (this.#body.return_tokens_as_token_ids) return `token_id:${id}`;
    return this.#engine.vocabulary.detokenize([id], true);
  }

  #advance(token: string): number {
    const offset = this.#offset;
    this.#offset += token.length;
    return offset;
  }
}
