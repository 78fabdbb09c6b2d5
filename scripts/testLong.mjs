// @ts-check
// npm run test:long: the tests that repeat something, with as many repetitions as docs/reliability.md asks for. Minutes, not
// seconds: run when that part changes, and write down what came out.
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const files = [
  'test/e2e/window/reload.test.ts',
  'test/e2e/curateSmall.test.ts',
  'test/e2e/studiesKilled.test.ts',
  'test/unit/curate/pool.test.ts',
  'test/unit/jobs/submitOnce.test.ts',
  'test/jobs/faults.test.ts',
  'test/jobs/training.test.ts',
  'test/miniature/small.test.ts',
];

spawnSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
// Fine-tuning needs TRL: installed once, 1.5 GB, outside of the checkout.
const { stdout } = spawnSync('bash', ['scripts/setupTraining.sh'], {
  cwd: root,
  encoding: 'utf8',
  stdio: ['ignore', 'pipe', 'inherit'],
});
const { status } = spawnSync('npx', ['vitest', 'run', ...files], {
  cwd: root,
  stdio: 'inherit',
  env: { ...process.env, SECOND_THOUGHT_LONG: '1', TRAINING_PYTHON: stdout.trim() },
});
process.exitCode = status ?? 1;
