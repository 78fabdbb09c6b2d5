import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { parseJsonLines } from '../../src/core/base/files';
import { readLogprobs } from '../../src/core/traces/logprobs';
import { RunStore } from '../../src/core/traces/runStore';
import { receivedIdsOf, type Trace } from '../../src/core/traces/trace';
import { readTraceFile } from '../../src/core/traces/traceFile';
import { CliHome, finished, printed, root } from './support/cli';

/** Log-probabilities from the command line, of the bundled model. */
vi.setConfig({ testTimeout: 120_000 });
let home: CliHome;
let server: string[];
const force = ['force', '--problem', 'How many r in raspberry?', '--reference', '3', '--ignore', '2'];

beforeAll(async () => {
  home = new CliHome();
  const served = home.start(['serve', '--deterministic', '--json', '--port', '0']);
  const [, url = '', key = ''] = await printed(served, /"url":\s*"([^"]+)",\s*"apiKey":\s*"([^"]+)"/);
  home.env.LOGPROBS_KEY = key;
  server = ['--server', url, '--api-key-env', 'LOGPROBS_KEY'];
}, 60_000);
afterAll(() => home.dispose());

interface Line {
  pass: number;
  at: number;
  id: number;
  logprob: number;
  entropy: number;
  text: string;
  top: [string, number][];
}

async function linesOf(reference: string): Promise<Line[]> {
  const { stdout, stderr } = await home.run(['show', reference, '--logprobs']);
  expect(stderr).toBe('');
  return parseJsonLines(stdout) as Line[];
}

const received = (trace: Trace) =>
  trace.passes.flatMap(({ index }) => receivedIdsOf(trace, index).map((id, at) => ({ pass: index, at, id })));

describe('--logprobs', () => {
  it('keeps one line for each id that came, and changes no id; greedy, each is the likeliest of its place', async () => {
    const file = path.join(home.folder, 'kept.trace.json');
    const plain = JSON.parse((await home.run([...force, ...server, '--json'])).stdout);
    const { stderr } = await home.run([...force, ...server, '--json', '--logprobs', '3', '--save', file]);
    expect(stderr).toBe('');
    const trace = await readTraceFile(file);
    expect(trace.spans).toEqual(plain.spans);
    const lines = await linesOf(trace.id);
    expect(lines.map(({ pass, at, id }) => ({ pass, at, id }))).toEqual(received(trace));
    for (const { logprob, entropy, top } of lines) {
      expect(top).toHaveLength(3);
      expect(logprob).toBe(top[0]?.[1]);
      expect(entropy).toBeGreaterThanOrEqual(0);
    }
    expect(await linesOf(file)).toEqual(lines);
    const none = await home.run(['show', plain.id, '--logprobs']);
    expect(none.code).toBe(1);
    expect(none.stderr).toContain('--logprobs');
  });

  it('in a study keeps them beside its traces, under the same ids as without', async () => {
    const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
    const study = `problems: [{ file: ${problems}, limit: 3 }]\nlogprobs: 2\nconditions: [{ ignore: 1 }]\n`;
    const file = path.join(home.folder, 'kept.study.yaml');
    writeFileSync(file, study);
    const { run } = JSON.parse((await home.run(['run', file, ...server, '--json'])).stdout) as { run: string };
    const store = RunStore.at(run, systemClock);
    let traces = 0;
    for await (const trace of store.finished()) {
      const recorded = await readLogprobs(run, trace);
      expect(recorded?.alternatives).toBe(2);
      expect(recorded?.passes.map((entries) => entries.length)).toEqual(
        trace.passes.map(({ receivedTokens }) => receivedTokens),
      );
      expect(recorded?.passes.flat().every((entry) => entry !== null)).toBe(true);
      traces++;
    }
    expect(traces).toBe(3);
  });

  it('loses none of an id that the journal has when the process is killed, and goes on with the trace', async () => {
    const words = [...force.slice(0, 3), '--max-thinking-tokens', '400', '--ignore', 'until-cap', ...server, '--json'];
    const child = home.start([...words, '--logprobs']);
    const scratch = path.join(home.folder, 'scratch');
    const journal = await vi.waitFor(
      () => {
        const [name = ''] = readdirSync(path.join(scratch, 'live'));
        const file = path.join(scratch, 'live', name);
        expect(readFileSync(file, 'utf8').split('"received"').length).toBeGreaterThan(1);
        return file;
      },
      { timeout: 30_000, interval: 2 },
    );
    child.kill('SIGKILL');
    await finished(child);
    const store = RunStore.at(scratch, systemClock);
    const id = path.basename(journal, '.jsonl');
    const broken = await store.find(id);
    expect(broken.status).toBe('interrupted');
    const entries = (await readLogprobs(scratch, broken))?.passes.flat() ?? [];
    expect(entries.length).toBeGreaterThan(0);
    expect(entries.every((entry) => entry !== null)).toBe(true);
    await home.run(['force', '--continue', id, ...server, '--json']);
    const whole = await store.find(id);
    expect(whole.status).toBe('complete');
    expect((await linesOf(id)).map(({ pass, at, id: token }) => ({ pass, at, id: token }))).toEqual(received(whole));
  });
});
