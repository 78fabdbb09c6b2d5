import { randomUUID } from 'node:crypto';
import type { FastifyReply, FastifyRequest } from 'fastify';
import type { ChoicePlan, Step } from '../generation/choice';
import type { IdLogprobs } from '../generation/logprobs';
import type { Engine } from '../model/engine';
import { invalidField } from './errors';
import { EventStream, whileConnected } from './eventStream';
import { CompletionLogprobs, formatPromptLogprobs, type ListedId } from './logprobFormat';
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
  if (body.echo && body.stream) throw invalidField('echo', 'echo is not supported in streams by this server.');
  const prompts = promptIdsOf(body, engine);
  const prompt = body.prompt_logprobs ?? (body.echo ? body.logprobs : null);
  // Like vLLM: an id has to be generated even if only the prompt is wanted.
  const maxTokens = body.echo && body.max_tokens === 0 ? 1 : body.max_tokens;
  const base = planChoices(body, maxTokens, { output: body.logprobs, prompt }, engine);
  for (const promptIds of prompts) checkLength(promptIds, body.max_tokens, engine);
  return prompts.flatMap((promptIds, at) =>
    Array.from({ length: body.n }, (_, child) => ({
      index: at * body.n + child,
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
  const asIds = body.return_tokens_as_token_ids;
  const formats = new Map(choices.map(({ index }) => [index, new CompletionLogprobs(engine.vocabulary, asIds)]));
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
          logprobs: step.logprobs ? (formats.get(index)?.format([step]) ?? null) : null,
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
  const prompts = choices.map((): IdLogprobs[] => []);
  const usage = await runChoices(choices, {
    engine,
    signal,
    onPrompt({ index }, scored) {
      prompts[index] = scored;
    },
    onStep: ({ index }, step) => void steps[index]?.push(step),
  });
  const replies = choices.map((choice) => {
    const { index } = choice;
    return wholeChoice(choice, steps[index] ?? [], prompts[index] ?? [], body, engine);
  });
  return { ...head, choices: replies, usage };
}

function wholeChoice(
  { index, plan }: NumberedChoice,
  steps: readonly Step[],
  scored: readonly IdLogprobs[],
  body: CompletionRequest,
  { vocabulary }: Engine,
) {
  const { promptIds } = plan;
  const ending = steps.at(-1)?.ending;
  const shown = body.echo && body.max_tokens === 0 ? [] : steps;
  // vLLM blanks the echoed text where ids are asked for, and never echoes ids.
  const echoed = body.echo && !body.return_token_ids ? vocabulary.detokenize(promptIds, true) : '';
  const promptIdsListed = promptIds.map((id, at): ListedId => ({ id, logprobs: scored[at - 1] ?? null }));
  const listed = [...(body.echo ? promptIdsListed : []), ...shown];
  const format = new CompletionLogprobs(vocabulary, body.return_tokens_as_token_ids);
  return {
    index,
    text: echoed + shown.map(({ text }) => text).join(''),
    logprobs: plan.logprobs ? format.format(listed) : null,
    finish_reason: ending?.finishReason ?? null,
    stop_reason: ending?.stopReason ?? null,
    token_ids: body.return_token_ids ? steps.map(({ id }) => id) : null,
    prompt_logprobs: plan.promptLogprobs === null ? null : formatPromptLogprobs(promptIds, scored, vocabulary),
    prompt_token_ids: body.return_token_ids ? promptIds : null,
  };
}
