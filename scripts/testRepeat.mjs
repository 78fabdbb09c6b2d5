// @ts-check
// npm run test:repeat -- FILE [--times N]: one test file many times in a row, to find what is not deterministic.
import { spawnSync } from 'node:child_process';
import { existsSync } from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

const { values, positionals } = parseArgs({ allowPositionals: true, options: { times: { type: 'string' } } });
const named = path.resolve(positionals[0] ?? '');
const file = path.relative(root, named).split(path.sep).join('/');
const isIntegration = file.startsWith('test/integration/');
const isWindow = file.startsWith('test/e2e/window/');
const runs = Number(values.times ?? (isIntegration || isWindow ? 5 : 20));
if (!file.startsWith('test/') || !existsSync(named) || !Number.isInteger(runs) || runs < 1) {
  console.error('Usage: npm run test:repeat -- test/unit/….test.ts [--times N]');
  process.exit(2);
}
const project = isWindow ? 'window' : String(file.split('/')[1]);
// The integration suites share one window, so they are repeated together.
const command = isIntegration
  ? [process.execPath, 'scripts/integration.mjs']
  : ['npx', 'vitest', 'run', '--project', project, file];
for (let run = 1; run <= runs; run++) {
  const startedAt = Date.now();
  const { status, stdout, stderr } = spawnSync(String(command[0]), command.slice(1), { cwd: root, encoding: 'utf8' });
  console.log(
    `run ${run} of ${runs}: ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`,
  );
  if (status === 0) continue;
  console.log(stdout, stderr);
  process.exit(1);
}
