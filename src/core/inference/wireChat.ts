import * as z from 'zod';
import type { TextTokens } from '../tokens/textTokens';
import type { TemplateArguments } from './inferenceClient';
import { parseReply } from './wire';
import type { WireFormat } from './wireFormat';
import { chunkOf, commonFields, localTokenizer } from './wireText';

const text = z.string().nullish();
const chunkSchema = z.object({
  choices: z.array(
    z.object({
      delta: z.object({ content: text, reasoning: text, reasoning_content: text }).nullish(),
      finish_reason: text,
    }),
  ),
  usage: z.object({ completion_tokens: z.int().nonnegative() }).nullish(),
});

/** How reasoning that a server keeps apart is written down: the dialect of every trace of a chat. */
export const chatDialect = 'think-tags';
const opening = '<think>';
const closing = '</think>';

/** A host that only chats: the question goes out, reasoning and answer come back. */
export function chatWire(tokens: TextTokens): WireFormat {
  tokens.declare([opening, closing]);
  return {
    ...localTokenizer(tokens),
    complete: (request, model) => ({
      path: '/v1/chat/completions',
      body: {
        model,
        messages: [{ role: 'user', content: tokens.decode(request.promptIds) }],
        ...(request.isOpenEnded ? {} : { max_tokens: request.maxTokens }),
        ...effortFields(request.templateArguments ?? {}),
        ...commonFields(request),
      },
    }),
    readChunk: () => {
      throw new Error('a chat is read as a whole stream');
    },
    openReader() {
      let isThinking = false;
      return async (event, url) => {
        const { choices, usage } = parseReply(chunkSchema, event, `A piece of the stream from ${url}`);
        const { delta, finish_reason } = choices[0] ?? {};
        const thought = delta?.reasoning ?? delta?.reasoning_content ?? '';
        const said = delta?.content ?? '';
        const opens = thought !== '' && !isThinking;
        const closes = said !== '' && (isThinking || opens);
        isThinking = (isThinking || opens) && !closes;
        const whole = `${opens ? opening : ''}${thought}${closes ? closing : ''}${said}`;
        return chunkOf(tokens, whole, finish_reason, usage?.completion_tokens);
      };
    },
  };
}

/** OpenAI's own field stands for itself; the others are the template's. */
function effortFields({ reasoning_effort, ...others }: TemplateArguments) {
  return {
    ...(reasoning_effort === undefined ? {} : { reasoning_effort }),
    ...(Object.keys(others).length > 0 ? { chat_template_kwargs: others } : {}),
  };
}
