import * as z from 'zod';
import { parseReply } from './wire';
import { templateFields, type WireFormat } from './wireFormat';
import { vllmWire } from './wireVllm';

const ids = z.array(z.int().nonnegative());
const textSchema = z.object({ text: z.string() });
const matchedSchema = z.object({
  choices: z.array(z.object({ matched_stop: z.union([z.string(), z.number()]).nullish() })),
});
const renderedSchema = z.object({
  prompt_token_ids: ids.nullish(),
  choices: z.array(z.object({ prompt_token_ids: ids.nullish() })),
});

/** SGLang: vLLM's fields with other names in places, and tokenizer routes below `/v1`. */
export const sglangWire: WireFormat = {
  ...vllmWire,
  complete(request, model) {
    const { path, body } = vllmWire.complete(request, model);
    const { topK } = request.sampling;
    return { path, body: { ...body, top_k: topK < 1 ? -1 : topK, no_stop_trim: true } };
  },
  readChunk(event, url) {
    const chunk = vllmWire.readChunk(event, url);
    const matched = parseReply(matchedSchema, event, `A piece of the stream from ${url}`).choices[0]?.matched_stop;
    return { ...chunk, stopReason: chunk.stopReason ?? matched ?? null };
  },
  tokenize: (prompt, model) => ({ path: '/v1/tokenize', body: { model, prompt, add_special_tokens: false } }),
  detokenize: (tokens, model) => ({
    path: '/v1/detokenize',
    body: { model, tokens, skip_special_tokens: false },
  }),
  readText: (reply, from) => parseReply(textSchema, reply, from).text,
  /** Its tokenizer renders no messages; a chat of one token says what its prompt was. */
  renderChat: (content, model, extra) => ({
    path: '/v1/chat/completions',
    body: {
      model,
      messages: [{ role: 'user', content }],
      max_tokens: 1,
      return_token_ids: true,
      ...templateFields(extra),
    },
  }),
  readPrompt(reply, from) {
    const { prompt_token_ids, choices } = parseReply(renderedSchema, reply, from);
    return { promptIds: prompt_token_ids ?? choices[0]?.prompt_token_ids ?? [], contextLength: null };
  },
};
