import { copyFileSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, printed, root } from './support/cli';

/** The studies that come with the extension for the bundled model, each on two of its problems. */
const folder = path.join(root, 'media', 'studies');
const names = readdirSync(folder).filter((name) => /^(?!s1-).*\.study\.yaml$/.test(name));
let home: CliHome;
let server: string[];
vi.setConfig({ testTimeout: 120_000 }); // real thoughts

beforeAll(async () => {
  home = new CliHome();
  for (const name of [...names, 'five-families.problems.jsonl'])
    copyFileSync(path.join(folder, name), path.join(home.folder, name));
  const served = home.start(['serve', '--json', '--port', '0']);
  const [, url = '', key = ''] = await printed(served, /"url":\s*"([^"]+)",\s*"apiKey":\s*"([^"]+)"/);
  home.env.STUDIES_KEY = key;
  server = ['--server', url, '--api-key-env', 'STUDIES_KEY'];
});
afterAll(() => home.dispose());

describe.each(names)('%s', (name) => {
  it('runs, and its score has what is published beside it', async () => {
    const file = path.join(home.folder, name);
    const out = path.join(home.folder, `runs-${name}`);
    const run = await home.run(['run', file, '--limit', '2', '--out', out, '--json', ...server]);
    expect(run.stderr).toBe('');
    expect(run.code).toBe(0);
    const [made = ''] = readdirSync(out);
    const { stdout } = await home.run(['score', path.join(out, made), '--json', '--replicates', '200']);
    const score = JSON.parse(stdout) as {
      published: { id: string; sets: { points: { source: string }[] }[] } | null;
      problemSets: { conditions: { outcomes: Record<string, number> }[] }[];
    };
    expect(score.published?.id).toBe(/^figure: (\S+)/m.exec(readFileSync(file, 'utf8'))?.[1]);
    for (const { outcomes } of score.problemSets[0]?.conditions ?? []) expect(outcomes.error).toBe(0);
  });
});
