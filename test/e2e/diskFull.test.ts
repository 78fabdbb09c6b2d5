import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { CliHome, printed, root } from './support/cli';

/** A run on a disk that is really full: a file system in memory of so many bytes. Mounting one takes root, on Linux. */
const disk = mkdtempSync(path.join(tmpdir(), 'second-thought-disk-'));
const mount = (...options: string[]) => spawnSync('mount', [...options, 'tmpfs', disk]).status === 0;
const isMounted = process.platform === 'linux' && mount('-t', 'tmpfs', '-o', 'size=88k');
vi.setConfig({ testTimeout: 120_000 });

let home: CliHome;
let server: string[];
beforeAll(async () => {
  if (!isMounted) return;
  home = new CliHome();
  const served = home.start(['serve', '--deterministic', '--json', '--port', '0']);
  const [, url = '', key = ''] = await printed(served, /"url":\s*"([^"]+)",\s*"apiKey":\s*"([^"]+)"/);
  home.env.STUDIES_KEY = key;
  server = ['--server', url, '--api-key-env', 'STUDIES_KEY', '--no-cache'];
});
afterAll(() => {
  home?.dispose();
  if (isMounted) spawnSync('umount', [disk]);
  rmSync(disk, { recursive: true, force: true });
});

interface Line {
  traceId: string;
  problemKey: string;
  conditionKey: string;
  outcome: string;
}
const lines = (run: string, name: string) =>
  parseJsonLines(readFileSync(path.join(run, name), 'utf8')) as (Line & { id: string })[];
const results = (run: string) =>
  lines(run, 'grades.jsonl')
    .map(({ problemKey, conditionKey, outcome }) => JSON.stringify([problemKey, conditionKey, outcome]))
    .sort();

describe.skipIf(!isMounted)(
  'a disk that is full in the middle of a run (needs root on Linux: sudo npx vitest run --project e2e test/e2e/diskFull.test.ts)',
  () => {
    it('stops it with one sentence; nothing that was made is lost, and with room it goes on and comes to the same', async () => {
      const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
      const study = path.join(home.folder, 'full.study.yaml');
      writeFileSync(study, `problems: [{ file: ${problems}, limit: 10 }]\nconditions: [{}, { ignore: 2 }]\n`);
      const stopped = await home.run(['run', study, '--out', disk, ...server, '--json']);
      expect(stopped.code).toBe(1);
      const { code, message, remedy } = JSON.parse(stopped.stderr).error;
      expect(code).toBe('file-not-written');
      expect(message).toMatch(/^Could not write [^\n]*\(the disk is full\)\.$/);
      const run = path.join(disk, readdirSync(disk)[0] ?? '');
      expect(remedy).toContain(`second-thought run --resume ${run}`);
      const kept = lines(run, 'traces-0001.jsonl');
      expect(kept.length).toBeGreaterThan(0);
      expect(kept.length).toBeLessThan(20);

      expect(mount('-o', 'remount,size=32m')).toBe(true);
      const resumed = await home.run(['run', '--resume', run, ...server, '--json']);
      expect(resumed.stderr).toBe('');
      expect(JSON.parse(resumed.stdout)).toMatchObject({ planned: 20, finished: 20, errors: 0 });
      const all = lines(run, 'traces-0001.jsonl');
      expect(all.slice(0, kept.length)).toEqual(kept);
      expect(new Set(all.map(({ problemKey, conditionKey }) => `${problemKey} ${conditionKey}`)).size).toBe(20);
      expect(all).toHaveLength(20);

      const elsewhere = await home.run(['run', study, '--out', path.join(home.folder, 'whole'), ...server, '--json']);
      expect(results(run)).toEqual(results(JSON.parse(elsewhere.stdout).run));
    });
  },
);
