// @ts-check
// npm run package [-- TARGET…]: makes out/vsix/second-thought-TARGET-VERSION.vsix, for all targets or those named. What ships
// is put together in a folder of its own, so that the checkout and its dist/ stay as they are; .vscodeignore says what may be in it.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { createVSIX, listFiles } from '@vscode/vsce';
import { targets, unpackBinary } from './package/binary.mjs';
import { llamaFiles } from './package/llamaFiles.mjs';
import { notices, packageFolders } from './package/notices.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const output = path.join(root, 'out', 'vsix');
const largestBytes = 25_000_000;
const copied = [
  ...['.vscodeignore', 'package.nls.json', 'CHANGELOG.md', 'LICENSE', 'media', 'syntaxes'],
  // What media/samples/miniature makes its questions with.
  ...['model/make_pool.py', 'model/problems.py', 'model/graded.py', 'model/data'],
];

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in targets));
if (unknown.length > 0) {
  console.error(`There is no target ${unknown.join(', ')}. Targets: ${Object.keys(targets).join(', ')}.`);
  process.exit(2);
}
fs.mkdirSync(output, { recursive: true });
const stage = fs.mkdtempSync(path.join(root, 'out', 'package-'));
try {
  const contents = await fillStage();
  for (const target of wanted.length > 0 ? wanted : Object.keys(targets)) await make(target, contents);
} finally {
  fs.rmSync(stage, { recursive: true, force: true });
}

/**
 * @typedef {object} Contents
 * @property {string[]} packages folders of the packages whose code is in it
 * @property {string[]} shipped files of packages that ship as they are
 */

/** Everything but the binaries. @returns {Promise<Contents>} */
async function fillStage() {
  const bundled = build();
  const shipped = await llamaFiles(root);
  // In dist/ and not beside it: that is where localServer.cjs looks first, and vsce packs no top-level node_modules
  // without asking npm, which knows only whole packages.
  for (const file of shipped) copy(file, path.join('dist', file));
  for (const file of copied) copy(file, file);
  write('package.json', JSON.stringify(manifest(), null, 2));
  write('README.md', withoutRelativeLinks(fs.readFileSync(path.join(root, 'README.md'), 'utf8')));
  const packages = packageFolders([...bundled, ...shipped]).map((folder) => path.join(root, folder));
  return { packages, shipped };
}

/** @returns {string[]} files that went into the bundles, relative to the checkout */
function build() {
  const metafile = path.join(stage, 'bundled.json');
  const args = ['esbuild.mjs', '--production', '--outdir', path.join(stage, 'dist'), '--metafile', metafile];
  const { status } = spawnSync(process.execPath, args, { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] });
  if (status !== 0) throw new Error('The build failed.');
  return JSON.parse(fs.readFileSync(metafile, 'utf8'));
}

/** The manifest as the installed extension needs it: everything is in the bundles, nothing is left to install or to run. */
function manifest() {
  const whole = JSON.parse(fs.readFileSync(path.join(root, 'package.json'), 'utf8'));
  const { scripts, dependencies, devDependencies, overrides, config, private: _, ...rest } = whole;
  return rest;
}

/** Pictures and documents of the repository are not in the VSIX. @param {string} markdown */
function withoutRelativeLinks(markdown) {
  return markdown.replace(/!\[[^\]]*\]\((?!https:)[^)]*\)\n*/g, '').replace(/\[([^\]]*)\]\((?!https:)[^)]*\)/g, '$1');
}

/** @param {string} target @param {Contents} contents */
async function make(target, { packages, shipped }) {
  const name = /** @type {string} */ (targets[target]);
  const binaries = path.join(stage, 'dist', 'node_modules', '@node-llama-cpp');
  fs.rmSync(binaries, { recursive: true, force: true });
  const binary = path.join(binaries, path.basename(name));
  unpackBinary(root, name, binary);
  const inBinaries = fs.readFileSync(path.join(root, 'scripts', 'package', 'llamaCppLicenses.txt'), 'utf8');
  write('THIRD-PARTY-NOTICES.txt', notices([...packages, binary], inBinaries));
  const { version } = manifest();
  const packagePath = path.join(output, `second-thought-${target}-${version}.vsix`);
  const common = { cwd: stage, dependencies: false };
  await createVSIX({ ...common, target, packagePath, allowMissingRepository: true, rewriteRelativeLinks: false });
  const { size } = fs.statSync(packagePath);
  const files = await listFiles(common);
  const missing = shipped.filter((file) => !files.includes(`dist/${file}`));
  if (missing.length > 0) throw new Error(`.vscodeignore leaves out what is needed: ${missing.join(', ')}`);
  console.log(`${path.relative(root, packagePath)}  ${(size / 1e6).toFixed(1)} MB  ${files.length} files`);
  if (size > largestBytes) throw new Error(`${target} is larger than ${largestBytes / 1e6} MB.`);
}

/** @param {string} from in the checkout @param {string} to in the stage */
function copy(from, to) {
  fs.mkdirSync(path.dirname(path.join(stage, to)), { recursive: true });
  fs.cpSync(path.join(root, from), path.join(stage, to), { recursive: true });
}

/** @param {string} file in the stage @param {string} text */
function write(file, text) {
  fs.writeFileSync(path.join(stage, file), text);
}
