// @ts-check
import { createRequire } from 'node:module';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import esbuild from 'esbuild';

export const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');

/** Bundles the integration tests for the extension host; gives the file that VS Code is to run. */
export async function buildIntegrationTests() {
  const mocha = createRequire(import.meta.url).resolve('mocha');
  const outfile = path.join(root, 'out', 'integration', 'index.cjs');
  await esbuild.build({
    entryPoints: [path.join(root, 'test', 'integration', 'index.ts')],
    outfile,
    bundle: true,
    platform: 'node',
    format: 'cjs',
    target: 'node20',
    external: ['vscode', mocha], // mocha is not bundled: it is loaded from where it is installed
    sourcemap: 'inline',
    logLevel: 'warning',
    define: { MOCHA_PATH: JSON.stringify(mocha) },
  });
  return outfile;
}
