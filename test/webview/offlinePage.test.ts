import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { pathToFileURL } from 'node:url';
import type { Browser, Page } from 'playwright-core';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { launchBrowser } from '../../scripts/host/browser.mjs';
import type { Trace } from '../../src/core/traces/trace';
import { offlinePage } from '../../src/runPage/offlinePage';
import { smallReport, smallRun, status } from './wireRun';

/** A run as one file, opened from the disk by a browser that can reach nothing else. */
const dist = path.resolve(import.meta.dirname, '..', '..', 'dist', 'webview');
const built = (name: string) => readFileSync(path.join(dist, name), 'utf8');
const axe = createRequire(import.meta.url).resolve('axe-core');
const trouble: string[] = [];
let browser: Browser;
let folder: string;
let page: Page;

beforeAll(async () => {
  browser = await launchBrowser();
  folder = mkdtempSync(path.join(tmpdir(), 'offline-'));
  const snapshot = smallRun({ report: smallReport(), status: status({ state: 'finished' }) });
  const traces = new Map(
    snapshot.samples.flatMap(({ traceId }) => (traceId === null ? [] : [[traceId, traceOf(traceId)] as const])),
  );
  const assets = {
    scripts: ['offlineHost.js', 'runViewer.js'].map(built),
    styles: ['runViewer.css', 'offlineHost.css'].map(built),
  };
  writeFileSync(path.join(folder, 'run.html'), offlinePage({ snapshot, traces }, assets));
});
afterEach(async () => {
  await page.context().close();
  expect(trouble.splice(0)).toEqual([]);
});
afterAll(async () => {
  await browser?.close();
  rmSync(folder, { recursive: true, force: true });
});

function traceOf(id: string): Trace {
  const spans = [{ phase: 'thinking', origin: 'model', fate: 'kept', text: `thought of ${id}` }];
  return { id, problemKey: 'berry', problem: { question: 'How many r in raspberry?' }, spans } as unknown as Trace;
}

async function open(options: Parameters<Browser['newPage']>[0] = {}, hash = ''): Promise<void> {
  page = await browser.newPage({ viewport: { width: 1100, height: 800 }, ...options });
  page.on('pageerror', (error) => trouble.push(String(error)));
  page.on('console', (message) => message.type() === 'error' && trouble.push(message.text()));
  page.on('request', (request) => request.url().startsWith('file:') || trouble.push(request.url()));
  await page.goto(`${pathToFileURL(path.join(folder, 'run.html'))}${hash}`);
}

describe('the page of a run as one file', () => {
  it('shows what the page in VS Code shows, and asks nobody', async () => {
    await open();
    await page.getByRole('heading', { name: 'Letters and waits' }).waitFor();
    await page.getByText('✓ Finished').waitFor();
    await page.locator('.picture svg .point').first().waitFor();
    expect(await page.getByRole('button', { name: 'Open Study' }).isVisible()).toBe(false);
  });

  it('opens the trace of a cell, by keyboard', async () => {
    await open();
    await page.locator('.map-row[data-problem="0"] [data-condition="0"]').focus();
    await page.keyboard.press('Enter');
    await page.getByText('thought of t-0-0').waitFor();
    expect(await page.evaluate(() => document.activeElement?.closest('details')?.id)).toBe('trace-t-0-0');
  });

  it('opens the trace that a link names', async () => {
    await open({}, '#trace-t-0-1');
    await page.getByText('thought of t-0-1').waitFor();
  });

  it.each(['light', 'dark'] as const)('is accessible in the colours of a %s system', async (colorScheme) => {
    await open({ colorScheme });
    await page.locator('.picture svg .point').first().waitFor();
    await page.evaluate(readFileSync(axe, 'utf8')); // past the policy, as a debugger is
    const { violations } = await page.evaluate(() =>
      (
        globalThis as unknown as {
          axe: { run(): Promise<{ violations: { id: string; nodes: { html: string }[] }[] }> };
        }
      ).axe.run(),
    );
    expect(
      violations.map(({ id, nodes }) => `${id}: ${nodes.map(({ html }) => html.slice(0, 120)).join(' ')}`),
    ).toEqual([]);
  });

  it('can be read where scripts do not run', async () => {
    await open({ javaScriptEnabled: false });
    await page.getByRole('heading', { name: 'Letters and waits' }).waitFor();
    await page.locator('.trace').first().locator('summary').click();
    await page.getByText('thought of t-0-0').waitFor();
  });
});
