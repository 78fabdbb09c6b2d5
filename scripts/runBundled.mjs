// @ts-check
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/**
 * Bundles a TypeScript program into out/programs.
 * @param {string} source path from the root, e.g. bench/x.ts
 * @returns {Promise<string>} path of the bundle
 */
export async function bundle(source) {
  const outfile = path.join(root, 'out', 'programs', `${path.basename(source, '.ts')}.cjs`);
  await esbuild.build({
    entryPoints: [path.join(root, source)],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['node-llama-cpp', 'playwright-core'],
    logLevel: 'warning',
  });
  return outfile;
}

/**
 * Bundles a program and runs it with the arguments of this process.
 * @param {string} source path from the root
 */
export async function runBundled(source) {
  const outfile = await bundle(source);
  const { status } = spawnSync(process.execPath, [outfile, ...process.argv.slice(2)], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
