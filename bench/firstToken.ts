/**
 * How long a user waits: from the command to the first token, with the bundled model, cold (the engine process and the
 * local server have to start) and warm. node scripts/bench.mjs firstToken
 */
import { fork } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { createCondition } from '../src/core/forcing/condition';
import { bundledServer } from '../src/core/servers/serverSpec';
import { type EngineMessage, type EngineRequest, engineEnvironment } from '../src/protocol/engine';

const packageRoot = path.resolve(__dirname, '..', '..');
const coldRuns = 5;

/** Milliseconds from sending the request to the first received id; `warm`: for a second request to the same engine. */
async function measure(): Promise<{ coldMs: number; warmMs: number }> {
  const folder = mkdtempSync(path.join(tmpdir(), 'bench-'));
  const env = {
    ...process.env,
    [engineEnvironment.scratchFolder]: folder,
    [engineEnvironment.packageRoot]: packageRoot,
  };
  const startedAt = performance.now();
  const engine = fork(path.join(packageRoot, 'dist', 'engine.cjs'), { env, execArgv: [] });
  const firstToken = (requestId: number) =>
    new Promise<number>((resolve, reject) => {
      const request: EngineRequest = {
        type: 'force',
        requestId,
        problem: { question: 'What is 7+12+5+18?' },
        condition: createCondition({ ignore: 1 }),
        server: bundledServer,
        seed: 0,
        sample: 0,
      };
      const listen = (message: EngineMessage) => {
        if (message.type === 'failure') reject(new Error(message.error.message));
        if (message.type !== 'trace/event' || message.event.type !== 'received') return;
        engine.off('message', listen);
        resolve(performance.now());
      };
      engine.on('message', listen);
      engine.send(request);
    });
  try {
    const coldMs = (await firstToken(1)) - startedAt;
    const warmStart = performance.now();
    const warmMs = (await firstToken(2)) - warmStart;
    return { coldMs, warmMs };
  } finally {
    engine.disconnect();
    await new Promise((resolve) => engine.once('exit', resolve));
    rmSync(folder, { recursive: true, force: true });
  }
}

async function main(): Promise<void> {
  const results: { coldMs: number; warmMs: number }[] = [];
  for (let run = 0; run < coldRuns; run++) results.push(await measure());
  const say = (name: string, values: number[]) => {
    const sorted = [...values].sort((a, b) => a - b).map((value) => value.toFixed(0));
    console.log(
      `${name}: min ${sorted[0]} ms, median ${sorted[Math.floor(sorted.length / 2)]} ms, max ${sorted.at(-1)} ms`,
    );
  };
  say(
    'first token, cold (engine and local server start)',
    results.map((result) => result.coldMs),
  );
  say(
    'first token, warm',
    results.map((result) => result.warmMs),
  );
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
