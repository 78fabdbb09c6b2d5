// @ts-check
// npm run bench [-- name…]: measures the bars of docs/benchmarks.md. Nothing here is asserted; figures are printed.
import { spawnSync } from 'node:child_process';
import { statSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** @type {Record<string, () => void>} */
const benchmarks = {
  bundles() {
    for (const file of ['extension.cjs', 'engine.cjs', 'cli.cjs', 'localServer.cjs', 'webview/traceViewer.js']) {
      console.log(`${file}: ${(statSync(path.join(root, 'dist', file)).size / 1024).toFixed(0)} KiB`);
    }
  },
  firstToken: () => run(['scripts/benchProgram.mjs', 'bench/firstToken.ts']),
  localServer: () => run(['scripts/benchProgram.mjs', 'bench/localServer.ts']),
  client: () => run(['scripts/benchProgram.mjs', 'bench/client.ts', 'bench/pacedServer.ts', 'bench/clientLoad.ts']),
  viewer: () => run(['scripts/benchProgram.mjs', 'bench/viewer.ts']),
  runViewer: () => run(['scripts/benchRunViewer.mjs']),
  search: () => run(['scripts/benchProgram.mjs', 'bench/search.ts']),
  jobs: () => run(['scripts/benchProgram.mjs', 'bench/jobs.ts']),
  curation: () => run(['scripts/benchProgram.mjs', 'bench/curation.ts']),
  activation: () => run(['scripts/benchActivation.mjs']),
};

/** @param {string[]} args */
function run(args) {
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: 'inherit' });
  if (status !== 0) process.exitCode = 1;
}

const cpu = os.cpus()[0]?.model ?? 'unknown CPU';
console.log(`${new Date().toISOString().slice(0, 10)}, ${os.availableParallelism()} × ${cpu}, Node ${process.version}`);
const wanted = process.argv.slice(2);
spawnSync(process.execPath, ['esbuild.mjs', '--production'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
for (const [name, measure] of Object.entries(benchmarks)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  console.log(`\n## ${name}`);
  measure();
}
