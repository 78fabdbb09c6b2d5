/**
 * Set by a program that started this one and that it shall not outlive: this one then ends with its standard input, which closes
 * even where that program is killed.
 */
export const isAttached = () => process.env.SECOND_THOUGHT_ATTACHED === '1';

/** A signal that fires on Ctrl+C or SIGTERM. A second Ctrl+C ends the process at once. */
export function untilInterrupted(): { signal: AbortSignal; release(): void } {
  const controller = new AbortController();
  const onSignal = () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  const onClosed = () => controller.abort();
  process.on('SIGINT', onSignal);
  process.on('SIGTERM', onSignal);
  if (isAttached()) process.stdin.on('end', onClosed).resume();
  return {
    signal: controller.signal,
    release() {
      process.off('SIGINT', onSignal);
      process.off('SIGTERM', onSignal);
      if (isAttached()) process.stdin.off('end', onClosed).destroy();
    },
  };
}
