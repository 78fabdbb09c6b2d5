import { createHash } from 'node:crypto';
import { existsSync, readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { CliHome, root } from '../e2e/support/cli';

/** The Python with TRL, which scripts/tiers.mjs names. */
const python = process.env.TRAINING_PYTHON ?? '';
const isLong = process.env.SECOND_THOUGHT_LONG === '1';
const file = path.join(root, 'media', 'samples', 'miniature', 'small.pipeline.yaml');
const homes: Miniature[] = [];

/** A pipeline of this machine in a home of its own. */
class Miniature {
  readonly home = new CliHome();
  readonly #path = `${path.dirname(python)}${path.delimiter}${process.env.PATH}`;

  constructor() {
    homes.push(this);
  }

  async submit(): Promise<void> {
    const { code, stderr } = await this.home.run(['jobs', 'submit', file, '--json'], { PATH: this.#path });
    expect([code, stderr]).toEqual([0, expect.any(String)]);
  }

  /** Jobs by the names of their steps, with their states. */
  async jobs(): Promise<Map<string, { id: string; state: string }>> {
    const { stdout } = await this.home.run(['jobs', 'list', '--json']);
    const { jobs } = JSON.parse(stdout) as { jobs: { id: string; name: string; state: string }[] };
    return new Map(jobs.map((job) => [job.name, job]));
  }

  folderOf(id: string): string {
    return path.join(this.home.folder, 'here', 'jobs', id);
  }

  /** Waits until a step has ended well, or `until` says that it was long enough. */
  async ended(step: string): Promise<string> {
    for (;;) {
      const jobs = await this.jobs();
      const failed = [...jobs].find(([, { state }]) => state === 'failed');
      if (failed) throw new Error(`${failed[0]} failed: ${this.logOf(failed[1].id)}`);
      const job = jobs.get(step);
      if (job?.state === 'succeeded') return path.join(this.folderOf(job.id), 'out');
      await new Promise((resolve) => setTimeout(resolve, 1_000));
    }
  }

  logOf(id: string): string {
    const log = path.join(this.folderOf(id), 'logs', 'output.log');
    return existsSync(log) ? readFileSync(log, 'utf8').slice(-2_000) : '';
  }

  /** Ends a running step as a power cut would: its whole process group, at once. */
  async kill(step: string): Promise<void> {
    for (;;) {
      const job = (await this.jobs()).get(step);
      if (job?.state === 'running') return this.#killGroup(job.id);
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  }

  #killGroup(id: string): void {
    const pid = readFileSync(path.join(this.folderOf(id), 'status', 'pid'), 'utf8').split(' ')[0];
    process.kill(-Number(pid), 'SIGKILL');
  }

  /** A test that failed half-way leaves no job behind. */
  dispose(): void {
    const jobs = path.join(this.home.folder, 'here', 'jobs');
    for (const id of existsSync(jobs) ? readdirSync(jobs) : []) {
      if (existsSync(path.join(this.folderOf(id), 'status', 'exit'))) continue;
      try {
        this.#killGroup(id);
      } catch {
        // it has not begun, or it ended just now
      }
    }
    this.home.dispose();
  }
}

afterAll(() => {
  for (const home of homes) home.dispose();
});

/** Hashes of the training sets that a selection made. */
const setsOf = (selection: string) =>
  Object.fromEntries(
    ['s1k', 'random', 'diverse', 'longest', 'full', 'control'].map((name) => [
      name,
      createHash('sha256')
        .update(readFileSync(path.join(selection, name, 'train.jsonl')))
        .digest('hex'),
    ]),
  );

/** Kept ids of every trace of the forcing runs, by problem and condition. */
function idsOf(forcing: string): Record<string, number[]> {
  const runs = path.join(forcing, 'bundled');
  const run = path.join(runs, readdirSync(runs)[0] ?? '');
  const files = readdirSync(run).filter((name) => name.startsWith('traces-'));
  const traces = files.flatMap((name) => parseJsonLines(readFileSync(path.join(run, name), 'utf8'))) as {
    header?: unknown;
    problem: { question: string };
    conditionKey: string;
    spans: { fate: string; tokenIds: number[] }[];
  }[];
  return Object.fromEntries(
    traces.map(({ problem, conditionKey, spans }) => [
      `${problem.question} ${conditionKey}`,
      spans.filter(({ fate }) => fate === 'kept').flatMap(({ tokenIds }) => tokenIds),
    ]),
  );
}

describe('the paper in miniature, small', () => {
  test('collects, distils, selects, trains, evaluates and writes its report by one command', async () => {
    const miniature = new Miniature();
    await miniature.submit();
    const out = await miniature.ended('report');
    const report = readFileSync(path.join(out, 'report.md'), 'utf8');
    for (const title of ['Data', 'Student and base', 'Training sets', 'Forcing on the base', 'Control, Scaling'])
      expect(report).toContain(`#### ${title}`);
    const pages = [...report.matchAll(/\((pages\/[^)]+\.html)\)/g)].map(([, page]) => page ?? '');
    expect(new Set(pages).size).toBe(4); // the bundled model, two seeds of one set and one of another
    for (const page of pages) expect(existsSync(path.join(out, page))).toBe(true);
    expect(report).toMatch(/\*\*(better|inferior|not inferior|inconclusive)\*\* \(margin -3 points/);
    const again = await miniature.home.run(['jobs', 'submit', file, '--dry-run', '--json']);
    const { steps, left } = JSON.parse(again.stdout);
    expect(new Set(steps.map((step: { do: string }) => step.do))).toEqual(new Set(['keep']));
    expect(left).toEqual({ tokens: 0, minutes: 0, gpuHours: 0 });
  }, 900_000);

  test.runIf(isLong)(
    'killed three times it goes on, chooses the same sets and gives the same traces',
    async () => {
      const [whole, killed] = [new Miniature(), new Miniature()];
      await whole.submit();
      await whole.ended('evaluate-sets');
      await killed.submit();
      for (const step of ['distil', 'train-s1k', 'evaluate-sets']) {
        await killed.kill(step);
        await killed.submit();
      }
      await killed.ended('report');
      expect(setsOf(await killed.ended('select'))).toEqual(setsOf(await whole.ended('select')));
      expect(idsOf(await killed.ended('forcing'))).toEqual(idsOf(await whole.ended('forcing')));
    },
    2_400_000,
  );
});
