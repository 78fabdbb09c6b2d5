import * as z from 'zod';
import { invalidField } from './errors';

/** vLLM treats an explicit null as "not given" everywhere. */
const optional = <T extends z.ZodType>(schema: T) => schema.nullish().transform((value) => value ?? null);
const flag = (fallback: boolean) =>
  z
    .boolean()
    .nullish()
    .transform((value) => value ?? fallback);
const number = (fallback: number, schema: z.ZodNumber = z.number()) =>
  schema.nullish().transform((value) => value ?? fallback);

const tokenId = z.int().nonnegative();
const ids = z.array(tokenId).min(1);

/** Not every client keeps 64-bit seeds exact; any integer is a seed. */
const seed = z.number().refine(Number.isInteger, 'Input should be a valid integer');

const stop = z
  .union([z.string(), z.array(z.string())])
  .nullish()
  .transform((value) => (value == null ? [] : typeof value === 'string' ? [value] : value))
  .pipe(
    z.array(z.string().min(1, 'stop cannot contain an empty string.')).max(4, 'At most 4 stop strings are allowed.'),
  );

/** Fields that would change the output and that this server does not have: refused, because ignoring them would lie. */
const refused = [
  'suffix',
  'bad_words',
  'prompt_logprobs',
  'structured_outputs',
  'guided_json',
  'guided_regex',
  'thinking_token_budget',
];

const sampling = {
  model: optional(z.string()),
  n: number(1, z.number().int().min(1).max(16384)),
  seed: optional(seed),
  temperature: number(1),
  top_p: number(1),
  top_k: number(0),
  min_p: number(0),
  repetition_penalty: number(1),
  presence_penalty: number(0, z.number().min(-2).max(2)),
  frequency_penalty: number(0, z.number().min(-2).max(2)),
  logit_bias: optional(z.record(z.string(), z.number())),
  allowed_token_ids: optional(ids),
  min_tokens: number(0, z.number().int().min(0)),
  stop,
  stop_token_ids: z
    .array(tokenId)
    .nullish()
    .transform((value) => value ?? []),
  include_stop_str_in_output: flag(false),
  ignore_eos: flag(false),
  skip_special_tokens: flag(true),
  return_token_ids: flag(false),
  return_tokens_as_token_ids: flag(false),
  stream: flag(false),
  stream_options: optional(z.looseObject({ include_usage: flag(false), continuous_usage_stats: flag(false) })),
  request_id: optional(z.string()),
};

export const completionRequestSchema = z.looseObject({
  ...sampling,
  prompt: z.union([z.string().min(1), ids, z.array(z.string().min(1)).min(1).max(1024), z.array(ids).min(1).max(1024)]),
  max_tokens: number(16, z.number().int()),
  logprobs: optional(z.number().int()),
  add_special_tokens: flag(true),
  echo: flag(false),
});

const message = z.looseObject({
  role: z.string(),
  content: z
    .union([z.string(), z.array(z.looseObject({ type: z.literal('text'), text: z.string() }))])
    .nullish()
    // vLLM joins the parts of a text in the same way.
    .transform((value) => (typeof value === 'string' ? value : (value ?? []).map((part) => part.text).join('\n'))),
});

const chat = {
  messages: z.array(message).min(1),
  add_generation_prompt: optional(z.boolean()),
  continue_final_message: flag(false),
  add_special_tokens: flag(false),
  chat_template_kwargs: optional(z.record(z.string(), z.unknown())),
};

export const chatRequestSchema = z.looseObject({
  ...sampling,
  ...chat,
  max_tokens: optional(z.number().int()),
  max_completion_tokens: optional(z.number().int()),
});

export const tokenizeRequestSchema = z.union([
  z.looseObject({ model: sampling.model, ...chat, return_token_strs: flag(false) }),
  z.looseObject({
    model: sampling.model,
    prompt: z.string(),
    add_special_tokens: flag(true),
    return_token_strs: flag(false),
  }),
]);

export const detokenizeRequestSchema = z.looseObject({ model: sampling.model, tokens: z.array(tokenId) });

export type CompletionRequest = z.output<typeof completionRequestSchema>;
export type ChatRequest = z.output<typeof chatRequestSchema>;
export type ChatMessages = ChatRequest['messages'];
/** What completions and chat have in common. */
export type SamplingRequest = Pick<CompletionRequest, Exclude<keyof typeof sampling, symbol>>;

/** Checks a body as vLLM does: unknown fields pass, wrong ones are a 400 that names the field. */
export function parseBody<T>(schema: z.ZodType<T>, body: unknown): T {
  const parsed = schema.safeParse(body);
  if (!parsed.success) {
    const issue = parsed.error.issues[0];
    const path = issue?.path.map(String).join('.');
    const param = path ? `body.${path}` : 'body';
    throw invalidField(param, `${param}: ${issue?.message ?? 'invalid request'}`);
  }
  for (const field of refused) {
    if ((parsed.data as Record<string, unknown>)[field] != null) {
      throw invalidField(field, `${field} is not supported by this server.`);
    }
  }
  return parsed.data;
}
