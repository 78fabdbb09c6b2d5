import { type ChildProcess, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer, connect as dial } from 'node:net';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { createCondition } from '../../src/core/forcing/condition';
import { generateTrace } from '../../src/core/forcing/generate';
import { prepareTrace } from '../../src/core/forcing/prepare';
import { parseProblems } from '../../src/core/problems/problemFile';
import { type Connection, connect } from '../../src/core/servers/connect';
import { examineServer } from '../../src/core/servers/doctor';
import { isGood } from '../../src/core/servers/serverFacts';
import { bundledServer } from '../../src/core/servers/serverSpec';
import { checkTrace } from '../../src/core/traces/history';
import { contextIds, cuesUsed, type Trace } from '../../src/core/traces/trace';
import { firstDifference, topTwoGap } from './difference';

/** The bundled model's Hugging Face files in an unmodified vLLM, beside its GGUF in the local server. */
const root = path.resolve(import.meta.dirname, '..', '..');
const problemCount = 12;
const nearTie = 1e-3;
const never = new AbortController().signal;

let vllm: ChildProcess;
let remote: Connection;
let local: Connection;

beforeAll(async () => {
  const port = await freePort();
  vllm = startVllm(port);
  const url = `http://127.0.0.1:${port}/v1`;
  await started(vllm, url);
  await accepting(port);
  const spec = { kind: 'url', id: 'vllm', url, model: null, keySource: 'none' } as const;
  [remote, local] = await Promise.all([
    connect(spec, { packageRoot: root }),
    connect(bundledServer, { packageRoot: root, deterministic: true }),
  ]);
});

afterAll(async () => {
  await local?.close();
  const gone = new Promise((resolve) => vllm?.once('exit', resolve));
  if (vllm?.pid && vllm.exitCode === null) {
    process.kill(-vllm.pid, 'SIGTERM');
    await gone;
  }
});

function startVllm(port: number): ChildProcess {
  const python = process.env.VLLM_PYTHON ?? '';
  const model = path.join(root, 'media', 'model', 'hf');
  const flags = ['--host', '127.0.0.1', '--port', String(port), '--served-model-name', 's1-tiny', '--enforce-eager'];
  return spawn(python, ['-m', 'vllm.entrypoints.openai.api_server', '--model', model, '--dtype', 'float32', ...flags], {
    detached: true, // a group of its own: its engine is another process
    stdio: ['ignore', 'pipe', 'pipe'],
    env: {
      ...process.env,
      VLLM_CPU_KVCACHE_SPACE: '1',
      OMP_NUM_THREADS: '1',
      HF_HUB_OFFLINE: '1',
      VLLM_NO_USAGE_STATS: '1',
      TORCH_COMPILE_DISABLE: '1',
    },
  });
}

function freePort(): Promise<number> {
  return new Promise((resolve) => {
    const server = createServer().listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address ? address.port : 0));
    });
  });
}

/** It says so before its socket listens. */
async function accepting(port: number): Promise<void> {
  const isAccepted = () =>
    new Promise<boolean>((resolve) => {
      const socket = dial(port, '127.0.0.1', () => resolve(true)).once('error', () => resolve(false));
      socket.once('connect', () => socket.destroy());
    });
  while (!(await isAccepted())) await new Promise((resolve) => setTimeout(resolve, 50));
}

/** Uvicorn says when it has started; a server that dies says why. */
function started(child: ChildProcess, url: string): Promise<void> {
  let log = '';
  return new Promise((resolve, reject) => {
    const read = (text: Buffer) => {
      log = (log + text).slice(-20_000);
      if (log.includes('Application startup complete')) resolve();
    };
    child.stdout?.on('data', read);
    child.stderr?.on('data', read);
    child.once('exit', (code) => reject(new Error(`vLLM at ${url} ended (${code}):\n${log}`)));
  });
}

const problems = parseProblems(readFileSync(path.join(root, 'model', 'data', 'test.problems.jsonl'), 'utf8'), {
  fileName: 'test.problems.jsonl',
})
  .map((placed) => placed.problem)
  .slice(0, problemCount);

async function force({ client, server }: Connection, index: number, changes: Parameters<typeof createCondition>[0]) {
  const problem = problems[index];
  if (!problem) throw new Error(`no problem ${index}`);
  const trace = await prepareTrace({ problem, condition: createCondition(changes), server }, client, systemClock);
  return generateTrace(trace, { client, clock: systemClock, signal: never });
}

describe('real vLLM', () => {
  it('does everything that exact forcing needs', async () => {
    const { client, server } = remote;
    const findings = await examineServer({
      client,
      kind: 'vllm',
      dialect: 's1',
      version: server.version,
      signal: never,
    });
    expect(findings.filter((finding) => finding.need !== 'extra' && !isGood(finding))).toEqual([]);
  });

  it('renders the chat template and the dialect to the same ids as the local server', async () => {
    const [a, b] = await Promise.all([force(remote, 0, {}), force(local, 0, {})]);
    expect(a.dialect).toEqual(b.dialect);
    expect(a.spans[0]).toEqual(b.spans[0]);
  });

  it.each([{ ignore: 2 }, { maxThinkingTokens: 16 }])(
    'gives the same greedy ids under %j, or differs first at a near-tie',
    async (changes) => {
      const differences: string[] = [];
      for (const index of problems.keys()) {
        const [a, b] = await Promise.all([force(remote, index, changes), force(local, index, changes)]);
        for (const trace of [a, b]) expectSound(trace);
        const at = firstDifference(contextIds(a), contextIds(b));
        if (at === undefined) continue;
        const gap = await topTwoGap(remote, contextIds(a).slice(0, at));
        differences.push(`problem ${index}, id ${at}: gap ${gap}`);
        expect(gap).toBeLessThan(nearTie);
      }
      console.log(differences.length === 0 ? 'all ids equal' : differences.join('\n'));
    },
  );
});

function expectSound(trace: Trace): void {
  expect(trace.status).toBe('complete');
  expect(checkTrace(trace)).toEqual([]);
  expect(cuesUsed(trace)).toBe(trace.condition.ignore);
}
