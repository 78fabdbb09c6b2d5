import { execFileSync } from 'node:child_process';
import { createHash, randomBytes } from 'node:crypto';
import { chmodSync, mkdirSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { programsOf } from '../../src/cli/hosts';
import { systemClock } from '../../src/core/base/clock';
import { reportError } from '../../src/core/base/errors';
import { hostSpecSchema } from '../../src/core/jobs/hostSpec';
import { JobHost } from '../../src/core/jobs/jobHost';
import { jobSpecSchema } from '../../src/core/jobs/jobSpec';
import { commandLine } from '../../src/core/jobs/shellQuote';
import { sshTransport } from '../../src/core/jobs/sshTransport';
import type { SubmitState } from '../../src/core/jobs/submitOnce';
import type { Transport } from '../../src/core/jobs/transport';
import { begin, custom, jobHost, logOf, overSsh, reached, root, Workplace } from './support/hosts';
import { SshServer } from './support/sshServer';

const place = new Workplace();
let server: SshServer;
const host = () => jobHost({ ssh: server.name, workFolder: 'work' }, overSsh(server));

beforeAll(async () => {
  // Stands before the real programs in the path of sessions: where a test puts a program that misbehaves.
  mkdirSync(path.join(place.folder, 'bin'));
  server = await SshServer.start({ PATH: `${place.folder}/bin:${process.env.PATH}` });
});
afterAll(async () => {
  server?.closeMasters();
  await server?.dispose();
  place.dispose();
});

const failure = (work: Promise<unknown>) =>
  work.then(
    () => undefined,
    (error: unknown) => reportError(error),
  );

test('whatever a text holds arrives byte for byte through a real remote shell', async () => {
  const transport = overSsh(server);
  const pieces = fc.constantFrom(
    "'",
    '"',
    '`',
    '$(touch /tmp/st-pwned)',
    '\n',
    '\\',
    '-rf',
    ' ',
    '\t',
    '!',
    '*',
    '~',
    '#',
    '%s',
    ';',
    '&',
    '中',
    '🙂',
    '\r',
    '\u001b[2J',
    '{a,b}',
  );
  const text = fc.oneof(
    fc.array(pieces).map((list) => list.join('')),
    fc.string({ unit: 'binary' }).filter((one) => !one.includes('\0')),
  );
  await fc.assert(
    fc.asyncProperty(fc.array(text, { minLength: 1, maxLength: 20 }), async (words) => {
      const { stdout, code } = await transport.run(
        `show() { printf '%s\\0' "$@"; }\n${commandLine(['show', ...words])}`,
      );
      expect(code).toBe(0);
      expect(stdout).toBe(words.map((word) => `${word}\0`).join(''));
    }),
    { numRuns: process.env.SECOND_THOUGHT_LONG ? 1_000 : 60, seed: 8 },
  );
});

test('hosts and files whose names begin with - are refused before anything runs', async () => {
  expect(() => sshTransport('-oProxyCommand=touch /tmp/st-pwned')).toThrow('begins with "-"');
  const there = host();
  const record = there.describe(custom(place.file('-x.sh', 'true\n')));
  expect(await failure(there.prepare(record, {}))).toMatchObject({ code: 'bad-usage' });
});

/** Resolves as soon as some of a file has come into an upload. */
async function arriving(folder: string): Promise<void> {
  for (;;) {
    const files = readdirSync(folder, { recursive: true, withFileTypes: true });
    if (files.some((entry) => entry.isFile() && entry.name.includes('big.bin'))) return;
    await new Promise((resolve) => setImmediate(resolve));
  }
}

test('a connection that drops in the middle of an upload goes on, and the file is whole', async () => {
  const there = host();
  const content = randomBytes(60_000_000);
  writeFileSync(path.join(place.folder, 'big.bin'), content);
  const script = place.file('sum.sh', 'sha256sum "$ST_IN/big.bin" | cut -d" " -f1\n');
  const record = there.describe(custom(script, { inputs: [path.join(place.folder, 'big.bin')] }));
  const seen: string[] = [];
  const onProgress = (what: string) => {
    seen.push(what);
    if (what.startsWith('sending big.bin'))
      void arriving(path.join(server.home, 'work', 'data')).then(() => server.dropConnections());
  };
  await there.prepare(record, {}, { onProgress });
  expect(seen.join('\n')).toContain('going on from what arrived');
  await there.submit(record, { phase: 'free' }, async () => {});
  expect(await reached(there, record)).toMatchObject({ state: 'succeeded' });
  expect((await logOf(there, record)).trim()).toBe(createHash('sha256').update(content).digest('hex'));
});

test('where compute nodes have no network, the login node fetches model and data first, and the job runs offline', async () => {
  const python = place.file(
    'python',
    `#!/bin/sh\necho "$3 offline=\${HF_HUB_OFFLINE:-no} token=$HF_TOKEN" >> "$HF_HOME/fetched"\n`,
  );
  chmodSync(python, 0o755);
  const more = { offline: true, python, environment: { HF_HOME: place.folder } };
  const there = jobHost({ ssh: server.name, workFolder: 'work-offline', ...more }, overSsh(server));
  const spec = jobSpecSchema.parse({ kind: 'fine-tune', model: 'some/model', data: 'some/rows' });
  const record = there.describe(spec);
  const said: string[] = [];
  await there.prepare(record, { HF_TOKEN: "a 'key" }, { onProgress: (what) => said.push(what) });
  expect(said).toEqual(expect.arrayContaining(['fetching the model some/model on test']));
  expect(readFileSync(path.join(place.folder, 'fetched'), 'utf8')).toBe(
    "some/model offline=no token=a 'key\nsome/rows offline=no token=a 'key\n",
  );
  expect(await there.read(record.id, 'env')).toContain("export HF_HUB_OFFLINE='1'");
});

test('a study on another machine runs with the command line as it was sent, and says where Node is too old', async () => {
  const reply = { id: 'x', problemSet: '', question: 'q' };
  const file = place.file('far.study.yaml', 'problems: [{ file: far.jsonl }]\nconditions: [{ ignore: 0 }]\n');
  const inputs = [place.file('far.jsonl', `${JSON.stringify(reply)}\n`)];
  const study = (words: string[]) => jobSpecSchema.parse({ kind: 'study', file, inputs, arguments: words });
  const old = place.file('old-node', '#!/bin/sh\necho v18.1.0\n');
  chmodSync(old, 0o755);
  const behind = jobHost({ ssh: server.name, workFolder: 'work-old', node: old }, overSsh(server));
  const tooOld = await begin(behind, study([]));
  expect(await reached(behind, tooOld)).toMatchObject({ state: 'failed', exitCode: 127 });
  expect(await logOf(behind, tooOld)).toMatch(/need Node 20 or newer; on \S+ .*old-node is v18\.1\.0/);
  const there = jobHost({ ssh: server.name, workFolder: 'work-node', node: process.execPath }, overSsh(server));
  const planned = await begin(there, study(['--server', 'http://127.0.0.1:9/v1', '--dry-run']));
  expect(await reached(there, planned), await logOf(there, planned)).toMatchObject({ state: 'succeeded' });
  expect(await logOf(there, planned)).toContain('1 samples in all.');
  const alone = await begin(there, study([]));
  await reached(there, alone);
  expect(await logOf(there, alone)).toContain('this is the command line alone, which runs no model');
});

test('where rsync is missing files go by tar', async () => {
  place.file('bin/rsync', '#!/bin/sh\nexit 127\n'); // not executable, but `command -v` must not find the real one either
  const noRsync: Transport = {
    ...overSsh(server),
    run: (script, options) =>
      overSsh(server).run(`command() { [ "$2" = rsync ] && return 1; "$@"; }\n${script}`, options),
  };
  const there = jobHost({ ssh: server.name, workFolder: 'work-tar' }, noRsync);
  const script = place.file('tar.sh', 'cat "$ST_IN/a file"; echo back > "-odd name"\n');
  const record = await begin(there, custom(script, { inputs: [place.file('a file', 'by tar\n')] }));
  expect(await reached(there, record)).toMatchObject({ state: 'succeeded' });
  expect(await logOf(there, record)).toBe('by tar\n');
  await there.fetch(record.id, path.join(place.folder, 'by-tar'));
  expect(readFileSync(path.join(place.folder, 'by-tar', 'out', '-odd name'), 'utf8')).toBe('back\n');
});

test('connections that drop around submit start every job exactly once', async () => {
  const there = host();
  const script = place.file('count.sh', 'echo "$1" >> "$ST_JOB/../../counted"\n');
  const drops = process.env.SECOND_THOUGHT_LONG ? 20 : 5;
  const records = [];
  for (let index = 0; index < drops; index++) {
    const record = there.describe(custom(script, { arguments: [String(index)] }));
    await there.prepare(record, {});
    let isFirst = true;
    const save = async (_: SubmitState) => {
      if (!isFirst) return;
      isFirst = false;
      setTimeout(() => server.dropConnections(), index * 12); // before, while and after the host works on it
    };
    await there.submit(record, { phase: 'free' }, save);
    records.push(record);
  }
  for (const record of records) await reached(there, record);
  const first = records[0] as (typeof records)[number];
  const counted = (await there.read(first.id, '../../counted')).trim().split('\n').map(Number);
  expect(counted.sort((a, b) => a - b)).toEqual(records.map((_, index) => index));
});

test('a log that is followed goes on after the connection dropped and sshd was restarted; the job never notices', async () => {
  const there = host();
  const record = await begin(
    there,
    custom(place.file('log.sh', 'for i in 1 2 3 4 5 6 7 8; do echo "line $i"; sleep 0.4; done\n')),
  );
  const pieces: Buffer[] = [];
  let drops = 0;
  const follow = there.log(
    record,
    (bytes) => {
      pieces.push(bytes);
      if (drops++ === 0) server.dropConnections();
      if (drops === 3) void server.down().then(() => server.up());
    },
    { follow: true },
  );
  await follow;
  expect(Buffer.concat(pieces).toString()).toBe(
    Array.from({ length: 8 }, (_, index) => `line ${index + 1}\n`).join(''),
  );
  expect(await reached(there, record)).toMatchObject({ state: 'succeeded' });
});

/** Puts a program before the real one of its name. */
async function program(name: string, text: string): Promise<void> {
  chmodSync(place.file(`bin/${name}`, `#!/bin/sh\n${text}\n`), 0o755);
}

test('a Slurm that prints garbage or is gone loses no job and starts none twice', async () => {
  const there = jobHost({ ssh: server.name, workFolder: 'work-slurm', scheduler: 'slurm' }, overSsh(server));
  await program('sbatch', 'echo 17');
  await program('squeue', 'echo "slurm_load_jobs error: Unable to contact slurm controller" >&2; exit 1');
  await program('sacct', 'exit 1');
  const record = await begin(there, custom(place.file('x.sh', 'true\n')));
  const stateNow = async () => (await there.states([record])).get(record.id);
  expect(await stateNow()).toMatchObject({ state: 'unknown', sentence: expect.stringContaining('Unable to contact') });
  await program('squeue', 'head -c 3000 /dev/urandom; echo "17|<b>|x"; echo "{\\"jobs\\": [";');
  expect((await stateNow())?.state).toMatch(/unknown|lost/);
  await program('squeue', 'echo "17|PENDING|Priority|0:00|1:00||N/A"');
  expect(await stateNow()).toMatchObject({ state: 'queued', sentence: expect.stringContaining('higher priority') });
  await program('squeue', 'echo "17|FROBNICATED|x|0:00|1:00||N/A"');
  expect(await stateNow()).toMatchObject({ state: 'unknown', sentence: expect.stringContaining('FROBNICATED') });
  await program('sbatch', 'echo "sbatch: error: invalid partition specified: x" >&2; exit 1');
  const refused = there.describe(custom(place.file('y.sh', 'true\n')));
  await there.prepare(refused, {});
  expect(await failure(there.submit(refused, { phase: 'free' }, async () => {}))).toMatchObject({
    code: 'job-refused',
    message: expect.stringContaining('invalid partition'),
  });
});

test('a Slurm that hangs is asked for a bounded time, and the job is unknown, not lost', async () => {
  const there = jobHost({ ssh: server.name, workFolder: 'work-hangs', scheduler: 'slurm' }, overSsh(server));
  await program('sbatch', 'echo 18');
  const record = await begin(there, custom(place.file('x.sh', 'true\n')));
  for (const name of ['squeue', 'sacct']) await program(name, 'sleep 1000');
  await program('timeout', 'shift; exec /usr/bin/timeout 1 "$@"'); // 20 s are long for a test
  expect((await there.states([record])).get(record.id)).toMatchObject({
    state: 'unknown',
    sentence: expect.stringContaining('Slurm did not answer'),
  });
  rmSync(path.join(place.folder, 'bin', 'timeout'));
});

test.each([
  ['OUT_OF_MEMORY', 'out-of-memory', 'more memory than it may'],
  ['NODE_FAIL', 'node-failed', 'The machine that it ran on failed'],
  ['TIMEOUT', 'timed-out', 'at its time limit'],
])('a job that Slurm calls %s is %s, with a sentence', async (said, state, sentence) => {
  const there = jobHost({ ssh: server.name, workFolder: 'work-ends', scheduler: 'slurm' }, overSsh(server));
  await program('sbatch', 'echo 19');
  await program('squeue', `echo "19|${said}|None|0:10|1:00|n1|N/A"`);
  await program('sacct', 'exit 1');
  const record = await begin(there, custom(place.file('x.sh', 'true\n')));
  expect((await there.states([record])).get(record.id)).toMatchObject({
    state,
    sentence: expect.stringContaining(sentence),
  });
});

test('a disk that is full over there is said, and the job starts once there is room', async () => {
  const disk = path.join(place.folder, 'disk');
  mkdirSync(disk);
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m', 'tmpfs', disk]);
  try {
    const there = jobHost({ ssh: server.name, workFolder: disk }, overSsh(server));
    writeFileSync(path.join(place.folder, 'large.bin'), randomBytes(3_000_000));
    const script = place.file('size.sh', 'wc -c < "$ST_IN/large.bin"\n');
    const record = there.describe(custom(script, { inputs: [path.join(place.folder, 'large.bin')] }));
    expect(await failure(there.prepare(record, {}))).toMatchObject({
      code: 'file-not-written',
      message: 'The disk of testhost, or your share of it, is full.',
      remedy: expect.stringContaining('Remove old jobs'),
    });
    execFileSync('mount', ['-o', 'remount,size=16m', disk]);
    await there.prepare(record, {});
    await there.submit(record, { phase: 'free' }, async () => {});
    expect(await reached(there, record)).toMatchObject({ state: 'succeeded' });
    expect((await logOf(there, record)).trim()).toBe('3000000');
  } finally {
    execFileSync('umount', ['--lazy', disk]);
  }
});

test('a laptop whose clock is a day off submits, follows and counts as any other', async () => {
  const off = { ...systemClock, now: () => systemClock.now() - 86_400_000 };
  const spec = hostSpecSchema.parse({ id: 'off', ssh: server.name, workFolder: 'work-clock' });
  const there = new JobHost({ spec, transport: overSsh(server), programs: programsOf(root), clock: off });
  const record = await begin(there, custom(place.file('clock.sh', 'sleep 1; echo ended\n')));
  expect(await logOf(there, record, true)).toBe('ended\n');
  const { state, elapsedSeconds } = await reached(there, record);
  expect(state).toBe('succeeded');
  expect(elapsedSeconds).toBeLessThan(60);
});

test('two windows on one host see one job, and either may cancel it', async () => {
  const [one, other] = [host(), host()];
  const record = await begin(one, custom(place.file('long.sh', 'sleep 1000\n')));
  expect((await other.list()).map(({ id }) => id)).toContain(record.id);
  await Promise.all([one, other].map((each) => reached(each, record, ({ state }) => state === 'running')));
  await Promise.all([one.cancel(record.id), other.cancel(record.id)]);
  for (const each of [one, other]) expect(await reached(each, record)).toMatchObject({ state: 'cancelled' });
});

test('a wrong user, a changed host key, an unknown one and a closed port each say what mends them', async () => {
  const asked = async () => failure(sshTransport(server.name, { configFile: server.configFile }).run('true'));
  server.closeMasters();
  await server.down();
  expect(await asked()).toMatchObject({ code: 'host-unreachable', message: expect.stringContaining('refused') });
  await server.up();
  server.writeConfig('nobody');
  expect(await asked()).toMatchObject({
    code: 'host-refused',
    remedy: expect.stringContaining('ssh-copy-id testhost'),
  });
  server.writeConfig('root');
  await server.down();
  server.newKey('host_key');
  await server.up();
  expect(await asked()).toMatchObject({ code: 'host-refused', remedy: expect.stringContaining('ssh-keygen -') });
  writeFileSync(server.file('known_hosts'), '');
  expect(await asked()).toMatchObject({ code: 'host-refused', message: expect.stringContaining('not known yet') });
  server.trustHostKey();
  expect(await asked()).toBeUndefined();
});
