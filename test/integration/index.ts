import { mkdirSync } from 'node:fs';
import path from 'node:path';

/** Replaced at build time by the path of the installed mocha. */
declare const MOCHA_PATH: string;

/** What VS Code calls: runs every suite inside its extension host. */
export async function run(): Promise<void> {
  const installed: string = MOCHA_PATH; // through a variable, so that it is not bundled
  const Mocha = require(installed) as typeof import('mocha');
  const output = process.env.INTEGRATION_REPORT;
  if (output) mkdirSync(path.dirname(output), { recursive: true });
  const mocha = new Mocha({
    ui: 'bdd',
    timeout: 30_000,
    reporter: 'json',
    ...(output ? { reporterOptions: { output } } : {}),
  });
  mocha.suite.emit('pre-require', globalThis as never, 'index', mocha);
  await import('./extension.suite');
  await import('./text.suite');
  await import('./studies.suite');
  await new Promise<void>((resolve, reject) => {
    mocha.run((failures) => (failures > 0 ? reject(new Error(`${failures} tests failed`)) : resolve()));
  });
}
