// @ts-check
// npm run screenshots [-- scene…]: the pictures of the documentation, taken in a real VS Code, light, dark and in high contrast.
import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from './host/browser.mjs';
import { startHost, windowUrl } from './host/vscodeHost.mjs';

/** @typedef {import('playwright-core').Page} Page */

const root = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..');
const images = path.join(root, 'docs', 'images');
const failures = path.join(root, 'out', 'screenshots');
const themes = {
  light: 'Default Light Modern',
  dark: 'Default Dark Modern',
  'high-contrast': 'Default High Contrast',
};

/** Each scene brings the window to what its picture shows. @type {Record<string, (page: Page) => Promise<void>>} */
const scenes = {
  /** The editor: a wrong answer, and what Wait Again made of it; outcomes above their problems; servers and runs. */
  async inline(page) {
    await openFile(page, 'letters-and-sums.problems.jsonl');
    await goToLine(page, 7);
    await runCommand(page, 'Second Thought: Force Again');
    await inlineTrace(page)
      .getByText(/Correct: 24/)
      .first()
      .waitFor();
    await runCommand(page, 'Second Thought: Dismiss All Inline Traces');
    await goToLine(page, 3);
    await runCommand(page, 'Second Thought: Force Thinking');
    await choose(page, 'Cues');
    await page.locator('.quick-input-title').filter({ hasText: 'How many times' }).waitFor(); // the list before has an input, too
    await page.locator('.quick-input-widget input:visible').first().fill('0');
    await page.keyboard.press('Enter');
    await page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: 'Start' }).waitFor();
    await page.keyboard.press('Enter');
    await inlineTrace(page)
      .getByText(/Wrong: \d/)
      .first()
      .waitFor();
    await runCommand(page, 'Second Thought: Wait Again');
    await inlineTrace(page)
      .getByText(/Correct: 4/)
      .first()
      .waitFor();
    await inlineTrace(page).getByText('Thinking', { exact: true }).click();
    await runCommand(page, 'View: Show Second Thought');
    await page.locator('.pane-body .monaco-list-row').filter({ hasText: 'mississippi' }).first().waitFor();
    await page.locator('.codelens-decoration:visible').filter({ hasText: 'Correct: 4' }).first().waitFor();
  },
  /** The trace viewer. */
  async trace(page) {
    await openFile(page, 'letters-and-sums.problems.jsonl');
    await goToLine(page, 1);
    await runCommand(page, 'Second Thought: Force Again');
    await inlineTrace(page)
      .getByText(/Correct|Wrong/)
      .first()
      .waitFor();
    await runCommand(page, 'Second Thought: Open in Trace Viewer');
    const viewer = page.locator('iframe.webview.ready:visible').contentFrame().locator('#active-frame').contentFrame();
    await viewer.locator('[data-state="complete"]').waitFor({ timeout: 60_000 });
    await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
    await page.locator('.explorer-folders-view').waitFor({ state: 'hidden' });
    await viewer.locator('[data-state="complete"]').waitFor();
  },
  /** The laboratory: a trace that was probed, labelled and forked. */
  async laboratory(page) {
    await openFile(page, 'letters-and-sums.problems.jsonl');
    await goToLine(page, 1);
    await runCommand(page, 'Second Thought: Force Again');
    await inlineTrace(page)
      .getByText(/Correct|Wrong/)
      .first()
      .waitFor();
    await runCommand(page, 'Second Thought: Open in Trace Viewer');
    const viewer = page.locator('iframe.webview.ready:visible').contentFrame().locator('#active-frame').contentFrame();
    await viewer.locator('[data-state="complete"]').waitFor({ timeout: 60_000 });
    await runCommand(page, 'Second Thought: Probe Trace');
    await viewer.locator('.trajectory').waitFor();
    /** @param {number} words @param {string} what */
    const act = async (words, what) => {
      await viewer.getByRole('region', { name: 'Thinking' }).focus();
      for (let count = 0; count < words; count++) await page.keyboard.press('ArrowLeft');
      await viewer.locator('.place vscode-button').waitFor();
      await page.keyboard.press('f');
      await choose(page, what);
    };
    await act(12, 'Label');
    await page.locator('.quick-input-widget input:visible').first().fill('miscounts');
    await page.keyboard.press('Enter');
    await viewer.locator('.note-label').waitFor();
    await act(14, 'End the thinking');
    await viewer.locator('.family li').nth(1).waitFor();
    await viewer.getByRole('button', { name: 'the first', exact: true }).click();
    await viewer.locator('.note-label').waitFor();
    await act(30, 'Add “Hmm”');
    await viewer.locator('.family li').nth(2).waitFor();
    await viewer.getByRole('button', { name: 'the first', exact: true }).click();
    await viewer.locator('.note-label').waitFor();
    await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
    await viewer.getByRole('region', { name: 'Thinking' }).focus();
    for (let count = 0; count < 5; count++) await page.keyboard.press('ArrowLeft');
    await viewer.locator('.place vscode-button').waitFor();
  },
  /** The run viewer, on a finished run of a study that comes with the extension. */
  async run(page) {
    await runCommand(page, 'Second Thought: Open Run');
    await choose(page, 'Caps-and-cues');
    const viewer = page.locator('iframe.webview.ready:visible').contentFrame().locator('#active-frame').contentFrame();
    await viewer
      .getByText(/excludes zero/)
      .first()
      .waitFor({ timeout: 60_000 });
    await runCommand(page, 'View: Toggle Primary Side Bar Visibility');
    await page.locator('.explorer-folders-view').waitFor({ state: 'hidden' });
    await viewer.locator('svg').first().waitFor();
  },
};

