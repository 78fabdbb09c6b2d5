import { Template } from '@huggingface/jinja';

export interface ChatMessage {
  role: string;
  content: string;
}

export interface RenderOptions {
  addGenerationPrompt: boolean;
  /** Ends the text inside the last message, so that the model goes on with it. */
  continueFinalMessage: boolean;
  /** Further variables of the template (`chat_template_kwargs`). */
  variables: Record<string, unknown>;
}

/** Raised when a template refuses the messages, or is no Jinja. */
export class ChatTemplateError extends Error {}

/**
 * Renders messages by a GGUF file's chat template, with the variables that Transformers gives it
 * (`raise_exception`, `strftime_now` and `range` come with the template engine).
 * @throws ChatTemplateError
 */
export function renderChat(
  template: { source: string; bosText: string; eosText: string },
  messages: readonly ChatMessage[],
  options: RenderOptions,
): string {
  let text: string;
  try {
    text = new Template(template.source).render({
      ...options.variables,
      messages,
      add_generation_prompt: options.addGenerationPrompt,
      bos_token: template.bosText,
      eos_token: template.eosText,
    });
  } catch (error) {
    throw new ChatTemplateError(error instanceof Error ? error.message : String(error), { cause: error });
  }
  return options.continueFinalMessage ? endInside(text, messages.at(-1)?.content ?? '') : text;
}

/** Cuts a rendered chat after its last message's text, as Transformers does (`render_jinja_template`). */
function endInside(text: string, content: string): string {
  const stripped = content.trim();
  const at = text.lastIndexOf(stripped);
  if (at < 0)
    throw new ChatTemplateError('The final message does not appear in the chat after applying the chat template.');
  const whole = content.trimStart();
  return text.slice(0, at) + (text.startsWith(whole, at) ? whole : stripped);
}
