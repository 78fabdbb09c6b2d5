import { mkdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, test } from 'vitest';
import type { JobHost } from '../../src/core/jobs/jobHost';
import { begin, custom, jobHost, logOf, overSsh, reached, Workplace } from './support/hosts';
import { SlurmCluster } from './support/slurm';
import { SshServer } from './support/sshServer';

const place = new Workplace();
let cluster: SlurmCluster;
let server: SshServer;
const hosts = new Map<string, JobHost>();

beforeAll(async () => {
  cluster = await SlurmCluster.start();
  Object.assign(process.env, cluster.environment); // this machine is a login node, too
  server = await SshServer.start(cluster.environment);
  // A work folder that a careless shell would take apart.
  const odd = `${place.folder}/it's "odd" $(touch x) ünd`;
  for (const scheduler of ['process', 'slurm'] as const) {
    hosts.set(`here, ${scheduler}`, jobHost({ scheduler, workFolder: `${odd} ${scheduler}` }));
    hosts.set(
      `ssh, ${scheduler}`,
      jobHost({ scheduler, ssh: server.name, workFolder: `it's "odd" $(touch x) ${scheduler}` }, overSsh(server)),
    );
  }
});
afterAll(async () => {
  server?.closeMasters();
  await server?.dispose();
  await cluster?.dispose();
  place.dispose();
});

const combinations = ['here, process', 'ssh, process', 'here, slurm', 'ssh, slurm'];
const host = (name: string) => hosts.get(name) as JobHost;

describe.concurrent.each(combinations)('a host of %s', (name) => {
  test('runs a script with its input, words, key and output, byte for byte', async ({ expect }) => {
    const script = place.file(
      "it's $(x).sh",
      'printf "<%s>" "$@" "$KEY" "$PLAIN"; cat "$ST_IN/ünder score.txt"; echo made > made.txt\n',
    );
    const input = place.file('ünder score.txt', 'données\n');
    const odd = ["it's", '$(touch /tmp/pwned)', '-n', 'new\nline', '`x` "y" \\', '中🙂'];
    const spec = custom(script, { inputs: [input], arguments: odd, environment: { PLAIN: "a'b\n$c" } });
    const record = await begin(host(name), spec, { KEY: 'se"cret\n' });
    expect(await reached(host(name), record)).toMatchObject({ state: 'succeeded', exitCode: 0 });
    expect(await logOf(host(name), record)).toBe(
      `${[...odd, 'se"cret\n', "a'b\n$c"].map((word) => `<${word}>`).join('')}données\n`,
    );
    const into = path.join(place.folder, `fetched ${name}`);
    await host(name).fetch(record.id, into);
    expect(readFileSync(path.join(into, 'out', 'made.txt'), 'utf8')).toBe('made\n');
  });

  test('tells exit status, signal and cancelling apart, and a cancelled job leaves no process', async ({ expect }) => {
    const failing = await begin(host(name), custom(place.file('fail.sh', 'exit 7\n')));
    const killed = await begin(host(name), custom(place.file('kill.sh', 'kill -9 $$\n')));
    const long = await begin(host(name), custom(place.file('long.sh', 'echo $$ > pid; sleep 1000 & wait\n')));
    await reached(host(name), long, ({ state }) => state === 'running');
    await host(name).cancel(long.id);
    expect(await reached(host(name), long)).toMatchObject({ state: 'cancelled' });
    expect(await reached(host(name), failing)).toMatchObject({ state: 'failed', exitCode: 7 });
    expect(await reached(host(name), killed)).toMatchObject({ state: 'killed', exitCode: 137 });
    const pid = (await host(name).read(long.id, 'out/pid')).trim();
    if (pid !== '') expect(() => process.kill(Number(pid), 0)).toThrow('ESRCH');
  });

  test('is asked again for the same job and starts it once', async ({ expect }) => {
    const record = host(name).describe(custom(place.file('once.sh', 'echo began >> "$ST_JOB/../../began"; echo x\n')));
    await host(name).prepare(record, {});
    const numbers = await Promise.all(
      [1, 2, 3].map(() => host(name).submit(record, { phase: 'free' }, async () => {})),
    );
    expect(new Set(numbers).size).toBe(1);
    await reached(host(name), record);
    expect((await host(name).read(record.id, '../../began')).trim()).toBe('began');
  });

  test('runs a job after the one that it waits for, not after one that failed, and an array task by task', async ({
    expect,
  }) => {
    const first = await begin(
      host(name),
      custom(place.file('first.sh', 'sleep 1; echo first >> "$ST_JOB/../../order"\n')),
    );
    const second = await begin(
      host(name),
      custom(place.file('second.sh', 'echo second >> "$ST_JOB/../../order"\n'), { after: [first.id] }),
    );
    const bad = await begin(host(name), custom(place.file('bad.sh', 'exit 1\n')));
    const never = await begin(host(name), custom(place.file('never.sh', 'echo never\n'), { after: [bad.id] }));
    const array = await begin(
      host(name),
      custom(place.file('task.sh', 'echo "task $ST_TASK of $ST_TASKS"\n'), { tasks: 3 }),
    );
    expect(await reached(host(name), second)).toMatchObject({ state: 'succeeded' });
    expect(await host(name).read(first.id, '../../order')).toBe('first\nsecond\n');
    expect((await reached(host(name), never)).state).toMatch(/dependency-failed|cancelled/);
    expect(await reached(host(name), array)).toMatchObject({ state: 'succeeded' });
    expect(await logOf(host(name), array, false, 2)).toBe('task 2 of 3\n');
  });

  test('lists its jobs for a machine that has no record of them, and follows a log to its end', async ({ expect }) => {
    const record = await begin(
      host(name),
      custom(place.file('slow.sh', 'for i in 1 2 3; do echo $i; sleep 0.5; done\n')),
    );
    expect(await logOf(host(name), record, true)).toBe('1\n2\n3\n');
    expect((await host(name).list()).find(({ id }) => id === record.id)).toEqual(record);
    expect(await host(name).lookUp(record)).toMatchObject({ kind: 'accepted' });
  });
});

