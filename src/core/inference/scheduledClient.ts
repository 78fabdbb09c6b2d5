import type { Clock } from '../base/clock';
import type { CompletionChunk, CompletionRequest, InferenceClient } from './inferenceClient';
import type { Scheduler } from './scheduler';
import { ServerBusyError } from './serverErrors';

interface Turn {
  scheduler: Scheduler;
  /** Whose share of the server this is: see `PlaceOrder.key`. */
  key: string;
  clock: Clock;
  /** How long a server may refuse (429, 503) before its refusal is the answer, in milliseconds. */
  refusedForMs: number;
}

/**
 * The same client, whose generations wait for their turn. A request that the server refuses because it is busy takes its
 * turn again: nothing was generated, so nothing is repeated. All else is passed on as it is.
 */
export function scheduledClient(client: InferenceClient, turn: Turn): InferenceClient {
  return {
    level: client.level ?? 'ids',
    declare: (texts) => client.declare?.(texts),
    complete: (request, signal) => takeTurns(client, turn, request, signal),
    tokenize: (text, signal) => client.tokenize(text, signal),
    detokenize: (tokenIds, signal) => client.detokenize(tokenIds, signal),
    renderChat: (text, signal, templateArguments) => client.renderChat(text, signal, templateArguments),
    isAlive: (signal) => client.isAlive(signal),
    load: (signal) => client.load(signal),
  };
}

async function* takeTurns(
  client: InferenceClient,
  { scheduler, key, clock, refusedForMs }: Turn,
  request: CompletionRequest,
  signal: AbortSignal,
): AsyncGenerator<CompletionChunk> {
  let firstRefusalAt: number | null = null;
  for (;;) {
    const place = await scheduler.place({ key, signal, isBegun: true });
    let hasBegun = false;
    let isServed = false;
    try {
      for await (const chunk of client.complete(request, signal)) {
        hasBegun = true;
        yield chunk;
      }
      isServed = true;
      return;
    } catch (error) {
      if (hasBegun || !(error instanceof ServerBusyError)) throw error;
      firstRefusalAt ??= clock.now();
      if (clock.now() - firstRefusalAt >= refusedForMs) throw error;
      place.refused(error.retryAfterMs);
    } finally {
      place.release(isServed);
    }
  }
}
