import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { checkComputeNode } from '../../src/core/jobs/checkHost';
import type { JobHost } from '../../src/core/jobs/jobHost';
import type { JobRecord } from '../../src/core/jobs/jobSpec';
import { isOver, type JobStatus } from '../../src/core/jobs/jobState';
import { begin, custom, jobHost, logOf, reached, Workplace } from './support/hosts';
import { SlurmCluster } from './support/slurm';

const place = new Workplace();
let cluster: SlurmCluster;
let host: JobHost;

beforeAll(async () => {
  cluster = await SlurmCluster.start();
  Object.assign(process.env, cluster.environment);
  host = jobHost({ scheduler: 'slurm', workFolder: path.join(place.folder, 'work') });
});
afterAll(async () => {
  await cluster?.dispose();
  place.dispose();
});

/** Says where it goes on; at the wish to stop it saves a checkpoint. */
const script = () =>
  place.file(
    'checkpoint.sh',
    `echo "run $(cat "$ST_OUT/step" 2>/dev/null || echo 0)"
[ -f "$ST_OUT/step" ] && exit 0
[ -z "$1" ] || echo "$1" > "$ST_OUT/step"
while [ ! -f "$ST_STATUS/stop" ]; do sleep 0.2; done
echo 41 > "$ST_OUT/step"; : > "$ST_STATUS/continue"
`,
  );

const numberOf = async ({ id }: JobRecord) => (await host.read(id, 'status/id')).trim();

/** Slurm says RUNNING before the script has begun: a signal would be lost, or end the shell. */
async function begun(record: JobRecord): Promise<void> {
  while (!(await logOf(host, record)).includes('run 0')) await new Promise((resolve) => setTimeout(resolve, 100));
}

/** A requeued job waits for two minutes. Until Slurm has put it back it takes no start time, so it is told again. */
async function endedWithoutWaiting(record: JobRecord): Promise<JobStatus> {
  const number = await numberOf(record);
  return reached(host, record, ({ state }) => {
    if (state === 'queued') cluster.ask('scontrol', ['update', `JobId=${number}`, 'StartTime=now']);
    return isOver(state);
  });
}

/** Not reliable yet, see docs/reliability.md: with the long tests only. */
const requeues = test.skipIf(!process.env.SECOND_THOUGHT_LONG);

requeues('a job that is asked to stop before its time limit saves a checkpoint, is requeued and goes on', async () => {
  const record = await begin(host, custom(script(), { time: '5' }));
  await begun(record);
  // Slurm looks at time limits once in a minute: the signal is sent by hand, the rest is real.
  cluster.ask('scancel', ['--batch', '--signal=USR1', await numberOf(record)]);
  await reached(host, record, ({ state }) => state === 'queued');
  expect(await endedWithoutWaiting(record)).toMatchObject({ state: 'succeeded', restarts: 1 });
  expect(await logOf(host, record)).toBe('run 0\nrun 41\n');
});

requeues('a job whose node goes down is begun again on another one, and its log goes on', async () => {
  const record = await begin(host, custom(script(), { arguments: ['7'] }));
  await begun(record);
  const number = await numberOf(record);
  const node = cluster.ask('squeue', ['-h', '-j', number, '-o', '%N']).trim();
  cluster.ask('scontrol', ['update', `NodeName=${node}`, 'State=DOWN', 'Reason=test']);
  try {
    await reached(host, record, ({ state }) => state === 'queued');
    expect(await endedWithoutWaiting(record)).toMatchObject({ state: 'succeeded', restarts: 1 });
    expect(await logOf(host, record, true)).toBe('run 0\nrun 7\n');
  } finally {
    cluster.ask('scontrol', ['update', `NodeName=${node}`, 'State=RESUME']);
  }
});

test('a job that cannot be placed says why it waits, and is cancelled while it waits', async () => {
  const record = await begin(host, custom(script(), { time: '2-00:00:00' }));
  const waiting = await reached(host, record, ({ state, sentence }) => state === 'queued' && /time/.test(sentence));
  expect(waiting.sentence).toContain('it asks for more time than its partition allows');
  await host.cancel(record.id);
  expect(await reached(host, record)).toMatchObject({ state: 'cancelled' });
});

test('a compute node is looked at by a job of one minute, which leaves nothing behind', async () => {
  const signal = new AbortController().signal;
  const { node, findings } = await checkComputeNode(host, { gpus: 0, signal, onState: () => {} });
  expect(node).not.toBe('');
  expect(findings).toEqual(
    expect.arrayContaining([
      expect.objectContaining({ title: 'Python', found: expect.stringContaining('Python 3'), verdict: 'good' }),
      expect.objectContaining({ title: 'Slurm', found: expect.stringContaining('slurm') }),
      expect.objectContaining({ title: 'GPUs', verdict: 'missing' }),
    ]),
  );
  expect((await host.list()).filter(({ name }) => name === 'check')).toEqual([]);
});