test.concurrent('the file with keys can be read by its owner only', async ({ expect }) => {
  const record = await begin(host('here, process'), custom(place.file('ok.sh', 'true\n')), { KEY: 'x' });
  const { workFolder } = host('here, process');
  expect(statSync(`${workFolder}/jobs/${record.id}/env`).mode & 0o777).toBe(0o600);
  expect(statSync(`${workFolder}/jobs/${record.id}`).mode & 0o077).toBe(0);
});

test.concurrent('jobs that share a GPU take turns in their order; others run beside them', async ({ expect }) => {
  const there = host('here, process');
  mkdirSync(place.folder, { recursive: true });
  const script = place.file(
    'gpu.sh',
    'echo "+$1 $CUDA_VISIBLE_DEVICES" >> "$ST_JOB/../../turns"; sleep 1; echo "-$1" >> "$ST_JOB/../../turns"\n',
  );
  const a = await begin(there, custom(script, { gpuList: [0, 1], arguments: ['a'] }));
  await reached(there, a, ({ state }) => state === 'running');
  const b = await begin(there, custom(script, { gpuList: [1], arguments: ['b'] }));
  const c = await begin(there, custom(script, { gpuList: [2], arguments: ['c'] }));
  for (const job of [a, b, c]) expect((await reached(there, job)).state).toBe('succeeded');
  const turns = (await there.read(a.id, '../../turns')).trim().split('\n');
  expect(turns.indexOf('-a')).toBeLessThan(turns.indexOf('+b 1'));
  expect(turns.indexOf('+c 2')).toBeLessThan(turns.indexOf('+b 1'));
});
