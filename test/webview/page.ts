import { readFileSync } from 'node:fs';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import path from 'node:path';
import type { Browser, Page } from 'playwright-core';
import { launchBrowser } from '../../scripts/host/browser.mjs';
import type { FromCurationViewer, ToCurationViewer } from '../../src/protocol/curationViewer';
import type { FromJobPage, ToJobPage } from '../../src/protocol/jobPage';
import type { FromRunViewer, ToRunViewer } from '../../src/protocol/runViewer';
import type { FromTraceViewer, ToTraceViewer, WirePass, WireSpan, WireTrace } from '../../src/protocol/traceViewer';
import { contentSecurityPolicy } from '../../src/ui/pagePolicy';
import { themes } from './themes';

const dist = path.resolve(import.meta.dirname, '..', '..', 'dist', 'webview');
const nonce = 'bm9uY2U=';

/** The pages, and the policy that their hosts give them. */
const pages = {
  traceViewer: contentSecurityPolicy("'self'", nonce),
  runViewer: contentSecurityPolicy("'self'", nonce, 'data:'),
  jobPage: contentSecurityPolicy("'self'", nonce),
  curationViewer: contentSecurityPolicy("'self'", nonce),
};

interface Messages {
  traceViewer: { to: ToTraceViewer; from: FromTraceViewer };
  runViewer: { to: ToRunViewer; from: FromRunViewer };
  jobPage: { to: ToJobPage; from: FromJobPage };
  curationViewer: { to: ToCurationViewer; from: FromCurationViewer };
}

/** The built page in Chromium under its real policy; the host is played by the test. */
export class ViewerPage<Name extends keyof Messages = 'traceViewer'> {
  readonly page: Page;
  readonly violations: string[] = [];
  readonly #server: Server;
  /** One browser for all pages of a test file; each page has a context of its own. */
  static #browser: Promise<Browser> | undefined;

  private constructor(page: Page, server: Server) {
    this.page = page;
    this.#server = server;
  }

