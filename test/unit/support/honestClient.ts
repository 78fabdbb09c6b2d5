import type { CompletionChunk, CompletionRequest, MeasuringClient } from '../../../src/core/inference/inferenceClient';
import { ScriptedClient } from './scriptedClient';

/** What one id is chosen by. */
export interface Choice {
  request: CompletionRequest;
  /** Prompt and what was written so far. */
  context: number[];
  written: number[];
}

const [thinkingEnd, budgetField, wordsField] = [0, 'thinking_token_budget', 'bad_words'];
const alphabet = 90;

/**
 * A server in memory that keeps to everything it is asked: the next id is a hash of those before it, and of the seed when
 * it samples. Tests override one method to make it lie in one thing.
 */
export class HonestClient extends ScriptedClient implements MeasuringClient {
  readonly model = 'honest';
  readonly #seen = new Set<string>();

  constructor() {
    super([]);
  }

  override async *complete(request: CompletionRequest): AsyncGenerator<CompletionChunk> {
    const written: number[] = [];
    let finishReason = 'length';
    while (written.length < this.limit(request)) {
      const id = this.next({ request, context: [...request.promptIds, ...written], written });
      written.push(id);
      if (!this.ends(request, id)) continue;
      finishReason = 'stop';
      break;
    }
    const cachedPromptTokens = this.cached(request);
    const topLogprobs = request.extra?.logprobs === undefined ? {} : { topLogprobs: this.logprobs(written) };
    yield { tokenIds: written, text: '', finishReason, stopReason: null, cachedPromptTokens, ...topLogprobs };
  }

  protected limit({ maxTokens }: CompletionRequest): number {
    return maxTokens;
  }

  protected ends({ stopTokenIds }: CompletionRequest, id: number): boolean {
    return stopTokenIds.includes(id);
  }

  protected next(choice: Choice): number {
    if (this.mustEndThinking(choice)) return thinkingEnd;
    const forbidden = this.forbidden(choice);
    let hash = this.salt(choice);
    for (const id of choice.context) hash = (Math.imul(hash, 31) + id) >>> 0;
    let id = 133 + (hash % alphabet);
    while (forbidden.includes(id)) id = 133 + ((id - 132) % alphabet);
    return id;
  }

  protected salt({ request }: Choice): number {
    return request.sampling.temperature > 0 ? request.seed : 1;
  }

  protected forbidden({ request, written }: Choice): number[] {
    const words = (request.extra?.[wordsField] as string[] | undefined) ?? [];
    const early = written.length < request.minTokens - 1 ? request.stopTokenIds : [];
    return [...request.maskedTokenIds, ...early, ...words.map((word) => 100 + word.charCodeAt(0))];
  }

  protected mustEndThinking({ request, written }: Choice): boolean {
    const budget = request.extra?.[budgetField];
    return typeof budget === 'number' && written.length === budget;
  }

  protected cached({ promptIds }: CompletionRequest): number {
    const key = promptIds.join();
    const isSeen = this.#seen.has(key);
    this.#seen.add(key);
    return isSeen ? promptIds.length - 1 : 0;
  }

  protected logprobs(written: number[]): Record<string, number>[] {
    return written.map((id) => ({ [`token_id:${id}`]: -0.1, other: -2.4 }));
  }

  async post(path: string, body: object): Promise<unknown> {
    const right = /2\+3=5/.test(JSON.stringify(body));
    const rows = [right ? [0.1, 0.9] : [0.8, 0.2]];
    return path === '/pooling'
      ? { data: [{ data: [[0.4, 0.6], ...rows] }] }
      : { data: [{ probs: [right ? 2.5 : -1] }] };
  }
}
