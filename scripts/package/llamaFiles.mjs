// @ts-check
import { existsSync } from 'node:fs';
import path from 'node:path';
import esbuild from 'esbuild';

/** Read at run time, not imported. */
const readFiles = ['package.json', 'llama/binariesGithubRelease.json', 'llama/llama.cpp.info.json'];

/** Imported only to clone files on disk while models are downloaded, and done without where it is missing. */
const unused = ['@reflink/reflink'];

/**
 * The files of node-llama-cpp and of its dependencies that an import of it reaches, and no others: of its 116 packages many
 * serve its command line and building from source. They ship as they are, because node-llama-cpp starts one of its own
 * files as a process and looks for others beside it.
 * @param {string} root of the checkout
 * @returns {Promise<string[]>} relative to the checkout
 */
export async function llamaFiles(root) {
  const home = 'node_modules/node-llama-cpp';
  const { metafile } = await esbuild.build({
    absWorkingDir: root,
    entryPoints: [`${home}/dist/index.js`],
    bundle: true,
    write: false,
    metafile: true,
    outdir: 'unused',
    platform: 'node',
    format: 'esm',
    conditions: [], // as Node resolves: without esbuild's own condition "module"
    external: ['@node-llama-cpp/*', 'electron', ...unused],
    logLevel: 'error',
  });
  const code = Object.keys(metafile.inputs).filter((file) => file.startsWith('node_modules/'));
  const manifests = code.flatMap((file) => manifestsAbove(root, file));
  return [...new Set([...code, ...manifests, ...readFiles.map((file) => `${home}/${file}`)])].sort();
}

/** A package.json says what its folder's modules are, in folders inside of packages too. @param {string} root @param {string} file */
function manifestsAbove(root, file) {
  const found = [];
  for (let folder = path.posix.dirname(file); folder !== 'node_modules'; folder = path.posix.dirname(folder)) {
    const manifest = `${folder}/package.json`;
    if (existsSync(path.join(root, manifest))) found.push(manifest);
  }
  return found;
}
