// @ts-check
import { execFileSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import fs from 'node:fs';
import path from 'node:path';
import { cacheFolder } from '../cache.mjs';

/** For whom a VSIX is made, and which binaries of llama.cpp they get. None needs a GPU. @type {Record<string, string>} */
export const targets = {
  'linux-x64': '@node-llama-cpp/linux-x64',
  'linux-arm64': '@node-llama-cpp/linux-arm64',
  'darwin-x64': '@node-llama-cpp/mac-x64',
  'darwin-arm64': '@node-llama-cpp/mac-arm64-metal',
  'win32-x64': '@node-llama-cpp/win-x64',
};

/**
 * Unpacks a binary package, exactly the one of the lock file, into a folder of `node_modules`.
 * @param {string} root of the checkout @param {string} name @param {string} folder
 */
export function unpackBinary(root, name, folder) {
  const lock = JSON.parse(fs.readFileSync(path.join(root, 'package-lock.json'), 'utf8'));
  const { version, integrity } = lock.packages[`node_modules/${name}`];
  const archive = download(name, version);
  const found = `sha512-${createHash('sha512').update(fs.readFileSync(archive)).digest('base64')}`;
  if (found !== integrity) {
    fs.rmSync(archive);
    throw new Error(`${name} ${version} is not the package of package-lock.json (${found})`);
  }
  fs.mkdirSync(folder, { recursive: true });
  execFileSync('tar', ['xzf', archive, '--strip-components=1', '-C', folder]);
}

/** Fetched once: npm installs only the binaries of its own platform. @param {string} name @param {string} version */
function download(name, version) {
  const folder = path.join(cacheFolder, 'packages');
  const file = `${name.replace('@', '').replace('/', '-')}-${version}.tgz`;
  const archive = path.join(folder, file);
  if (fs.existsSync(archive)) return archive;
  fs.mkdirSync(folder, { recursive: true });
  const temporary = fs.mkdtempSync(path.join(folder, 'fetching-'));
  try {
    execFileSync(
      process.platform === 'win32' ? 'npm.cmd' : 'npm',
      ['pack', `${name}@${version}`, '--pack-destination', temporary, '--silent'],
      { cwd: temporary, stdio: ['ignore', 'ignore', 'inherit'], shell: process.platform === 'win32' },
    );
    fs.renameSync(path.join(temporary, file), archive);
  } finally {
    fs.rmSync(temporary, { recursive: true, force: true });
  }
  return archive;
}
