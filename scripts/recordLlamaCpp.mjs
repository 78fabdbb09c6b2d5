// @ts-check
// npm run llamacpp:record: as vllm:record, with llama.cpp's own server; writes to test/fixtures/llamaCpp.
import { spawnSync } from 'node:child_process';
import { runBundled } from './runBundled.mjs';

const setup = spawnSync('bash', ['scripts/setupLlamaServer.sh'], {
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
if (setup.status !== 0) throw new Error('llama.cpp’s server could not be set up');
process.env.LLAMA_SERVER = setup.stdout.trim().split('\n').at(-1);
await runBundled('test/llamaCpp/record.ts');
