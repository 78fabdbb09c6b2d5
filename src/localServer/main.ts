import manifest from '../../package.json';
import { type LocalServerArguments, readArguments } from './arguments';
import { createServer } from './http/server';
import { loadLlamaEngine, ModelFileError, NativePartError } from './model/llamaEngine';

/**
 * The local server: one GGUF model on loopback, in vLLM's dialect. When it listens, it prints one line of JSON to
 * standard output: `{"ready":true,"url":…,"model":…,"contextLength":…}`; everything else goes to standard error.
 */
async function main(): Promise<void> {
  endWithParent(process.argv.includes('--exit-with-parent'));
  const options = readOrExit();
  const engine = await loadLlamaEngine(options);
  const app = createServer({ engine, apiKey: options.apiKey, version: manifest.version });
  await app.listen({ host: '127.0.0.1', port: options.port });
  const address = app.server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const url = `http://127.0.0.1:${address.port}/v1`;
  const { modelName: model, contextLength } = engine;
  process.stdout.write(`${JSON.stringify({ ready: true, url, model, contextLength })}\n`);
  const stop = () => {
    // Open streams end at once: who stops the server does not wait for thoughts.
    app.close().finally(() => process.exit(0));
  };
  process.once('SIGTERM', stop);
  process.once('SIGINT', stop);
}

function readOrExit(): LocalServerArguments {
  try {
    return readArguments(process.argv.slice(2), process.env);
  } catch (error) {
    return fail(error, exitCodes.usage);
  }
}

/** Told apart by `src/core/servers/localServerProcess.ts`. */
const exitCodes = { other: 1, usage: 2, nativePart: 3, modelFile: 4 } as const;

function fail(error: unknown, code: number): never {
  process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
  process.exit(code);
}

/** No server outlives the program that started it, however that one ended. */
function endWithParent(byStandardInput: boolean): void {
  if (process.channel) process.on('disconnect', () => process.exit(0));
  else if (byStandardInput) process.stdin.resume().on('close', () => process.exit(0));
}

main().catch((error: unknown) => {
  if (error instanceof NativePartError) fail(error, exitCodes.nativePart);
  if (error instanceof ModelFileError) fail(error, exitCodes.modelFile);
  fail(error, exitCodes.other);
});
