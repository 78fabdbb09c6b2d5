import path from 'node:path';
import { type Command, InvalidArgumentError } from 'commander';
import { bundledModelFile, bundledModelName, localServerProgram } from '../core/servers/connect';
import { startLocalServer } from '../core/servers/localServerProcess';
import { untilInterrupted } from './interrupt';
import { printJson } from './output';

interface ServeFlags {
  model?: string;
  port: number;
  deterministic?: boolean;
  context?: number;
  json?: boolean;
}

/** `second-thought serve`: the bundled model, or any GGUF file, in the vLLM dialect on loopback. */
export function addServe(program: Command, packageRoot: string): void {
  program
    .command('serve')
    .description('Serve the bundled model, or a GGUF file, on this machine in the dialect of vLLM.')
    .option('--model <file>', 'a GGUF file; without it: the bundled model')
    .option('--port <n>', 'port on 127.0.0.1; 0 takes a free one', port, 0)
    .option('--context <n>', 'context length in tokens; without it: what the model was trained for', port)
    .option('--deterministic', 'evaluate every sequence alone: same prompt, same ids, whatever else runs')
    .option('--json', 'print the address as JSON')
    .addHelpText('after', '\nExample:\n  second-thought serve --model ./model.gguf --port 8000')
    .action((flags: ServeFlags) => serve(flags, packageRoot));
}

async function serve(flags: ServeFlags, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  const server = await startLocalServer({
    program: localServerProgram(packageRoot),
    modelFile: flags.model ?? bundledModelFile(packageRoot),
    modelName: flags.model ? path.basename(flags.model, '.gguf') : bundledModelName,
    port: flags.port,
    ...(flags.deterministic ? { deterministic: true } : {}),
    ...(flags.context === undefined ? {} : { contextLength: flags.context }),
    signal,
  });
  const { url, apiKey, modelName, contextLength } = server;
  if (flags.json) printJson({ url, apiKey, model: modelName, contextLength });
  else {
    process.stdout.write(`Serving ${modelName} (${contextLength} tokens of context) at ${url}\n`);
    process.stdout.write(`Key for this session: ${apiKey}\n`);
    process.stdout.write('Use it with --server and --api-key-env. Stop with Ctrl+C.\n');
  }
  const ended = new Promise<void>((resolve) => {
    server.onExit(() => resolve());
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  await ended;
  await server.stop();
  release();
}

function port(text: string): number {
  const value = Number(text);
  if (Number.isInteger(value) && value >= 0) return value;
  throw new InvalidArgumentError('It must be a whole number, 0 or more.');
}
