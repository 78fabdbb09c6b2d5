import { type ChildProcess, spawn } from 'node:child_process';
import { createServer, connect as dial } from 'node:net';
import path from 'node:path';

export interface VllmServer {
  /** Base URL, with `/v1`. */
  url: string;
  stop(): Promise<void>;
}

/** An unmodified vLLM on the processor, with the bundled model's Hugging Face files. Takes up to a minute. */
export async function startVllm(root: string): Promise<VllmServer> {
  const port = await freePort();
  const child = spawnVllm(root, port);
  const url = `http://127.0.0.1:${port}/v1`;
  const gone = new Promise<void>((resolve) => child.once('exit', () => resolve()));
  const stop = async () => {
    if (child.pid && child.exitCode === null) {
      process.kill(-child.pid, 'SIGTERM');
      await gone;
    }
  };
  try {
    await started(child, url);
    await accepting(port);
  } catch (error) {
    await stop();
    throw error;
  }
  return { url, stop };
}

function spawnVllm(root: string, port: number): ChildProcess {
  const python = process.env.VLLM_PYTHON ?? '';
  const model = path.join(root, 'media', 'model', 'hf');
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--served-model-name', 's1-tiny', '--enforce-eager'];
  const marks = { reasoning_start_str: '<|im_start|>think', reasoning_end_str: '<|im_start|>answer' };
  flags.push('--reasoning-config', JSON.stringify(marks)); // without it there is no thinking_token_budget
  return spawn(python, ['-m', 'vllm.entrypoints.openai.api_server', '--model', model, '--dtype', 'float32', ...flags], {
    detached: true, // a group of its own: its engine is another process
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      VLLM_CPU_KVCACHE_SPACE: '1',
      OMP_NUM_THREADS: '1',
      HF_HUB_OFFLINE: '1',
      VLLM_NO_USAGE_STATS: '1',
      TORCH_COMPILE_DISABLE: '1',
    },
  });
}

export function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** It says so before its socket listens. */
async function accepting(port: number): Promise<void> {
  const isAccepted = () =>
    new Promise<boolean>((resolve) => {
      const socket = dial(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  while (!(await isAccepted())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Uvicorn says when it has started; a server that dies says why. */
function started(child: ChildProcess, url: string): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    const read = (text: Buffer) => {
      log = (log + text).slice(-20_000);
      if (log.includes('Application startup complete')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`vLLM at ${url} ended (${code}):\n${log}`)));
  });
}
