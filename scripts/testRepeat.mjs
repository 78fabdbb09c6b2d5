// @ts-check
// npm run test:repeat -- FILE [times]: one test file many times in a row, to find what is not deterministic.
import { spawnSync } from 'node:child_process';

const [file, times] = process.argv.slice(2);
if (!file) {
  console.error('Which file? npm run test:repeat -- test/unit/….test.ts [times]');
  process.exit(2);
}
const inWindow = /test\/(e2e\/window|integration)\//.test(file);
const runs = Number(times ?? (inWindow ? 5 : 20));
const project = /^test\/e2e\/window\//.test(file) ? 'window' : file.split('/')[1];
const command = /^test\/integration\//.test(file)
  ? [process.execPath, 'scripts/integration.mjs']
  : ['npx', 'vitest', 'run', '--project', String(project), file];
for (let run = 1; run <= runs; run++) {
  const startedAt = Date.now();
  const { status, stdout, stderr } = spawnSync(String(command[0]), command.slice(1), { encoding: 'utf8' });
  console.log(`run ${run} of ${runs}: ${status === 0 ? 'passed' : 'FAILED'} in ${((Date.now() - startedAt) / 1000).toFixed(1)} s`);
  if (status === 0) continue;
  console.log(stdout, stderr);
  process.exit(1);
}
