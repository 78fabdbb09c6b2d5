import { LogprobWriter } from '../traces/logprobs';
import type { RunStore } from '../traces/runStore';
import type { Trace } from '../traces/trace';
import { type GenerateOptions, generateTrace } from './generate';

export interface RecordOptions extends Omit<GenerateOptions, 'logprobs'> {
  /** Keeps log-probabilities, with so many alternatives; without it only for a trace or a fork of one that has them. */
  logprobs?: number | undefined;
}

/**
 * Generates a trace and keeps it: every event goes to its journal before anyone else sees it, a finished trace into the
 * run. If the disk refuses, generation stops and the error is the caller's; nothing that was written is lost.
 */
export async function generateRecorded(trace: Trace, store: RunStore, options: RecordOptions): Promise<Trace> {
  const logprobs = await LogprobWriter.open(store.folder, trace, options.logprobs);
  const journal = store.journal(trace, () => logprobs?.flush());
  const refused = new AbortController();
  let failure: unknown;
  const keep = (write: () => void) => {
    try {
      write();
    } catch (error) {
      failure ??= error;
      refused.abort();
    }
  };
  await generateTrace(trace, {
    ...options,
    logprobs,
    signal: AbortSignal.any([options.signal, refused.signal]),
    onEvent(event) {
      keep(() => journal.write(event));
      options.onEvent?.(event);
    },
  });
  keep(() => journal.flush());
  if (failure) throw failure;
  await store.record(trace);
  return trace;
}
