// @ts-check
/**
 * A run of 10,000 traces (about 1 GB) in a real VS Code window: its viewer opened, filtered, a rare word searched, and what
 * memory the processes of the extension take for that. npm run bench -- runViewer
 */
import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from './host/browser.mjs';
import { startHost, windowUrl } from './host/vscodeHost.mjs';
import { bundle } from './runBundled.mjs';

/** @typedef {import('playwright-core').Page} Page */
/** @typedef {import('playwright-core').Frame} Frame */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const times = 5;
/** bench/largeRun.ts puts it into one trace. */
const rareWord = 'quetzalcoatl';

/** @param {number} bytes */
const mib = (bytes) => (bytes / 2 ** 20).toFixed(0);

const folder = mkdtempSync(path.join(os.tmpdir(), 'second-thought-long-'));
console.log(
  execFileSync(process.execPath, [await bundle('bench/writeLargeRun.ts'), folder], { encoding: 'utf8' }).trim(),
);
const host = await startHost();
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 1280, height: 900 } });
  page.setDefaultTimeout(120_000);
  await page.goto(windowUrl(host, { folder, extension: root }));
  await page.locator('[id="second-thought.second-thought.secondThought.status"]').waitFor();
  const idle = memoryOf(host.pid);
  await timed('the run is opened: from the key to the rows', () => openRun(page));
  const frame = await pageOfRun(page);
  await frame
    .getByText(/The (best condition|extended part)/)
    .first()
    .waitFor();
  await filters(frame);
  const heap = await frame.evaluate(() => /** @type {any} */ (performance).memory.usedJSHeapSize);
  console.log(`script memory of the page: ${mib(heap)} MiB`);
  await search(page, 'first hit of a word of one trace, index made first', 1);
  await search(page, 'first hit of a word of one trace', times - 2);
  report(idle, memoryOf(host.pid));
} finally {
  await browser.close();
  await host.stop();
  rmSync(folder, { recursive: true, force: true });
}

/** @param {string} what @param {() => Promise<number>} task @param {number} [repeat] */
async function timed(what, task, repeat = times) {
  /** @type {number[]} */
  const taken = [];
  for (let at = 0; at < repeat; at++) taken.push(await task());
  taken.sort((a, b) => a - b);
  const [median, most] = [taken[taken.length >> 1] ?? 0, taken.at(-1) ?? 0];
  console.log(`${what}, ${repeat} ×: median ${median.toFixed(0)} ms, at most ${most.toFixed(0)} ms`);
}

/** @param {Page} page @param {string} command */
async function palette(page, command) {
  await page.keyboard.press('F1');
  const input = page.locator('.quick-input-widget:visible input').first();
  await input.fill(`>${command}`);
  await page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: command }).waitFor();
  await page.keyboard.press('Enter');
}

/** Until rows of problems are in the document of the page and the browser has drawn them. @param {Page} page */
async function openRun(page) {
  await palette(page, 'View: Close All Editors');
  await page.locator('iframe.webview').waitFor({ state: 'detached' });
  await palette(page, 'Second Thought: Open Run');
  await page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: 'long-2026' }).waitFor();
  const startedAt = performance.now();
  await page.keyboard.press('Enter');
  const frame = await pageOfRun(page);
  await frame.locator('.map-body .map-row').first().waitFor();
  await frame.evaluate(() => new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn))));
  return performance.now() - startedAt;
}

/** @param {Page} page @returns {Promise<Frame>} */
async function pageOfRun(page) {
  const outer = await page.locator('iframe.webview').elementHandle();
  const inner = await (await outer?.contentFrame())?.waitForSelector('#active-frame', { state: 'attached' });
  const frame = await inner?.contentFrame();
  if (!frame) throw new Error('there is no page');
  return frame;
}

/** Each filter by itself: from the event to the frame that shows it. @param {Frame} frame */
async function filters(frame) {
  for (const [name, value] of [
    ['Outcome', 'wrong'],
    ['Flips', 'gained'],
    ['Question', '77'],
    ['Thinking tokens, least', '9000'],
  ]) {
    await timed(`filter: ${name}`, async () => {
      await frame.getByText('Clear Filters').click();
      return frame.evaluate(filterOnce, { name, value });
    });
  }
}

/** In the page. @param {{ name: string | undefined, value: string | undefined }} what */
async function filterOnce({ name, value = '' }) {
  const label = [...document.querySelectorAll('label')].find((each) => each.textContent === name);
  const named = document.getElementById(label?.htmlFor ?? '') ?? document.querySelector(`[aria-label="${name}"]`);
  const field = /** @type {HTMLInputElement} */ (named);
  const startedAt = performance.now();
  field.value = value;
  field.dispatchEvent(new Event(field.tagName === 'SELECT' ? 'change' : 'input'));
  await new Promise((drawn) => requestAnimationFrame(() => setTimeout(drawn)));
  return performance.now() - startedAt;
}

/** @param {Page} page @param {string} what @param {number} repeat */
async function search(page, what, repeat) {
  const hit = page.locator('.pane-body .monaco-list-row').filter({ hasText: rareWord });
  /** @param {string} word */
  const ask = async (word) => {
    await palette(page, 'Second Thought: Search Traces');
    await page.locator('.quick-input-widget:visible input').first().fill(word);
    const startedAt = performance.now();
    await page.keyboard.press('Enter');
    return startedAt;
  };
  const once = async () => {
    const startedAt = await ask(rareWord);
    await hit.first().waitFor();
    const taken = performance.now() - startedAt;
    await ask('nowhere'); // the list is empty again
    await hit.first().waitFor({ state: 'detached' });
    return taken;
  };
  await timed(what, once, repeat);
}

/** Resident bytes of the extension host and of the engine, from the processes below the server. @param {number} server */
function memoryOf(server) {
  const lines = execFileSync('ps', ['-eo', 'pid=,ppid=,rss=,args='], { encoding: 'utf8' }).split('\n');
  const all = lines.map((line) => /^\s*(\d+)\s+(\d+)\s+(\d+)\s+(.*)$/.exec(line)?.slice(1) ?? []);
  const below = new Set([String(server)]);
  for (let before = 0; before < below.size; ) {
    before = below.size;
    for (const [pid = '', parent = ''] of all) if (below.has(parent)) below.add(pid);
  }
  /** @param {string} part */
  const sum = (part) =>
    all.reduce((total, [pid = '', , kib = '0', args = '']) => {
      return below.has(pid) && args.includes(part) ? total + 1024 * Number(kib) : total;
    }, 0);
  return { host: sum('--type=extensionHost'), engine: sum('engine.cjs') };
}

/** @param {{ host: number, engine: number }} idle @param {{ host: number, engine: number }} after */
function report(idle, after) {
  console.log(`engine: ${mib(after.engine)} MiB resident (before the run was opened: ${mib(idle.engine)})`);
  console.log(
    `extension host: ${mib(after.host)} MiB resident (before: ${mib(idle.host)}), VS Code's own part included`,
  );
}
