import type { CompletionChunk, CompletionRequest, InferenceClient } from '../../../src/core/inference/inferenceClient';

/** What the model would do in one pass, if nothing limited it: `ids` thinking ids, then (unless endless) a stop id. */
export interface ScriptedPass {
  ids: number;
  /** The stop id that follows, by its text; undefined: it goes on until it is cut. */
  stop?: '<|im_start|>' | '<|im_end|>';
}

const specials = ['<|im_start|>', '<|im_end|>', '<think>', '</think>'];
const firstCharacter = 100;

/**
 * A model without sockets for property tests: one id per character, special tokens as single ids, passes by script. It
 * keeps to max_tokens, min_tokens and stop ids as vLLM does, and records every request.
 */
export class ScriptedClient implements InferenceClient {
  readonly requests: CompletionRequest[] = [];
  readonly #passes: ScriptedPass[];
  readonly contextLength: number;

  constructor(passes: ScriptedPass[], contextLength = 4096) {
    this.#passes = passes;
    this.contextLength = contextLength;
  }

  async tokenize(text: string): Promise<number[]> {
    const ids: number[] = [];
    for (let at = 0; at < text.length; ) {
      const special = specials.find((candidate) => text.startsWith(candidate, at));
      ids.push(special ? specials.indexOf(special) : firstCharacter + text.charCodeAt(at));
      at += special ? special.length : 1;
    }
    return ids;
  }

  async detokenize(tokenIds: number[]): Promise<string> {
    return tokenIds.map((id) => specials[id] ?? String.fromCharCode(id - firstCharacter)).join('');
  }

  async renderChat(userText: string) {
    const promptIds = await this.tokenize(`<|im_start|>user\n${userText}<|im_end|>\n<|im_start|>assistant\n`);
    return { promptIds, contextLength: this.contextLength };
  }

  async *complete(request: CompletionRequest): AsyncGenerator<CompletionChunk> {
    const pass = this.#passes[this.requests.length] ?? { ids: 3, stop: '<|im_end|>' as const };
    this.requests.push(request);
    const length = Math.max(pass.ids, request.minTokens);
    const tokenIds = (await this.tokenize('x'.repeat(length))).slice(0, request.maxTokens);
    const stop = pass.stop === undefined ? undefined : specials.indexOf(pass.stop);
    const stops = stop !== undefined && tokenIds.length < request.maxTokens;
    if (pass.stop === undefined) while (tokenIds.length < request.maxTokens) tokenIds.push(firstCharacter + 120);
    const text = await this.detokenize(tokenIds);
    if (stops) tokenIds.push(stop);
    yield { tokenIds: [], text: '', finishReason: null, stopReason: null, cachedPromptTokens: null };
    yield { tokenIds, text, finishReason: stops ? 'stop' : 'length', stopReason: null, cachedPromptTokens: null };
  }

  async isAlive() {
    return true;
  }

  async load() {
    return null;
  }
}
