import { type ChildProcess, spawn } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { CliHome, finished, printed } from './support/cli';
import { modelFile, program } from './support/localServer';

/** A real server that dies in the middle of a thought: killed, as by the out-of-memory killer. */
const key = 'a key that outlives the process';
let home: CliHome;
let server: ChildProcess | undefined;
let url: string;
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  home = new CliHome();
  home.env.KILLED_SERVER_KEY = key;
  url = await start(0);
});
afterEach(async () => {
  if (server?.exitCode !== null || server.signalCode !== null) await start(Number(new URL(url).port));
});
afterAll(() => {
  server?.kill('SIGKILL');
  home.dispose();
});

/** Starts the local server on a port, 0 for a free one; its address. */
async function start(port: number): Promise<string> {
  const words = [program, '--model', modelFile, '--model-name', 's1-tiny', '--port', String(port), '--deterministic'];
  const env = { ...process.env, SECOND_THOUGHT_SERVER_KEY: key, UV_THREADPOOL_SIZE: '1' };
  server = spawn(process.execPath, words, { env, stdio: ['ignore', 'pipe', 'inherit', 'ipc'] });
  return (await printed(server, /"url":"([^"]+)"/))[1] ?? '';
}

async function kill(): Promise<void> {
  const gone = new Promise((resolve) => server?.once('exit', resolve));
  server?.kill('SIGKILL');
  await gone;
}

/** Long enough to be killed in the middle of. */
const words = (...more: string[]) => [
  'force',
  '--problem',
  'How many r in raspberry?',
  '--max-thinking-tokens',
  '700',
  '--ignore',
  'until-cap',
  '--server',
  url,
  '--api-key-env',
  'KILLED_SERVER_KEY',
  '--json',
  ...more,
];

/** Ids have come and are on disk. */
async function untilThinking(): Promise<void> {
  const folder = path.join(home.folder, 'scratch', 'live');
  await vi.waitFor(
    () => {
      const [journal = ''] = readdirSync(folder);
      expect(readFileSync(path.join(folder, journal), 'utf8')).toContain('"received"');
    },
    { timeout: 30_000, interval: 2 },
  );
}

interface Document {
  thinkingTokens: number;
  passes: { purpose: string; ending: string }[];
  spans: { phase: string; fate: string; tokenIds: number[] }[];
  warnings: string[];
}
const thought = ({ spans }: Document) =>
  spans.filter(({ phase, fate }) => phase === 'thinking' && fate === 'kept').flatMap(({ tokenIds }) => tokenIds);

describe('a server that is killed in the middle of a thought', () => {
  it('and restarted while it is waited for gives the same ids as one that never died', async () => {
    const whole: Document = JSON.parse((await home.run(words())).stdout);
    const ended = finished(home.start(words('--retry-for', '60')));
    await untilThinking();
    await kill();
    await start(Number(new URL(url).port));
    const { code, stdout } = await ended;
    expect(code).toBe(0);
    const document: Document = JSON.parse(stdout);
    expect(document.passes.map(({ purpose }) => purpose)).toContain('resume');
    expect(document.warnings.join()).toMatch(/connection was lost/);
    expect(document.thinkingTokens).toBe(700);
    expect(thought(document)).toEqual(thought(whole));
  });

  it('and not restarted leaves an interrupted trace, which one command continues to the same ids', async () => {
    const whole: Document = JSON.parse((await home.run(words())).stdout);
    const ended = finished(home.start(words('--retry-for', '0')));
    await untilThinking();
    await kill();
    const { code, stderr } = await ended;
    expect(code).toBe(1);
    const { error } = JSON.parse(stderr);
    expect(error.remedy).toMatch(/force --continue [0-9a-f]{8}/);
    await start(Number(new URL(url).port));
    const [, id = ''] = /--continue ([0-9a-f]{8})/.exec(error.remedy) ?? [];
    const continued = await home.run([
      'force',
      '--continue',
      id,
      '--server',
      url,
      '--api-key-env',
      'KILLED_SERVER_KEY',
      '--json',
    ]);
    expect(continued.stderr).toBe('');
    expect(thought(JSON.parse(continued.stdout))).toEqual(thought(whole));
  });
});
