// @ts-check
// Runs test/integration inside the extension host of a real VS Code, in the browser host.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { buildIntegrationTests, root } from './buildIntegrationTests.mjs';
import { launchBrowser } from './host/browser.mjs';
import { startHost, windowUrl } from './host/vscodeHost.mjs';

const limitMs = 180_000;

const report = process.env.INTEGRATION_REPORT ?? path.join(root, 'out', 'reports', 'integration.json');
const tests = await buildIntegrationTests();
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-'));
fs.cpSync(path.join(root, 'media', 'samples'), folder, { recursive: true });
const host = await startHost({ env: { INTEGRATION_REPORT: report } });
/** @type {import('playwright-core').Browser | undefined} */
let browser;
let status = 1;
try {
  browser = await launchBrowser();
  const page = await browser.newPage({ viewport: { width: 1280, height: 800 } });
  const exit = new Promise((resolve) => page.exposeFunction('codeAutomationExit', resolve));
  await page.exposeFunction('codeAutomationLog', (/** @type {string} */ kind, /** @type {unknown[]} */ args) => {
    if (process.env.DEBUG) console.error(`[${kind}]`, ...args);
  });
  await page.goto(windowUrl(host, { folder, extension: root, tests }));
  /** @type {NodeJS.Timeout | undefined} */
  let timer;
  const late = new Promise((resolve) => {
    timer = setTimeout(() => resolve('late'), limitMs);
  });
  const code = await Promise.race([exit, late]);
  clearTimeout(timer);
  if (code === 'late') console.error(`The tests did not end within ${limitMs / 1000} s.\n${host.log()}`);
  status = code === 0 ? 0 : 1;
} finally {
  await browser?.close();
  await host.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
print(report);
process.exitCode = status;

/** @param {string} file */
function print(file) {
  if (!fs.existsSync(file)) return;
  const { tests } = JSON.parse(fs.readFileSync(file, 'utf8'));
  for (const { fullTitle, duration, err } of tests) {
    console.log(
      `${err.message ? '✗' : '✓'} ${fullTitle} ${duration ?? 0} ms${err.message ? `\n  ${err.stack ?? err.message}` : ''}`,
    );
  }
}
