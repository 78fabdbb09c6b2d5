// @ts-check
// npm run vllm:record: has the conversations of test/vllm/conversations.ts with real vLLM, which it installs if need be, and
// writes them to test/fixtures/vllm, where the fast tests replay them. Anew when the client says something else, or for a
// newer vLLM.
import { spawnSync } from 'node:child_process';
import { runBundled } from './runBundled.mjs';

const setup = spawnSync('bash', ['scripts/setupVllm.sh'], { encoding: 'utf8', stdio: ['ignore', 'pipe', 'inherit'] });
if (setup.status !== 0) throw new Error('vLLM could not be set up');
process.env.VLLM_PYTHON = setup.stdout.trim().split('\n').at(-1);
await runBundled('test/vllm/record.ts');
