import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { buildSync } from 'esbuild';
import { afterAll, beforeAll } from 'vitest';
import { useGraderProgram } from '../../../../src/core/grade/graderThread';

/** Bundles the grader thread, as the shipped programs do, and lets the tests of a file use it. */
export function withGraderThread(): void {
  const folder = mkdtempSync(path.join(tmpdir(), 'grader-'));
  beforeAll(() => {
    const outfile = path.join(folder, 'thread.cjs');
    const entryPoints = [path.join(import.meta.dirname, 'threadProgram.ts')];
    buildSync({ entryPoints, outfile, bundle: true, platform: 'node', format: 'cjs', target: 'node20' });
    useGraderProgram(outfile);
  });
  afterAll(() => rmSync(folder, { recursive: true, force: true }));
}
