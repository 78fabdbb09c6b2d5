import * as z from 'zod';
import type { TextTokens } from '../tokens/textTokens';
import type { CompletionChunk, CompletionRequest } from './inferenceClient';
import { parseReply } from './wire';
import type { WireFormat } from './wireFormat';

const chunkSchema = z.object({
  choices: z.array(
    z.object({
      text: z.string().nullish(),
      finish_reason: z.string().nullish(),
      stop_reason: z.union([z.string(), z.number()]).nullish(),
    }),
  ),
  usage: z.object({ completion_tokens: z.int().nonnegative() }).nullish(),
});

/** Hosts take no more stop strings. */
const mostStops = 4;

/** vLLM's: a special token is part of the text, as it is, without spaces around it. */
export const specialsShown = { skip_special_tokens: false, spaces_between_special_tokens: false };

/**
 * A host of OpenAI's completions dialect that neither takes nor gives ids: delimiters are texts, ends are stop strings.
 * @param showsSpecials it takes `specialsShown`
 */
export function textWire(tokens: TextTokens, showsSpecials: boolean): WireFormat {
  return {
    ...localTokenizer(tokens),
    complete: (request, model) => ({
      path: '/v1/completions',
      body: {
        model,
        prompt: tokens.decode(request.promptIds),
        max_tokens: request.maxTokens,
        ...stopsOf(request, tokens),
        ...(showsSpecials ? specialsShown : {}),
        ...commonFields(request),
      },
    }),
    readChunk(event, url) {
      const { choices, usage } = parseReply(chunkSchema, event, `A piece of the stream from ${url}`);
      const [choice] = choices;
      return chunkOf(tokens, choice?.text ?? '', choice?.finish_reason, usage?.completion_tokens);
    },
  };
}

/** What both wires of texts have: ids are made here, and nothing is asked of the server for them. */
export function localTokenizer(tokens: TextTokens) {
  const never = (): never => {
    throw new Error('a server of texts is not asked for ids');
  };
  return {
    local: tokens,
    tokenize: never,
    readTokens: never,
    detokenize: never,
    readText: never,
    renderChat: never,
    readPrompt: never,
  };
}

/** A stop string is not part of the reply, so its end is never taken for an id that was received. */
export function chunkOf(
  tokens: TextTokens,
  text: string,
  finishReason: string | null | undefined,
  reportedTokens: number | undefined,
): CompletionChunk {
  return {
    tokenIds: tokens.encode(text),
    text,
    finishReason: finishReason ?? null,
    stopReason: finishReason === 'stop' ? 'text' : null,
    cachedPromptTokens: null,
    ...(reportedTokens === undefined ? {} : { reportedTokens }),
  };
}

function stopsOf({ stopTokenIds, stopTexts = [] }: CompletionRequest, tokens: TextTokens) {
  const stop = [...new Set([...stopTokenIds.map((id) => tokens.decode([id])), ...stopTexts])].slice(0, mostStops);
  return stop.length === 0 ? {} : { stop };
}

/** Fields beyond OpenAI's are sent only where they say something: such hosts refuse what they do not know. */
export function commonFields({ sampling, seed, extra }: CompletionRequest) {
  const { temperature, topP, topK, minP, repetitionPenalty } = sampling;
  return {
    stream: true,
    stream_options: { include_usage: true },
    seed,
    temperature,
    top_p: topP,
    ...(topK > 0 ? { top_k: topK } : {}),
    ...(minP > 0 ? { min_p: minP } : {}),
    ...(repetitionPenalty === 1 ? {} : { repetition_penalty: repetitionPenalty }),
    ...extra,
  };
}
