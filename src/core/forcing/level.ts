import { SecondThoughtError } from '../base/errors';
import type { InferenceClient } from '../inference/inferenceClient';
import type { Trace } from '../traces/trace';

/** Ids of texts and ids of a model mean nothing to each other. @throws SecondThoughtError `server-changed` */
export function refuseOtherLevel(
  { server: { url, level: before = 'ids' } }: Trace,
  { level = 'ids' }: InferenceClient,
): void {
  if (before === level) return;
  throw new SecondThoughtError(
    'server-changed',
    `This trace was made over ${before}, and the server at ${url} is spoken to over ${level} now, so it cannot be gone on with.`,
    { remedy: 'Force thinking on the problem anew.' },
  );
}
