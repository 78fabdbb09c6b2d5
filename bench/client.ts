/**
 * What our client costs beside one that only parses each event: tokens per second, processor time, memory, at 1 to 256
 * streams against a server of fixed pace. Raw and ours take turns, so that what else the machine does hits both.
 * npm run bench -- client
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import path from 'node:path';

const idsPerSecond = 24_000;
const secondsPerRun = 3;
const rounds = 3;

interface Load {
  perSecond: number;
  cpuSeconds: number;
  memoryMiB: number;
}

async function run<T>(program: string, args: (string | number)[]): Promise<T> {
  const child = spawn(process.execPath, [program, ...args.map(String)], { stdio: ['ignore', 'pipe', 'inherit'] });
  let text = '';
  child.stdout.setEncoding('utf8').on('data', (piece: string) => {
    text += piece;
  });
  await once(child, 'close');
  return JSON.parse(text);
}

const median = (values: number[]) => values.sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;

async function main(): Promise<void> {
  const root = path.resolve(__dirname, '..', '..');
  const program = (name: string) => path.join(root, 'out', 'programs', `${name}.cjs`);
  const server = spawn(process.execPath, [program('pacedServer'), `${idsPerSecond}`], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const [port] = await once(server.stdout, 'data');
  const url = `http://127.0.0.1:${String(port).trim()}`;
  try {
    for (const streams of [1, 8, 64, 256]) {
      const ids = Math.floor((idsPerSecond * secondsPerRun) / streams);
      const results: Record<'raw' | 'ours', Load[]> = { raw: [], ours: [] };
      for (let round = 0; round < rounds; round++) {
        for (const mode of ['raw', 'ours'] as const) {
          results[mode].push(await run<Load>(program('clientLoad'), [mode, url, streams, ids]));
        }
      }
      const of = (mode: 'raw' | 'ours', field: keyof Load) => median(results[mode].map((load) => load[field]));
      const share = (100 * of('ours', 'perSecond')) / of('raw', 'perSecond');
      const cpu = of('ours', 'cpuSeconds') / of('raw', 'cpuSeconds');
      console.log(
        `${streams} streams: raw ${of('raw', 'perSecond').toFixed(0)} ids/s in ${of('raw', 'cpuSeconds').toFixed(2)} s of CPU; ` +
          `ours ${of('ours', 'perSecond').toFixed(0)} (${share.toFixed(1)} %), ${of('ours', 'cpuSeconds').toFixed(2)} s ` +
          `(${cpu.toFixed(2)} ×), at most ${of('ours', 'memoryMiB').toFixed(0)} MiB`,
      );
    }
    const cancelled = await run<{ closedMs: number; settledMs: number }>(program('clientLoad'), [
      'cancel',
      url,
      256,
      1_000_000,
    ]);
    console.log(`cancelling 256 streams: the last socket closed after ${cancelled.closedMs.toFixed(0)} ms`);
  } finally {
    server.kill();
  }
}

main().catch((error) => {
  console.error(error);
  process.exitCode = 1;
});
