import { createHash, randomBytes } from 'node:crypto';
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { reportError } from '../../src/core/base/errors';
import { commandLine } from '../../src/core/jobs/shellQuote';
import { sshTransport } from '../../src/core/jobs/sshTransport';
import type { SubmitState } from '../../src/core/jobs/submitOnce';
import type { Transport } from '../../src/core/jobs/transport';
import { begin, custom, jobHost, logOf, overSsh, reached, Workplace } from './support/hosts';
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

test('a Slurm that hangs, prints garbage or is gone loses no job and starts none twice', async () => {
  const there = jobHost({ ssh: server.name, workFolder: 'work-slurm', scheduler: 'slurm' }, overSsh(server));
  const program = (name: string, text: string) => {
    place.file(`bin/${name}`, `#!/bin/sh\n${text}\n`);
    return overSsh(server).run(`chmod +x ${commandLine([`${place.folder}/bin/${name}`])}`);
  };
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
