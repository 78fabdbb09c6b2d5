import { isError } from '../base/errors';
import { CompletionClient } from '../inference/completionClient';
import { findDialect, resolveDialect } from '../inference/dialects';
import type { InferenceClient } from '../inference/inferenceClient';
import type { ServerProbe } from './serverFacts';

interface Access {
  url: string;
  apiKey?: string | undefined;
  keySource: string;
}

/** @throws SecondThoughtError `server-unreachable`, `unauthorized`, `invalid-reply` */
export async function probeServer(access: Access, signal?: AbortSignal): Promise<ServerProbe> {
  return new CompletionClient({ ...access, model: '' }).facts(signal);
}

/**
 * The dialect that the model's tokenizer speaks. `think-tags` first: models that have `</think>` as one token were
 * trained to write it, and most of them have the ChatML tokens of `s1` too. Null if none fits.
 */
export async function proposeDialect(client: InferenceClient, signal?: AbortSignal): Promise<string | null> {
  const { promptIds } = await client.renderChat('What is 2+3?', signal);
  for (const name of ['think-tags', 's1']) {
    try {
      await resolveDialect(findDialect(name), { cues: [''], bannedWords: [] }, promptIds, client, signal);
      return name;
    } catch (error) {
      if (!isError(error, 'dialect-mismatch')) throw error;
    }
  }
  return null;
}
