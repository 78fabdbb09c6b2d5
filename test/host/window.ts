import { cpSync, mkdirSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import type { Browser, BrowserContext, FrameLocator, Locator, Page } from 'playwright-core';
import { afterEach } from 'vitest';
import { launchBrowser } from '../../scripts/host/browser.mjs';
import { startHost, type VscodeHost, windowUrl } from '../../scripts/host/vscodeHost.mjs';

const root = path.resolve(import.meta.dirname, '..', '..');

export interface WindowOptions {
  /** Copied into a folder of its own; the sample workspace without it. */
  workspace?: string;
  theme?: string;
  settings?: Record<string, unknown>;
  env?: NodeJS.ProcessEnv;
  vsix?: string;
  /** Ask whether the folder is trusted. */
  withTrust?: boolean;
  viewport?: { width: number; height: number };
}

/** For a test that fails: a picture, and what was to be seen as a part of its failure, since elsewhere only text is kept. */
export function tellWhatWasSeen(window: () => Window | undefined): void {
  afterEach(async ({ task }) => {
    if (task.result?.state !== 'fail') return;
    await window()?.screenshot(`failed-${task.name}`);
    throw new Error(`The window showed: ${await window()?.seen()}`);
  });
}

async function newPage(context: BrowserContext): Promise<Page> {
  const page = await context.newPage();
  page.setDefaultTimeout(30_000);
  return page;
}

/** A real VS Code window, driven as a user would: by palette, mouse and keyboard. Waits for what it sees, never for time. */
export class Window {
  readonly folder: string;
  readonly #host: VscodeHost;
  readonly #browser: Browser;
  readonly #url: string;
  #page: Page;

  private constructor(host: VscodeHost, browser: Browser, page: Page, folder: string, url: string) {
    this.#host = host;
    this.#browser = browser;
    this.#page = page;
    this.folder = folder;
    this.#url = url;
  }

  get page(): Page {
    return this.#page;
  }

  static async open(options: WindowOptions = {}): Promise<Window> {
    const folder = mkdtempSync(path.join(tmpdir(), 'workspace-'));
    cpSync(options.workspace ?? path.join(root, 'media', 'samples'), folder, { recursive: true });
    const settings = { 'workbench.colorTheme': options.theme ?? 'Default Dark Modern', ...options.settings };
    const vsix = options.vsix ? [options.vsix] : [];
    const host = await startHost({
      settings,
      vsix,
      withTrust: options.withTrust ?? false,
      ...(options.env ? { env: options.env } : {}),
    });
    let browser: Browser | undefined;
    let window: Window | undefined;
    try {
      browser = (await launchBrowser()) as Browser;
      const context = await browser.newContext({ viewport: options.viewport ?? { width: 1280, height: 800 } });
      const url = windowUrl(host, { folder, extension: options.vsix ? undefined : root });
      window = new Window(host, browser, await newPage(context), folder, url);
      await window.#load();
      return window;
    } catch (error) {
      // Nobody has the window yet, so nobody else can close it: its server would outlive the tests.
      await window?.screenshot('failed-to-open').catch(() => {});
      await browser?.close();
      await host.stop();
      rmSync(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** The process that everything of the window but the browser descends from, and where its extensions are installed. */
  get host(): Pick<VscodeHost, 'pid' | 'extensions'> {
    return this.#host;
  }

  /** Reload Window: VS Code saves what is open, then loads anew; ready when our status bar item is there again. */
  async reload(): Promise<void> {
    await Promise.all([this.page.waitForEvent('load'), this.runCommand('Developer: Reload Window')]);
    await this.statusItem.waitFor();
  }

  /** VS Code is closed, every process of it, and opened again in the same folder by the same user. */
  async closeAndReopen(): Promise<void> {
    const context = this.page.context();
    await this.page.close({ runBeforeUnload: false });
    await this.#host.restart();
    this.#page = await newPage(context);
    await this.#load();
  }

  async #load(): Promise<void> {
    await this.page.goto(this.#url);
    await this.statusItem.waitFor();
  }

  get statusItem(): Locator {
    return this.page.locator('[id="second-thought.second-thought.secondThought.status"]');
  }

  /** Runs a command by its title in the palette. */
  async runCommand(title: string): Promise<void> {
    await this.#openPalette();
    const input = this.page.locator('.quick-input-widget input').first();
    await input.fill(`>${title}`);
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: title }).first().waitFor();
    const isFocused = async () => (await this.quickPick.filter({ hasText: title }).count()) > 0;
    while (!(await isFocused())) await this.page.keyboard.press('ArrowDown'); // the list goes round
    await this.page.keyboard.press('Enter');
  }

  /** A list that is just closing swallows the key: then it is pressed again. */
  async #openPalette(): Promise<void> {
    const input = this.page.locator('.quick-input-widget:visible input').first();
    for (let tries = 0; tries < 5; tries++) {
      await this.page.keyboard.press('F1');
      const isOpen = await input.waitFor({ timeout: 5_000 }).then(
        () => true,
        () => false,
      );
      if (isOpen) return;
    }
  }

  async openFile(name: string): Promise<void> {
    await this.page.locator(`.explorer-folders-view .monaco-list-row[aria-label="${name}"]`).dblclick();
    await this.page.locator(`.tab.active[data-resource-name="${name}"]`).waitFor();
    await this.editor.waitFor();
  }

  get editor(): Locator {
    return this.page.locator('.editor-group-container.active .monaco-editor .view-lines').first(); // comments have editors too
  }

  /** Puts the cursor into a line of the open editor, counted from 1. */
  async goToLine(line: number): Promise<void> {
    await this.#openPalette();
    const input = this.page.locator('.quick-input-widget input').first();
    await input.fill(`:${line}`);
    await this.page.keyboard.press('Enter');
    await this.page.locator('.quick-input-widget').waitFor({ state: 'hidden' });
  }

  /** Chooses an entry of the context menu of what is given. A click right after a menu opened is swallowed: so by Enter. */
  async contextMenu(target: Locator, title: string): Promise<void> {
    await target.click({ button: 'right' });
    await this.page.getByRole('menuitem', { name: title }).hover();
    await this.page.locator('.monaco-menu .action-item.focused').filter({ hasText: title }).waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** Runs Force Thinking on the problem under the cursor with the settings as they are. */
  async forceThinking(): Promise<void> {
    await this.runCommand('Second Thought: Force Thinking');
    await this.quickPick.filter({ hasText: 'Start' }).waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** The focused row of an open list. */
  get quickPick(): Locator {
    return this.page.locator('.quick-input-list .monaco-list-row.focused');
  }

  /** Types into an open input box and accepts it. */
  async input(title: string, text: string): Promise<void> {
    await this.page.locator('.quick-input-widget:visible .quick-input-title').filter({ hasText: title }).waitFor();
    await this.page.locator('.quick-input-widget input:visible').first().fill(text);
    await this.page.keyboard.press('Enter');
  }

  /** Chooses a row of an open list by its text. */
  async choose(text: string): Promise<void> {
    await this.page.locator('.quick-input-list .monaco-list-row').filter({ hasText: text }).first().waitFor();
    await this.page.locator('.quick-input-widget input:visible').first().fill(text);
    await this.quickPick.filter({ hasText: text }).waitFor();
    await this.page.keyboard.press('Enter');
  }

  /** The comment threads that are open in the editor. */
  get inlineTrace(): Locator {
    return this.page.locator('.review-widget');
  }

  /** A button in the title of an inline trace. */
  inlineButton(title: string): Locator {
    return this.inlineTrace.locator(`.review-actions [aria-label^="${title}"]`).first();
  }

  /** The lines above problems that say what came out. */
  get outcomes(): Locator {
    return this.page.locator('.codelens-decoration:visible');
  }

  /** Clicks a line above the text until what it does is seen: one that is drawn anew under the mouse swallows the click. */
  async clickLens(title: string, seen: Locator): Promise<void> {
    for (let tries = 0; tries < 5 && !(await seen.isVisible()); tries++) {
      await this.outcomes
        .getByText(title)
        .click({ timeout: 5_000 })
        .catch(() => {});
      await seen.waitFor({ timeout: 10_000 }).catch(() => {});
    }
    await seen.waitFor();
  }

  /** The button of a modal question. */
  dialogButton(title: string | RegExp): Locator {
    return this.page.locator('.monaco-dialog-box').getByRole('button', { name: title });
  }

  toast(text: string | RegExp): Locator {
    return this.page.locator('.notifications-toasts .notification-list-item').filter({ hasText: text });
  }

  /** The content of the visible custom editor or webview. */
  get viewer(): FrameLocator {
    return this.page.locator('iframe.webview.ready:visible').contentFrame().locator('#active-frame').contentFrame();
  }

  async screenshot(name: string): Promise<string> {
    const file = path.join(root, 'out', 'screenshots', `${name}.png`);
    mkdirSync(path.dirname(file), { recursive: true });
    await this.page.screenshot({ path: file });
    return file;
  }

  /** What can be read in the window now: questions, notices, lists, tabs, lines above the text, pages. */
  async seen(): Promise<string> {
    const texts = async (name: string, found: Locator) => {
      const lines = (await found.allInnerTexts().catch(() => [])).map((text) => text.replaceAll(/\s+/g, ' ').trim());
      return lines.length > 0 ? [`${name}: ${lines.join(' · ').slice(0, 400)}`] : [];
    };
    const pages = this.page.locator('iframe.webview.ready:visible');
    const bodies = Array.from({ length: await pages.count() }, (_, at) => {
      const page = pages.nth(at).contentFrame().locator('#active-frame').contentFrame();
      return texts('page', page.locator('body'));
    });
    const parts = await Promise.all([
      texts('question', this.page.locator('.monaco-dialog-box')),
      texts('notice', this.page.locator('.notification-list-item:visible')),
      texts('list', this.page.locator('.quick-input-widget:visible')),
      texts('tab', this.page.locator('.tab.active')),
      texts('lens', this.outcomes),
      ...bodies,
    ]);
    return parts.flat().join('; ');
  }

  async close(): Promise<void> {
    await this.#browser.close();
    await this.#host.stop();
    rmSync(this.folder, { recursive: true, force: true });
  }
}
