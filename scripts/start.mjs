// @ts-check
// npm start: builds, then shows forced thinking on the first sample problem, in VS Code (desktop if there is one, else in
// the browser). npm start -- --terminal: the same in the terminal. --check: proves it in a headless browser and ends.
import { spawn, spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { chromiumPath, launchBrowser } from './host/browser.mjs';
import { startHost, windowUrl } from './host/vscodeHost.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const samples = path.join(root, 'media', 'samples');
const sampleFile = 'letters-and-sums.problems.jsonl';
const isCheck = process.argv.includes('--check');
/** Tells the extension to force thinking on the first problem, once. */
const startEnv = { SECOND_THOUGHT_START: 'force-first-problem' };

if (spawnSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) {
  process.exit(1);
}
if (process.argv.includes('--terminal')) inTerminal();
else if (hasDesktop() && !isCheck) onDesktop();
else await inBrowser();

function inTerminal() {
  const args = ['force', '--file', path.join(samples, sampleFile), '--ignore', '2'];
  const { status } = spawnSync(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...args], { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}

function hasDesktop() {
  const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY || process.env.WAYLAND_DISPLAY);
  return (
    hasDisplay &&
    spawnSync('code', ['--version'], { stdio: 'ignore', shell: process.platform === 'win32' }).status === 0
  );
}

function onDesktop() {
  const args = ['--new-window', `--extensionDevelopmentPath=${root}`, copyOfSamples()];
  spawnSync('code', args, {
    stdio: 'inherit',
    env: { ...process.env, ...startEnv },
    shell: process.platform === 'win32',
  });
}

/** The samples are copied, so that trying things out leaves the checkout as it is. */
function copyOfSamples() {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'second-thought-samples-'));
  fs.cpSync(samples, folder, { recursive: true });
  return folder;
}

async function inBrowser() {
  const folder = copyOfSamples();
  const host = await startHost({
    withToken: true,
    env: startEnv,
    settings: { 'workbench.colorTheme': 'Default Dark Modern', 'security.workspace.trust.enabled': false },
  });
  const url = windowUrl(host, { folder, extension: root });
  const stop = async () => {
    await host.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  };
  if (isCheck) {
    await check(url).finally(stop);
    return;
  }
  console.log(`\nVS Code with Second Thought is at\n\n  ${url}\n\nStop with Ctrl+C.`);
  open(url);
  await new Promise((resolve) => {
    process.once('SIGINT', resolve);
    process.once('SIGTERM', resolve);
  });
  await stop();
}

/** Shows the page if this machine has a way to. @param {string} url */
function open(url) {
  const program = process.platform === 'darwin' ? 'open' : 'xdg-open';
  spawn(program, [url], { stdio: 'ignore', detached: true }).on('error', () => {});
}

/** Waits in a headless browser until a finished trace is shown. @param {string} url */
async function check(url) {
  if (!chromiumPath()) throw new Error('npm start -- --check needs Chromium.');
  const browser = await launchBrowser();
  try {
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
    await page.goto(url);
    const viewer = page.locator('iframe.webview.ready').contentFrame().locator('#active-frame').contentFrame();
    await viewer.locator('[data-state="complete"]').waitFor({ timeout: 60_000 });
    const file = path.join(root, 'out', 'screenshots', 'start.png');
    fs.mkdirSync(path.dirname(file), { recursive: true });
    await page.screenshot({ path: file });
    console.log('A forced trace is shown in VS Code.');
  } finally {
    await browser.close();
  }
}
