// Builds everything that ships: the extension, its engine child process, the command line, the local server and the pages.
// node esbuild.mjs [--watch] [--production] [--outdir=dist] [--metafile=FILE]
import { chmodSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { parseArgs } from 'node:util';
import esbuild from 'esbuild';

const { values } = parseArgs({
  options: {
    watch: { type: 'boolean', default: false },
    production: { type: 'boolean', default: false },
    outdir: { type: 'string', default: 'dist' },
    /** Names every file that went into the bundles: their licences have to ship. */
    metafile: { type: 'string' },
  },
});
const { watch, production, outdir } = values;
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
  outdir,
  minify: production,
  sourcemap,
  metafile: true,
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
    entryPoints: {
      traceViewer: 'webview/traceViewer/main.ts',
      runViewer: 'webview/runViewer/main.ts',
      offlineHost: 'webview/offlineHost/main.ts',
      jobPage: 'webview/jobPage/main.ts',
      curationViewer: 'webview/curationViewer/main.ts',
    },
    outdir: path.join(outdir, 'webview'),
    minify: production,
    sourcemap,
    metafile: true,
    logLevel: 'info',
    loader: { '.ttf': 'file' },
  },
];

rmSync(outdir, { recursive: true, force: true });
if (watch) {
  for (const options of builds) await (await esbuild.context(options)).watch();
} else {
  const built = await Promise.all(builds.map((options) => esbuild.build(options)));
  chmodSync(path.join(outdir, 'cli.cjs'), 0o755);
  const inputs = built.flatMap(({ metafile }) => Object.keys(metafile?.inputs ?? {}));
  if (values.metafile) writeFileSync(values.metafile, JSON.stringify(inputs));
}
