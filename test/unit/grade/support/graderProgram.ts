import { execFileSync } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll } from 'vitest';
import { useGraderProgram } from '../../../../src/core/grade/graderThread';

/** Bundles the grader thread, as the shipped programs do, and lets the tests of a file use it. */
export function withGraderThread(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'grader-'));
  beforeAll(() => {
    const outfile = path.join(folder, 'thread.cjs');
    const program = path.join(import.meta.dirname, 'threadProgram.ts');
    const options = ['--bundle', '--platform=node', '--format=cjs', '--target=node20', '--log-level=warning'];
    execFileSync(path.resolve('node_modules/.bin/esbuild'), [program, `--outfile=${outfile}`, ...options]);
    useGraderProgram(outfile);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}
