import { afterAll, afterEach, expect } from 'vitest';
import type { WireSample } from '../../src/protocol/runViewer';
import { ViewerPage } from './page';
import type { themes } from './themes';
import { status } from './wireRun';

/** The page of a run for a test file: opened by each test, closed after it; of its real policy nothing may be violated. */
export function runViewerTests() {
  let viewer: ViewerPage<'runViewer'>;
  afterEach(async () => {
    const { violations } = viewer;
    await viewer.close();
    expect(violations).toEqual([]);
  });
  afterAll(() => ViewerPage.closeBrowser());

  return {
    get viewer() {
      return viewer;
    },
    async open(theme: keyof typeof themes = 'dark', width = 900) {
      viewer = await ViewerPage.openPage('runViewer', theme, { width, height: 800 });
    },
    cell: (problem: number, at: number) =>
      viewer.page.locator(`.map-row[data-problem="${problem}"] [data-condition="${at}"]`),
    field: (name: string) => viewer.page.getByLabel(name, { exact: true }),
    shownCount: () => viewer.page.locator('.shown-count').innerText(),
    last: async () => (await viewer.sent()).at(-1),
    async press(...keys: string[]) {
      for (const key of keys) await viewer.page.keyboard.press(key);
    },
    /** Two frames: what was sent has been drawn. */
    drawn: () =>
      viewer.page.evaluate(() => new Promise((done) => requestAnimationFrame(() => requestAnimationFrame(done)))),
    progress: (samples: WireSample[], parts: Parameters<typeof status>[0] = {}) =>
      viewer.send({ type: 'run/progress', samples, status: status(parts) }),
    focused: () =>
      viewer.page.evaluate(
        () => document.activeElement?.getAttribute('aria-label') ?? document.activeElement?.textContent,
      ),
  };
}
