import type { InferenceClient } from '../inference/inferenceClient';
import { collect, plainRequest } from './measure';

/** How often greedy replies are the same ids as when asked alone. */
export interface Comparison {
  way: 'again' | 'among-others' | 'in-three-parts';
  identical: number;
  of: number;
  differences: Difference[];
}

export interface Difference {
  prompt: number;
  /** First id that differs, counted from 0. */
  position: number;
  /** Distance of the two likeliest ids at that position, in nats; null where the server gives no log-probabilities. */
  gap: number | null;
}

export interface DeterminismOptions {
  client: InferenceClient;
  signal: AbortSignal;
  onProgress?(done: number, of: number): void;
  /** Prompts compared, and how many others run beside them. */
  prompts?: number;
  others?: number;
  tokens?: number;
}

/**
 * Asks greedy questions alone, again, among others, and in three parts continued by ids, and compares the ids. Where they
 * differ, the gap between the two likeliest ids tells a near-tie, which rounding decides, from a real difference (the
 * paper's Appendix B; a gap below 0.001 is a near-tie).
 */
export async function measureDeterminism(options: DeterminismOptions): Promise<Comparison[]> {
  const { client, signal, onProgress, prompts = 20, others = 64, tokens = 48 } = options;
  const total = prompts * 4;
  let done = 0;
  const ask = async (promptIds: number[]) => (await collect(client, plainRequest(promptIds, tokens), signal)).tokenIds;
  const each = async (way: (promptIds: number[]) => Promise<number[]>) => {
    const replies: number[][] = [];
    for (const promptIds of prompted) {
      replies.push(await way(promptIds));
      onProgress?.(++done, total);
    }
    return replies;
  };
  const prompted = await Promise.all(
    Array.from({ length: prompts }, async (_, index) => (await client.renderChat(sum(index), signal)).promptIds),
  );

  const alone = await each(ask);
  const compare = (way: Comparison['way'], replies: number[][]) =>
    compareIds({ client, signal, prompted, alone, replies, way });
  const again = await compare('again', await each(ask));
  const parts = await compare(
    'in-three-parts',
    await each((promptIds) => inThreeParts(client, promptIds, tokens, signal)),
  );

  const crowd = Array.from({ length: others }, async (_, index) => {
    const { promptIds } = await client.renderChat(sum(1_000 + index), signal);
    return ask(promptIds);
  });
  const together = Promise.all(
    prompted.map(async (promptIds) => {
      const reply = await ask(promptIds);
      onProgress?.(++done, total);
      return reply;
    }),
  );
  const [among] = await Promise.all([together, ...crowd]);
  return [again, await compare('among-others', among), parts];
}

/** Sums, all different: short, and long enough to think about. */
const sum = (index: number) => `What is ${11 + index}+${7 + 3 * index}+${5 + 2 * index}?`;

async function inThreeParts(client: InferenceClient, promptIds: number[], tokens: number, signal: AbortSignal) {
  const part = Math.ceil(tokens / 3);
  const ids: number[] = [];
  while (ids.length < tokens) {
    const request = plainRequest([...promptIds, ...ids], Math.min(part, tokens - ids.length));
    const { tokenIds, finishReason } = await collect(client, request, signal);
    ids.push(...tokenIds);
    if (finishReason === 'stop' || tokenIds.length === 0) break;
  }
  return ids;
}

interface Compared {
  client: InferenceClient;
  signal: AbortSignal;
  prompted: number[][];
  alone: number[][];
  replies: number[][];
  way: Comparison['way'];
}

async function compareIds({ client, signal, prompted, alone, replies, way }: Compared): Promise<Comparison> {
  const differences: Difference[] = [];
  for (const [prompt, reply] of replies.entries()) {
    const first = alone[prompt] ?? [];
    if (reply.join() === first.join()) continue;
    const at = first.findIndex((id, index) => id !== reply[index]);
    const position = at === -1 ? first.length : at;
    const promptIds = [...(prompted[prompt] ?? []), ...first.slice(0, position)];
    differences.push({ prompt, position, gap: await gapAfter(client, promptIds, signal) });
  }
  return { way, identical: replies.length - differences.length, of: replies.length, differences };
}

async function gapAfter(client: InferenceClient, promptIds: number[], signal: AbortSignal): Promise<number | null> {
  const { topLogprobs } = await collect(client, { ...plainRequest(promptIds, 1), extra: { logprobs: 2 } }, signal);
  const [best, second] = Object.values(topLogprobs[0] ?? {}).sort((a, b) => b - a);
  return best === undefined || second === undefined ? null : best - second;
}
