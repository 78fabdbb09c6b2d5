import { workerData } from 'node:worker_threads';
import { systemClock } from '../core/base/clock';
import { reportError, SecondThoughtError } from '../core/base/errors';
import { isGraderThread, useGraderProgram } from '../core/grade/graderThread';
import { RunStore } from '../core/traces/runStore';
import { type EngineMessage, engineEnvironment, engineRequestSchema } from '../protocol/engine';
import { Engine } from './engine';

/**
 * The engine: the child process that generates for one window. It ends with its parent, and with it the servers it
 * started; traces that were running stay in their journals.
 */
async function main(): Promise<void> {
  const scratchFolder = required(engineEnvironment.scratchFolder);
  const packageRoot = required(engineEnvironment.packageRoot);
  const send = (message: EngineMessage) => {
    // The parent may be gone at any moment: what it misses is in the journals, and a failed send must not end us early.
    if (process.connected) process.send?.(message, undefined, undefined, () => {});
  };
  const store = await RunStore.openScratch(scratchFolder, systemClock);
  const engine = new Engine({ store, packageRoot, clock: systemClock, send });

  process.on('message', (message) => {
    const request = engineRequestSchema.safeParse(message);
    if (request.success) void engine.handle(request.data);
    else
      send({
        type: 'log',
        level: 'error',
        text: `The engine got a message it does not know: ${request.error.message}`,
      });
  });
  process.on('disconnect', async () => {
    await engine.close();
    process.exit(0);
  });
}

function required(name: string): string {
  const value = process.env[name];
  if (value) return value;
  throw new SecondThoughtError('bad-usage', `The engine needs the environment variable ${name}.`);
}

if (isGraderThread(workerData)) {
  void import('../core/grade/graderThreadMain').then(({ serveGraderThread }) => serveGraderThread());
} else {
  useGraderProgram(__filename);
  main().catch((error) => {
    console.error(reportError(error).message);
    process.exit(1);
  });
}
