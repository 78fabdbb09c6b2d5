import * as z from 'zod';
import { shortHash } from '../base/seeds';
import type { InferenceClient } from '../inference/inferenceClient';
import { type ServerLevel, serverLevelSchema } from '../inference/wireFormat';
import { collect, plainRequest } from './measure';

/** What tells whether a server is still the one that a run was begun on (design: server fingerprint). */
export const fingerprintSchema = z.object({
  model: z.string(),
  /** Without it `ids`. */
  level: serverLevelSchema.optional(),
  version: z.string().nullable(),
  contextLength: z.int().nullable(),
  /** Hash of the ids of a rendered question: chat template and tokenizer. */
  prompt: z.string(),
  /** The first ids of a greedy answer to it: the weights. */
  greedyIds: z.array(z.int()),
});
export type Fingerprint = z.infer<typeof fingerprintSchema>;

const question = 'What is 17 + 25? Think, then answer.';
const greedyTokens = 32;

interface ServerAndClient {
  client: InferenceClient;
  server: { level?: ServerLevel | undefined; model: string; version: string | null; contextLength: number | null };
}

/** Two small requests: the question rendered, and its greedy beginning. */
export async function measureFingerprint(
  { client, server }: ServerAndClient,
  signal: AbortSignal,
): Promise<Fingerprint> {
  const { promptIds, contextLength } = await client.renderChat(question, signal);
  const { tokenIds } = await collect(client, plainRequest(promptIds, greedyTokens), signal);
  return {
    model: server.model,
    ...(server.level === undefined ? {} : { level: server.level }),
    version: server.version,
    contextLength: server.contextLength ?? contextLength,
    prompt: shortHash(promptIds.join()),
    greedyIds: tokenIds,
  };
}

/** How two fingerprints differ, in sentences. */
export interface Difference {
  /** Samples made before and after would not be of the same thing. */
  refuse: string[];
  /** May be nothing but the order in which numbers are added up. */
  warn: string[];
}

export function compareFingerprints(before: Fingerprint, now: Fingerprint): Difference {
  const refuse: string[] = [];
  const say = (what: string, old: unknown, current: unknown) => {
    if (old !== current) refuse.push(`${what} was ${old ?? 'not told'} and is ${current ?? 'not told'} now.`);
  };
  say('The model', before.model, now.model);
  say('The version of the server', before.version, now.version);
  say('The context length', before.contextLength, now.contextLength);
  if (before.prompt !== now.prompt) refuse.push('The chat template or the tokenizer renders a question otherwise.');
  const firstOther = now.greedyIds.findIndex((id, place) => id !== before.greedyIds[place]);
  const isOther = firstOther !== -1 || now.greedyIds.length !== before.greedyIds.length;
  const at = firstOther === -1 ? Math.min(now.greedyIds.length, before.greedyIds.length) : firstOther;
  return { refuse, warn: isOther ? [`The same greedy question is answered otherwise from token ${at + 1} on.`] : [] };
}