/** A run of a study for all pictures of it: what is in the folder when the window opens. @type {string | undefined} */
let studyFolder;
function studyWithRun() {
  if (studyFolder) return studyFolder;
  studyFolder = fs.mkdtempSync(path.join(os.tmpdir(), 'study-'));
  fs.cpSync(path.join(root, 'media', 'studies'), studyFolder, { recursive: true });
  const words = ['run', 'caps-and-cues.study.yaml', '--limit', '500', '--concurrency', '8'];
  const study = path.join(studyFolder, 'caps-and-cues.study.yaml');
  fs.writeFileSync(study, fs.readFileSync(study, 'utf8').replace('sample: 400', 'sample: 60'));
  spawnSync(process.execPath, [path.join(root, 'dist', 'cli.cjs'), ...words], { cwd: studyFolder, stdio: 'inherit' });
  return studyFolder;
}

/** @param {Page} page */
const inlineTrace = (page) => page.locator('.review-widget');

/** @param {Page} page @param {number} line */
async function goToLine(page, line) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().fill(`:${line}`);
  await page.keyboard.press('Enter');
  await page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
}

/** @param {Page} page @param {string} text */
async function choose(page, text) {
  await page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().waitFor();
  await page.locator('.quick-input-widget input:visible').first().fill(text);
  await page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: text }).waitFor();
  await page.keyboard.press('Enter');
}

/** @param {Page} page @param {string} name */
async function openFile(page, name) {
  await page.locator(`.explorer-folders-view .monaco-list-row[aria-label="${name}"]`).dblclick();
  await page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
}

/** @param {Page} page @param {string} title */
async function runCommand(page, title) {
  await page.keyboard.press('F1');
  await page.locator('.quick-input-widget input').first().fill(`>${title}`);
  await page.locator('.quick-input-list .monaco-list-row.focused').filter({ hasText: title }).waitFor();
  await page.keyboard.press('Enter');
}

/** One scene in a window of its own. @param {string} name @param {(page: Page) => Promise<void>} scene @param {keyof typeof themes} theme */
async function take(name, scene, theme) {
  const folder = fs.mkdtempSync(path.join(os.tmpdir(), 'workspace-'));
  fs.cpSync(name === 'run' ? studyWithRun() : path.join(root, 'media', 'samples'), folder, { recursive: true });
  const host = await startHost({ settings: { 'workbench.colorTheme': themes[theme] } });
  /** @type {import('playwright-core').Browser | undefined} */
  let browser;
  try {
    browser = await launchBrowser();
    const page = await browser.newPage({ viewport: { width: 1280, height: 800 }, deviceScaleFactor: 1.5 });
    page.setDefaultTimeout(30_000);
    await page.goto(windowUrl(host, { folder, extension: root }));
    await page.locator('[id="second-thought.second-thought.secondThought.status"]').waitFor();
    await scene(page).catch(async (error) => {
      fs.mkdirSync(failures, { recursive: true });
      await page.screenshot({ path: path.join(failures, `failed-${name}-${theme}.png`) });
      throw error;
    });
    await page.screenshot({ path: path.join(images, `${name}-${theme}.png`) });
    console.log(`docs/images/${name}-${theme}.png`);
  } finally {
    await browser?.close();
    await host.stop();
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

const wanted = process.argv.slice(2);
const unknown = wanted.filter((name) => !(name in scenes));
if (unknown.length > 0) {
  console.error(`There is no scene named ${unknown.join(', ')}. There are: ${Object.keys(scenes).join(', ')}.`);
  process.exit(2);
}
if (spawnSync(process.execPath, ['esbuild.mjs'], { cwd: root, stdio: ['ignore', 'ignore', 'inherit'] }).status !== 0) {
  process.exit(1);
}
fs.mkdirSync(images, { recursive: true });
for (const [name, scene] of Object.entries(scenes)) {
  if (wanted.length > 0 && !wanted.includes(name)) continue;
  for (const theme of /** @type {(keyof typeof themes)[]} */ (Object.keys(themes))) await take(name, scene, theme);
}
