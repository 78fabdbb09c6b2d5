import { type ChildProcess, spawn } from 'node:child_process';
import path from 'node:path';
import { freePort } from '../vllm/vllmServer';

/** llama.cpp's own server, unmodified, with one of the bundled model's files: `scripts/setupLlamaServer.sh` puts it there. */
export async function startLlamaServer(
  program: string,
  modelFile: string,
): Promise<{ url: string; stop(): Promise<void> }> {
  const port = await freePort();
  const flags = [
    '--host',
    '127.0.0.1',
    '--port',
    String(port),
    '--threads',
    '1',
    '--parallel',
    '2',
    '--ctx-size',
    '2048',
  ];
  const child = spawn(
    program,
    ['--model', path.resolve(modelFile), '--alias', path.basename(modelFile, '.gguf'), ...flags],
    {
      stdio: ['ignore', 'pipe', 'pipe'],
      env: { ...process.env, LD_LIBRARY_PATH: path.dirname(program) },
    },
  );
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  await listening(child);
  const stop = async () => {
    child.kill('SIGTERM');
    await gone;
  };
  return { url: `http://127.0.0.1:${port}/v1`, stop };
}

function listening(child: ChildProcess): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    const read = (text: Buffer) => {
      log = (log + text).slice(-20_000);
      if (log.includes('server is listening') || log.includes('llama_server: listening')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`llama-server ended (${code}):\n${log}`)));
  });
}
