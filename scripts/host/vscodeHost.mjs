// @ts-check
import { spawn, spawnSync } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { installHost } from './installHost.mjs';

/** Settings of a user who wants no surprises: nothing is fetched, nothing moves, nothing pops up. */
const calmSettings = {
  'window.autoDetectColorScheme': false,
  'workbench.startupEditor': 'none',
  'workbench.tips.enabled': false,
  'workbench.reduceMotion': 'on',
  'workbench.list.smoothScrolling': false,
  'workbench.enableExperiments': false,
  'extensions.ignoreRecommendations': true,
  'telemetry.telemetryLevel': 'off',
  'update.mode': 'none',
  'files.simpleDialog.enable': true,
  'chat.commandCenter.enabled': false,
};

/**
 * @typedef {object} HostOptions
 * @property {Record<string, unknown>} [settings] user settings
 * @property {NodeJS.ProcessEnv} [env] reaches the extension host
 * @property {string[]} [vsix] extensions to install
 * @property {boolean} [withToken] ask browsers for a random connection token
 * @property {boolean} [withTrust] ask whether a folder is trusted, as VS Code does by default
 *
 * @typedef {object} VscodeHost
 * @property {number} port
 * @property {string} token empty without one
 * @property {number} pid
 * @property {string} extensions the folder that extensions are installed into
 * @property {() => string} log
 * @property {() => Promise<void>} restart ends the server and everything it started, and starts it again at the same address
 * @property {() => Promise<void>} stop ends the server and everything it started, and removes its folders
 */

/** Starts a VS Code server on loopback with folders of its own. @param {HostOptions} [options] @returns {Promise<VscodeHost>} */
export async function startHost({ settings = {}, env = {}, vsix = [], withToken = false, withTrust = false } = {}) {
  const program = path.join(installHost(), 'out', 'server-main.js');
  const home = fs.mkdtempSync(path.join(os.tmpdir(), 'vscode-host-'));
  const user = path.join(home, 'user');
  fs.mkdirSync(path.join(user, 'User'), { recursive: true });
  fs.writeFileSync(path.join(user, 'User', 'settings.json'), JSON.stringify({ ...calmSettings, ...settings }));
  const folders = ['--server-data-dir', path.join(home, 'data'), '--user-data-dir', user];
  for (const file of vsix) install(program, folders, file);
  const token = withToken ? randomBytes(16).toString('hex') : '';
  const access = withToken ? ['--connection-token', token] : ['--without-connection-token'];
  const rest = ['--accept-server-license-terms', '--telemetry-level', 'off'];
  if (!withTrust) rest.push('--disable-workspace-trust');
  const words = [program, '--host', '127.0.0.1', ...access, ...rest, ...folders];
  let server = await startServer(words, env, 0);
  return {
    port: server.port,
    token,
    get pid() {
      return Number(server.child.pid);
    },
    extensions: path.join(home, 'data', 'extensions'),
    log: () => server.log(),
    async restart() {
      await end(server.child);
      server = await startServer(words, env, server.port);
    },
    async stop() {
      await end(server.child);
      fs.rmSync(home, { recursive: true, force: true, maxRetries: 5 });
    },
  };
}

/** @param {string[]} words @param {NodeJS.ProcessEnv} env @param {number} wantedPort 0: any that is free */
async function startServer(words, env, wantedPort) {
  const child = spawn(process.execPath, [...words, '--port', String(wantedPort)], {
    env: { ...process.env, ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
    detached: process.platform !== 'win32', // a group of its own, so that extension hosts end with it
  });
  let log = '';
  /** @type {number} */
  const port = await new Promise((resolve, reject) => {
    const read = (/** @type {Buffer} */ text) => {
      log += text;
      const match = /listening on (\d+)/.exec(log);
      if (match) resolve(Number(match[1]));
    };
    child.stdout.on('data', read);
    child.stderr.on('data', read);
    child.once('exit', (code) => reject(new Error(`The VS Code server ended (${code}):\n${log}`)));
  });
  child.removeAllListeners('exit');
  return { child, port, log: () => log };
}

/** @param {string} program @param {string[]} folders @param {string} file */
function install(program, folders, file) {
  const args = [program, ...folders, '--install-extension', file, '--force'];
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8' });
  if (status !== 0) throw new Error(`Could not install ${file}:\n${stdout}${stderr}`);
}

/** @param {import('node:child_process').ChildProcess} child */
async function end(child) {
  const gone = new Promise((resolve) => child.once('exit', resolve));
  if (child.exitCode === null && child.pid) {
    signal(child.pid, 'SIGTERM');
    const timer = setTimeout(() => child.pid && signal(child.pid, 'SIGKILL'), 5_000);
    await gone;
    clearTimeout(timer);
    signal(child.pid, 'SIGKILL'); // what is left of its group
  }
}

/** @param {number} pid @param {NodeJS.Signals} name */
function signal(pid, name) {
  try {
    process.kill(process.platform === 'win32' ? pid : -pid, name);
  } catch {
    // gone already
  }
}

/**
 * The address of a window.
 * @param {VscodeHost} host
 * @param {{ folder: string, extension?: string | undefined, tests?: string | undefined }} what absolute paths; `extension` runs from its source folder
 */
export function windowUrl(host, { folder, extension, tests }) {
  const remote = (/** @type {string} */ file) => `vscode-remote://localhost:${host.port}${file}`;
  const payload = [['skipWelcome', 'true']];
  if (extension) payload.push(['extensionDevelopmentPath', remote(extension)]);
  if (tests) payload.push(['extensionTestsPath', remote(tests)]);
  const query = new URLSearchParams({ folder, payload: JSON.stringify(payload) });
  if (host.token) query.set('tkn', host.token);
  return `http://localhost:${host.port}/?${query}`;
}
