// @ts-check
// The integration suite in desktop VS Code (npm run test:desktop). Ends with status 4 where none can be had.
import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import os from 'node:os';
import path from 'node:path';
import { downloadAndUnzipVSCode, runTests } from '@vscode/test-electron';
import { buildIntegrationTests, root } from './buildIntegrationTests.mjs';
import { cacheFolder } from './cache.mjs';

const vscodeVersion = '1.100.3';

const hasDisplay = process.platform !== 'linux' || Boolean(process.env.DISPLAY);
if (!hasDisplay) process.exit(4);
/** @type {string} */
let vscodeExecutablePath;
try {
  vscodeExecutablePath = await downloadAndUnzipVSCode({
    version: vscodeVersion,
    cachePath: path.join(cacheFolder, 'vscode'),
  });
} catch (error) {
  console.error(`Desktop VS Code cannot be downloaded here: ${error instanceof Error ? error.message : error}`);
  process.exit(4);
}
const folder = mkdtempSync(path.join(os.tmpdir(), 'workspace-'));
cpSync(path.join(root, 'media', 'samples'), folder, { recursive: true });
try {
  process.exitCode = await runTests({
    vscodeExecutablePath,
    extensionDevelopmentPath: root,
    extensionTestsPath: await buildIntegrationTests(),
    launchArgs: [folder, '--disable-workspace-trust', '--disable-extensions'],
  });
} finally {
  rmSync(folder, { recursive: true, force: true });
}
