// @ts-check
// Puts a real VS Code (server and browser workbench 1.100.3, as code-server 4.100.3 carries them) into the cache folder,
// from the npm registry alone: no native build, nothing else downloaded. ≈ 15 s cold, nothing to do when it is there.
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { cacheFolder } from '../cache.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));

/** The last code-server whose VS Code runs on Node 20. */
const version = '4.100.3';
const integrity = 'sha512-q/Fh2DOxCRNhC/WiG/6sAhSKnj7ZACTVBaeeZ+rWjol//0FCbl/qg1ln5ecZ99jYcfqMxZZAyWcN+YBIo0DgpA==';

/** Stands in for the native @vscode/spdlog: appends to the same log files. */
const logger = `import fs from 'node:fs';
import path from 'node:path';
const names = ['trace', 'debug', 'info', 'warning', 'error', 'critical'];
class Logger {
  constructor(file) { this.file = file; this.level = 2; this.isRaw = false; }
  write(level, message) {
    if (level < this.level) return;
    const head = this.isRaw ? '' : new Date().toISOString() + ' [' + names[level] + '] ';
    try { fs.appendFileSync(this.file, head + message + (message.endsWith('\\n') ? '' : '\\n')); } catch {}
  }
  trace(m) { this.write(0, m); } debug(m) { this.write(1, m); } info(m) { this.write(2, m); }
  warn(m) { this.write(3, m); } error(m) { this.write(4, m); } critical(m) { this.write(5, m); }
  getLevel() { return this.level; } setLevel(level) { this.level = level; }
  setPattern() {} clearFormatters() { this.isRaw = true; } flush() {} drop() {}
}
const create = async (_name, file) => { fs.mkdirSync(path.dirname(file), { recursive: true }); return new Logger(file); };
export const createRotatingLogger = create, createAsyncRotatingLogger = create;
export const setLevel = () => {}, setFlushOn = () => {}, shutdown = () => {}, version = 0;
export default { createRotatingLogger, createAsyncRotatingLogger, setLevel, setFlushOn, shutdown, version };
`;

export const hostFolder = path.join(cacheFolder, 'vscode-host');

/** Installs the host if it is not there as this file and its lock file describe it. @returns {string} its folder */
export function installHost() {
  const stamp = createHash('sha256')
    .update(fs.readFileSync(path.join(here, 'package-lock.json')))
    .update(fs.readFileSync(fileURLToPath(import.meta.url)))
    .update(`${process.version.split('.')[0]} ${process.platform} ${process.arch}`)
    .digest('hex');
  const stampFile = path.join(hostFolder, '.stamp');
  if (fs.existsSync(stampFile) && fs.readFileSync(stampFile, 'utf8') === stamp) return hostFolder;
  const temporary = `${hostFolder}.${process.pid}.tmp`;
  fs.mkdirSync(temporary, { recursive: true });
  try {
    unpack(temporary);
    installPackages(temporary);
    fs.writeFileSync(path.join(temporary, '.stamp'), stamp);
    fs.rmSync(hostFolder, { recursive: true, force: true });
    fs.renameSync(temporary, hostFolder);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return hostFolder;
}

/** @param {string} folder */
function unpack(folder) {
  console.error(`vscode-host: fetching code-server ${version}`);
  npm(['pack', `code-server@${version}`, '--pack-destination', folder, '--silent'], folder);
  const archive = path.join(folder, `code-server-${version}.tgz`);
  const found = `sha512-${createHash('sha512').update(fs.readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) throw new Error(`code-server ${version} is not the package that was pinned (${found})`);
  execFileSync('tar', ['xzf', archive, '--strip-components=3', '--exclude=*.map', 'package/lib/vscode'], {
    cwd: folder,
  });
  fs.rmSync(archive);
  fs.rmSync(path.join(folder, 'npm-shrinkwrap.json'));
}

/** Run-time packages without any that needs a native build. @param {string} folder */
function installPackages(folder) {
  for (const file of ['package.json', 'package-lock.json'])
    fs.copyFileSync(path.join(here, file), path.join(folder, file));
  npm(['ci', '--ignore-scripts', '--omit=dev', '--no-audit', '--no-fund', '--silent'], folder);
  standIn(folder, '@vscode/spdlog', { version: '0.15.1', type: 'module', main: 'index.js' }, logger);
  standIn(folder, 'native-watchdog', { version: '1.4.2', main: 'index.js' }, 'exports.start = () => {};\n');
  fs.symlinkSync('node_modules', path.join(folder, 'node_modules.asar'), 'dir'); // the browser side asks for this name
}

/** @param {string} folder @param {string} name @param {object} manifest @param {string} source */
function standIn(folder, name, manifest, source) {
  const at = path.join(folder, 'node_modules', name);
  fs.mkdirSync(at, { recursive: true });
  fs.writeFileSync(path.join(at, 'package.json'), JSON.stringify({ name, ...manifest }));
  fs.writeFileSync(path.join(at, 'index.js'), source);
}

/** @param {string[]} args @param {string} cwd */
function npm(args, cwd) {
  const program = process.platform === 'win32' ? 'npm.cmd' : 'npm';
  execFileSync(program, args, { cwd, stdio: ['ignore', 'ignore', 'inherit'] });
}

if (process.argv[1] === fileURLToPath(import.meta.url)) console.log(installHost());
