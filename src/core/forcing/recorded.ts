import type { RunStore } from '../traces/runStore';
import type { Trace } from '../traces/trace';
import { type GenerateOptions, generateTrace } from './generate';

/**
 * Generates a trace and keeps it: every event goes to its journal before anyone else sees it, a finished trace into the
 * run. If the disk refuses, generation stops and the error is the caller's; nothing that was written is lost.
 */
export async function generateRecorded(trace: Trace, store: RunStore, options: GenerateOptions): Promise<Trace> {
  const journal = store.journal(trace);
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
