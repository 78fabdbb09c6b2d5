// Builds everything that ships: the extension, its engine child process, the command line, the local server and the pages.
// node esbuild.mjs [--watch] [--production]
import { chmodSync, rmSync } from 'node:fs';
import esbuild from 'esbuild';

const watch = process.argv.includes('--watch');
const production = process.argv.includes('--production');
/** @type {boolean | 'linked'} */
const sourcemap = production ? false : 'linked';

/**
 * Node programs are CommonJS: the extension host loads CommonJS, and one format means one set of rules.
 * @type {esbuild.BuildOptions}
 */
const node = {
  bundle: true,
  platform: 'node',
  format: 'cjs',
  target: 'node20',
  outExtension: { '.js': '.cjs' },
  outdir: 'dist',
  minify: production,
  sourcemap,
  logLevel: 'info',
  // node-llama-cpp is an ES module with native parts: loaded by import() at run time, from node_modules.
  external: ['vscode', 'node-llama-cpp'],
};

/** @type {esbuild.BuildOptions[]} */
const builds = [
  {
    ...node,
    entryPoints: {
      extension: 'src/extension.ts',
      engine: 'src/engine/main.ts',
      cli: 'src/cli/main.ts',
      localServer: 'src/localServer/main.ts',
    },
  },
  {
    bundle: true,
    platform: 'browser',
    format: 'iife',
    target: 'es2022',
    entryPoints: { traceViewer: 'webview/traceViewer/main.ts' },
    outdir: 'dist/webview',
    minify: production,
    sourcemap,
    logLevel: 'info',
    loader: { '.ttf': 'file' },
  },
];

rmSync('dist', { recursive: true, force: true });
if (watch) {
  for (const options of builds) await (await esbuild.context(options)).watch();
} else {
  await Promise.all(builds.map((options) => esbuild.build(options)));
  chmodSync('dist/cli.cjs', 0o755);
}
