import { doctor, traces } from './conversations';
import { recordAll } from './recorder';
import { startVllm } from './vllmServer';

/** Starts real vLLM, has the conversations with it through a proxy, and writes what was said: `npm run vllm:record`. */
async function main(): Promise<void> {
  const vllm = await startVllm(process.cwd());
  try {
    await recordAll(vllm.url, 'vllm', { ...traces, doctor });
  } finally {
    await vllm.stop();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
