import { copyFileSync, existsSync, mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { CliHome, root } from './support/cli';

/** A curation while models are asked: killed (kill -9, which nothing can catch), and shared by the tasks of a job. */
const home = new CliHome();
const folder = path.join(home.folder, 'set');
const file = path.join(folder, 'killed.curation.yaml');
const rows = 16;
afterAll(() => home.dispose());

beforeAll(() => {
  mkdirSync(folder);
  const data = 'letters-and-sums.jsonl';
  copyFileSync(path.join(root, 'media', 'samples', 'curation', data), path.join(folder, data));
  const curation = {
    seed: 3,
    sources: [{ name: 'all', file: data, solution: 'answer', features: { domain: 'family' }, sample: rows }],
    features: {
      teacher: { kind: 'trace', condition: { ignore: 2 } },
      length: { kind: 'length', of: 'teacher' },
    },
    select: { size: 6, seeds: [] },
  };
  writeFileSync(file, JSON.stringify(curation));
});

interface Reply {
  id: string;
  sample: number;
  traceId: string;
}

function repliesIn(out: string): Reply[] {
  const features = path.join(out, 'features');
  const [name = 'none'] = existsSync(features) ? readdirSync(features) : [];
  const replies = path.join(features, name, 'replies.jsonl');
  return existsSync(replies) ? (parseJsonLines(readFileSync(replies, 'utf8')) as Reply[]) : [];
}

const words = (out: string) => ['curate', 'run', file, '--out', out, '--deterministic', '--concurrency', '2', '--json'];

describe('a curation while a model is asked', () => {
  it('is killed and goes on with what is missing: nothing is lost, nothing is made twice, the set is the same', async () => {
    const [killed, whole] = [path.join(home.folder, 'killed'), path.join(home.folder, 'whole')];
    for (const wanted of [2, 7]) {
      const run = home.start(words(killed));
      await vi.waitFor(() => expect(repliesIn(killed).length).toBeGreaterThanOrEqual(wanted), {
        timeout: 60_000,
        interval: 5,
      });
      const gone = new Promise((resolve) => run.once('close', resolve));
      run.kill('SIGKILL');
      await gone;
    }
    const before = repliesIn(killed);
    expect(before.length).toBeLessThan(rows);
    const { code, stdout, stderr } = await home.run(words(killed));
    expect([code, stderr]).toEqual([0, '']);
    const after = repliesIn(killed);
    expect(after.slice(0, before.length)).toEqual(before);
    expect(new Set(after.map(({ id }) => id)).size).toBe(rows);
    expect(after).toHaveLength(rows);
    const undisturbed = await home.run(words(whole));
    expect(JSON.parse(stdout).files).toEqual(JSON.parse(undisturbed.stdout).files);
  }, 180_000);

  it('is the same set, byte for byte, where the tasks of a job share the rows and the last one merges', async () => {
    const json = async (...words: string[]) => JSON.parse((await home.run(words)).stdout);
    const more = ['--', '--deterministic', '--concurrency', '2'];
    const { id } = await json('jobs', 'submit', file, '--tasks', '2', '--json', ...more);
    await home.run(['jobs', 'logs', '-f', id]);
    const { folder: fetched } = await json('jobs', 'fetch', id, '--into', path.join(home.folder, 'fetched'), '--json');
    const [parts, whole] = [path.join(fetched, 'out'), path.join(home.folder, 'whole')];
    await home.run(words(whole));
    const results = (out: string) => {
      const names = [
        'decisions.jsonl',
        'funnel.json',
        ...readdirSync(path.join(out, 'set')).map((name) => `set/${name}`),
      ];
      return names.map((name) => [name, readFileSync(path.join(out, name)).toString('base64')]);
    };
    expect(readdirSync(path.join(parts, 'shards')).sort()).toEqual(['0-of-2', '1-of-2']);
    expect(results(parts)).toEqual(results(whole));
    expect(new Set(repliesIn(parts).map((reply) => reply.id)).size).toBe(rows);
  }, 180_000);
});
