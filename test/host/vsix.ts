import { execFileSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';

const root = path.resolve(import.meta.dirname, '..', '..');

/** The platforms that a VSIX is made for and that tests run on. */
export const target = `linux-${process.arch}`;

export const { version } = JSON.parse(readFileSync(path.join(root, 'package.json'), 'utf8')) as { version: string };

/** Packages what users install on this machine. @returns its path */
export function packageVsix(): string {
  execFileSync(process.execPath, ['scripts/package.mjs', target], {
    cwd: root,
    stdio: ['ignore', 'ignore', 'inherit'],
  });
  return path.join(root, 'out', 'vsix', `second-thought-${target}-${version}.vsix`);
}