  static async closeBrowser(): Promise<void> {
    await (await ViewerPage.#browser)?.close();
    ViewerPage.#browser = undefined;
  }

  static open(theme: keyof typeof themes = 'dark'): Promise<ViewerPage> {
    return ViewerPage.openPage('traceViewer', theme, { width: 800, height: 600 });
  }

  static async openPage<Name extends keyof Messages>(
    name: Name,
    theme: keyof typeof themes,
    viewport: { width: number; height: number },
  ): Promise<ViewerPage<Name>> {
    const server = createServer((request, response) => {
      const file = request.url?.slice(1) ?? '';
      if (file === '') response.setHeader('content-type', 'text/html').end(html(name, theme));
      else if (file === `${name}.js` || file === `${name}.css`) {
        response.setHeader('content-type', file.endsWith('js') ? 'text/javascript' : 'text/css');
        response.end(readFileSync(path.join(dist, file)));
      } else response.writeHead(404).end();
    });
    await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
    ViewerPage.#browser ??= launchBrowser();
    const page = await (await ViewerPage.#browser).newPage({ viewport });
    const viewer = new ViewerPage<Name>(page, server);
    page.on('console', (message) => {
      if (/Content Security Policy/i.test(message.text()) && message.type() === 'error')
        viewer.violations.push(message.text());
    });
    page.on('pageerror', (error) => viewer.violations.push(String(error)));
    await page.addInitScript(stubApi);
    await page.goto(`http://127.0.0.1:${(server.address() as AddressInfo).port}/`);
    await viewer.#ready();
    return viewer;
  }

  /** As VS Code does it when a window is loaded anew: only what the page kept by setState is left. */
  async reload(): Promise<void> {
    await this.page.reload();
    await this.#ready();
  }

  async #ready(): Promise<void> {
    await this.page.waitForFunction(() => (globalThis as unknown as { sent: unknown[] }).sent.length > 0);
  }

  send(message: Messages[Name]['to']): Promise<void> {
    // As one text: of 20,000 samples Playwright would copy each field by itself.
    return this.page.evaluate((text) => {
      dispatchEvent(new MessageEvent('message', { data: JSON.parse(text) }));
    }, JSON.stringify(message));
  }

  /** What the page has sent to the host so far. */
  sent(): Promise<Messages[Name]['from'][]> {
    return this.page.evaluate(() => (globalThis as unknown as { sent: Messages[Name]['from'][] }).sent);
  }

  async close(): Promise<void> {
    await this.page.context().close();
    this.#server.closeAllConnections();
    await new Promise((resolve) => this.#server.close(resolve));
  }
}

/** Runs in the page, before its script. */
function stubApi(): void {
  const page = globalThis as unknown as { sent: unknown[]; saved: unknown; acquireVsCodeApi: () => unknown };
  page.sent = [];
  page.saved = JSON.parse(sessionStorage.getItem('saved') ?? 'null') ?? undefined;
  page.acquireVsCodeApi = () => ({
    postMessage: (message: unknown) => page.sent.push(message),
    getState: () => page.saved,
    setState: (state: unknown) => {
      page.saved = state;
      sessionStorage.setItem('saved', JSON.stringify(state));
    },
  });
}

function html(name: keyof Messages, theme: keyof typeof themes): string {
  const variables = Object.entries(themes[theme])
    .map(([name, value]) => `--vscode-${name}: ${value};`)
    .join(' ');
  return `<!DOCTYPE html><html lang="en"><head><meta charset="utf-8"><title>Page</title>
<meta http-equiv="Content-Security-Policy" content="${pages[name]}">
<style>:root { ${variables} } body { background: var(--vscode-editor-background); margin: 0; }</style>
<link rel="stylesheet" href="/${name}.css"></head>
<body><main id="app"></main><script nonce="${nonce}" src="/${name}.js"></script></body></html>`;
}

export function span(parts: Partial<WireSpan>): WireSpan {
  const { phase = 'thinking', kind = 'text', tokens = 1 } = parts;
  const thought = phase === 'thinking' && (kind === 'text' || kind === 'cue') ? tokens : 0;
  return { kind, phase, text: 'x', tokens, thought, pass: 0, index: 0, ...parts };
}

export function wirePass(changes: Partial<WirePass>): WirePass {
  return {
    index: 0,
    purpose: 'start',
    startedAt: '2026-01-02T03:04:05.000Z',
    promptTokens: 20,
    cachedPromptTokens: null,
    receivedTokens: 10,
    maxTokens: 100,
    minTokens: 0,
    ending: 'stop',
    finishReason: 'stop',
    stopReason: '',
    seed: 7,
    temperature: 0,
    stopTokenIds: [1],
    maskedTokenIds: [],
    firstTokenMs: 20,
    durationMs: 120,
    ...changes,
  };
}

export function wireTrace(changes: Partial<WireTrace> = {}): WireTrace {
  return {
    id: 't',
    question: 'How many r in raspberry?',
    condition: 'Wait ×1',
    server: 's1-tiny · bundled',
    state: 'running',
    status: 'Thinking…',
    interruption: null,
    outcome: null,
    answer: null,
    expected: '3',
    thinkingTokens: 10,
    answerTokens: 0,
    generatedTokens: 11,
    budget: 100,
    budgetFrom: 'cap',
    cuesAt: [5],
    spans: [
      span({ text: '\nfirst thought\n', tokens: 5 }),
      span({ kind: 'suppressed', text: '<|im_start|>' }),
      span({ kind: 'cue', text: 'Wait' }),
      span({ text: ', again', tokens: 4, pass: 1 }),
    ],
    passes: [],
    steps: [],
    reflections: [],
    loops: [],
    warnings: [],
    canAct: true,
    canExamine: (changes.state ?? 'running') !== 'running',
    ...changes,
  };
}
