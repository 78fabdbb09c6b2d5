// @ts-check
// How long activate() takes in a real VS Code, and how long its window takes to show our status item: 5 fresh windows.
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from './host/browser.mjs';
import { startHost, windowUrl } from './host/vscodeHost.mjs';

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const runs = 5;
const report = path.join(os.tmpdir(), `activation-${process.pid}.txt`);
const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-'));
const host = await startHost({ env: { SECOND_THOUGHT_ACTIVATION_REPORT: report } });
const browser = await launchBrowser();
try {
  for (let run = 0; run < runs; run++) {
    const page = await browser.newPage();
    await page.goto(windowUrl(host, { folder, extension: root }));
    await page.locator('[id="second-thought.second-thought.secondThought.status"]').waitFor();
    await page.close();
  }
} finally {
  await browser.close();
  await host.stop();
  fs.rmSync(folder, { recursive: true, force: true });
}
const times = fs
  .readFileSync(report, 'utf8')
  .trim()
  .split('\n')
  .map(Number)
  .sort((a, b) => a - b);
fs.rmSync(report);
const shown = times.map((time) => time.toFixed(1));
console.log(
  `activate(): min ${shown[0]} ms, median ${shown[Math.floor(shown.length / 2)]} ms, max ${shown.at(-1)} ms (${shown.length} windows)`,
);
