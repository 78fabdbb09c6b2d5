// @ts-check
// node scripts/icon.mjs: draws media/icon.png from media/icon.svg; the extension's icon may not be an SVG.
import fs from 'node:fs';
import path from 'node:path';
import { fileURLToPath } from 'node:url';
import { launchBrowser } from './host/browser.mjs';

const media = path.resolve(path.dirname(fileURLToPath(import.meta.url)), '..', 'media');
const browser = await launchBrowser();
try {
  const page = await browser.newPage({ viewport: { width: 128, height: 128 } });
  await page.setContent(
    `<style>body { margin: 0 } svg { display: block }</style>${fs.readFileSync(path.join(media, 'icon.svg'), 'utf8')}`,
  );
  await page.screenshot({ path: path.join(media, 'icon.png'), omitBackground: true });
} finally {
  await browser.close();
}
