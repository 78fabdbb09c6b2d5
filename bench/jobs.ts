/**
 * Jobs on a real sshd and a real Slurm of this machine: how long the command takes to hand one over, how far a followed log is behind,
 * and how often and how long the host is asked for 500 jobs. As root, on Debian with the packages of scripts/setupCluster.sh.
 * node scripts/bench.mjs jobs
 */
import { spawnSync } from 'node:child_process';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import { performance } from 'node:perf_hooks';
import { programsOf } from '../src/cli/hosts';
import { systemClock } from '../src/core/base/clock';
import { hostSpecSchema } from '../src/core/jobs/hostSpec';
import { JobHost } from '../src/core/jobs/jobHost';
import { type JobRecord, jobSpecSchema } from '../src/core/jobs/jobSpec';
import { JobWatch } from '../src/core/jobs/jobWatch';
import { sshTransport } from '../src/core/jobs/sshTransport';
import { SlurmCluster } from '../test/jobs/support/slurm';
import { SshServer } from '../test/jobs/support/sshServer';

const packageRoot = path.resolve(__dirname, '..', '..');
const jobs = 500;
const watchedSeconds = 61;

const folder = mkdtempSync(path.join(tmpdir(), 'bench-jobs-'));
const script = path.join(folder, 'log.sh');

const middle = (values: number[]) => [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)] ?? 0;
const told = (values: number[]) => `median ${middle(values).toFixed(0)} ms, max ${Math.max(...values).toFixed(0)} ms`;

/** Milliseconds of the whole command, with the connection open, as in a day's work. */
function submitTimes(config: string): number[] {
  writeFileSync(path.join(folder, 'config.yaml'), config);
  const words = ['jobs', 'submit', script, '--host', 'cluster', '--json', '--', '1'];
  const once = () => {
    const startedAt = performance.now();
    const { status, stderr } = spawnSync(process.execPath, [path.join(packageRoot, 'dist', 'cli.cjs'), ...words], {
      env: { ...process.env, SECOND_THOUGHT_HOME: folder },
      encoding: 'utf8',
    });
    if (status !== 0) throw new Error(stderr);
    return performance.now() - startedAt;
  };
  once();
  return Array.from({ length: 10 }, once);
}

async function begin(host: JobHost, lines: string): Promise<JobRecord> {
  const job = host.describe(jobSpecSchema.parse({ kind: 'custom', script, arguments: [lines] }));
  await host.prepare(job, {});
  await host.submit(job, { phase: 'free' }, async () => {});
  return job;
}

/** The job writes the time every half second; what arrives is compared with now, on the same clock. */
async function logLags(host: JobHost): Promise<number[]> {
  const lags: number[] = [];
  const onBytes = (bytes: Buffer) => {
    for (const line of bytes.toString().trim().split('\n')) lags.push(Date.now() - Number(line));
  };
  await host.log(await begin(host, '30'), onBytes, { follow: true });
  return lags;
}

/** Copies of a job that waits, so that the queue knows of all of them; then a watch like that of a window. */
async function polls(host: JobHost): Promise<{ count: number; tookMs: number[]; known: number }> {
  const first = await begin(host, '1');
  const records = Array.from({ length: jobs }, (_, index) => {
    const id = `${first.id.slice(0, -8)}${index.toString(16).padStart(8, '0')}`;
    return { ...first, id };
  });
  const copies = records.map(({ id }) => `cp -r jobs/${first.id} jobs/${id}`);
  await host.ask(copies.join('\n'), { timeoutMs: 120_000 });
  const tookMs: number[] = [];
  let known = 0;
  const counted: Pick<JobHost, 'spec' | 'states'> = {
    spec: host.spec,
    async states(asked, options) {
      const startedAt = performance.now();
      const states = await host.states(asked, options);
      tookMs.push(performance.now() - startedAt);
      known = [...states.values()].filter(({ state }) => state !== 'unknown').length;
      // Those that have ended are asked about again: what is measured is the pace for all of them.
      return new Map([...states].map(([id]) => [id, { state: 'running', sentence: '' }]));
    },
  };
  const watch = new JobWatch(counted, systemClock);
  for (const record of records) watch.add(record);
  const stops = ['view', 'page', 'another'].map(() => watch.watch({ onStates: () => {}, onFailure: () => {} }));
  await new Promise((resolve) => setTimeout(resolve, watchedSeconds * 1_000));
  for (const stop of stops) stop();
  return { count: tookMs.length, tookMs, known };
}

async function main(): Promise<void> {
  const cluster = await SlurmCluster.start();
  const server = await SshServer.start(cluster.environment);
  try {
    writeFileSync(script, 'i=0; while [ $i -lt "$1" ]; do date +%s%3N; i=$((i + 1)); sleep 0.5; done\n');
    const entry = { id: 'cluster', ssh: server.name, sshConfig: server.configFile, scheduler: 'slurm' as const };
    const host = new JobHost({
      spec: hostSpecSchema.parse(entry),
      transport: sshTransport(server.name, { configFile: server.configFile }),
      programs: programsOf(packageRoot),
    });
    const submitted = submitTimes(`hosts:\n  - ${JSON.stringify(entry)}\n`);
    console.log(`jobs submit over ssh to Slurm, 10 times: ${told(submitted)}`);
    const lags = await logLags(host);
    console.log(`followed log, ${lags.length} lines: ${told(lags)} behind`);
    const { count, tookMs, known } = await polls(host);
    console.log(
      `${jobs} jobs, 3 watchers, ${watchedSeconds} s: ${count} questions of ${told(tookMs)}, ${known} states known`,
    );
  } finally {
    server.closeMasters();
    await server.dispose();
    await cluster.dispose();
    rmSync(folder, { recursive: true, force: true });
  }
}

void main();
