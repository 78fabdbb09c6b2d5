import {
  chmodSync,
  copyFileSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { CliHome, printed } from '../e2e/support/cli';
import { Workplace } from './support/hosts';
import { SshServer } from './support/sshServer';

const place = new Workplace();
const laptop = new CliHome();
const another = new CliHome();
let server: SshServer;

beforeAll(async () => {
  server = await SshServer.start();
  const python = place.file(
    'python',
    // vLLM is faked in this file: a server that answers /metrics and /v1/models; the tunnel to it is real.
    `#!/bin/sh
case "$*" in *vllm.entrypoints*) ;; *) exec python3 "$@" ;; esac
while [ $# -gt 0 ]; do [ "$1" = --port ] && port=$2; shift; done
mkdir -p v1; echo "vllm:generation_tokens_total 0" > metrics; echo '{"data": []}' > v1/models
exec python3 -m http.server --bind 127.0.0.1 "$port"
`,
  );
  const config = `hosts:
  - id: box
    ssh: ${server.name}
    sshConfig: ${server.configFile}
    python: ${python}
    keysFrom: [ST_TEST_KEY]
`;
  for (const home of [laptop, another]) writeFileSync(path.join(home.folder, 'config.yaml'), config);
  chmodSync(python, 0o755);
});
afterAll(async () => {
  for (const home of [laptop, another]) home.dispose();
  server?.closeMasters();
  await server?.dispose();
  place.dispose();
});

const key = { ST_TEST_KEY: 'a key' };
const json = (text: string) => JSON.parse(text) as Record<string, unknown> & { jobs: Record<string, unknown>[] };

test('a job is submitted, followed, fetched, and found again on another laptop', async () => {
  const script = place.file('hello.sh', 'echo "$1 $ST_TEST_KEY"; sleep 1; echo made > made.txt; echo done\n');
  const { code, stdout, stderr } = await laptop.run(
    ['jobs', 'submit', script, '--host', 'box', '--name', 'hello', '--json', '--', "it's"],
    key,
  );
  expect([code, stderr]).toEqual([0, '']);
  const id = String(json(stdout).id);
  expect((await laptop.run(['jobs', 'logs', '-f', 'hello'])).stdout).toBe("it's a key\ndone\n");
  expect(json((await laptop.run(['jobs', 'list', '--json'])).stdout).jobs).toMatchObject([
    { id, state: 'succeeded', host: 'box' },
  ]);
  const fetched = await laptop.run(['jobs', 'fetch', id, '--into', 'results']);
  expect(readFileSync(path.join(fetched.stdout.trim(), 'out', 'made.txt'), 'utf8')).toBe('made\n');
  expect(json((await another.run(['jobs', 'list', '--json'])).stdout).jobs).toEqual([]);
  expect((await another.run(['jobs', 'adopt', '--host', 'box'])).stdout).toContain('succeeded');
  expect((await another.run(['jobs', 'logs', id])).stdout).toBe("it's a key\ndone\n");
  for (const file of readdirSync(path.join(laptop.folder, 'jobs'))) {
    expect(readFileSync(path.join(laptop.folder, 'jobs', file), 'utf8')).not.toContain('a key');
  }
});

test('a login by hand, as for a second factor, opens the connection that jobs then use', async () => {
  const fresh = new CliHome();
  copyFileSync(path.join(laptop.folder, 'config.yaml'), path.join(fresh.folder, 'config.yaml'));
  const script = place.file('shared.sh', 'echo over the shared connection\n');
  const submit = () => fresh.run(['jobs', 'submit', script, '--host', 'box', '--follow'], key);
  const [keys, away] = [server.file('authorized_keys'), server.file('authorized_keys.away')];
  renameSync(keys, away); // from here on nothing but a login by hand gets in
  try {
    const refused = await submit();
    expect([refused.code, refused.stderr]).toEqual([1, expect.stringMatching(/second factor.*Log in once/s)]);
    renameSync(away, keys);
    expect(await fresh.run(['hosts', 'login', 'box'])).toMatchObject({ code: 0 });
    renameSync(keys, away);
    expect((await submit()).stdout).toContain('over the shared connection');
  } finally {
    if (existsSync(away)) renameSync(away, keys);
    fresh.dispose();
  }
});

test('a program that is killed while it submits leaves a record, and the job runs once', async () => {
  const script = place.file('killed.sh', 'echo ran >> "$ST_JOB/../../ran"\n');
  const child = laptop.start(['jobs', 'submit', script, '--host', 'box', '--name', 'killed'], key);
  const folder = path.join(laptop.folder, 'jobs');
  const isUnsure = () =>
    readdirSync(folder)
      .filter((file) => file.endsWith('.json')) // not the one that is just being written
      .some((file) => readFileSync(path.join(folder, file), 'utf8').includes('"submitting"'));
  while (!isUnsure() && child.exitCode === null) await new Promise((resolve) => setImmediate(resolve));
  child.kill('SIGKILL');
  await new Promise((resolve) => child.once('close', resolve));
  for (;;) {
    const known = json((await laptop.run(['jobs', 'list', '--json'])).stdout).jobs.find(
      ({ name }) => name === 'killed',
    );
    if (known?.state === 'submitting') await laptop.run(['jobs', 'resume', String(known.id)], key);
    if (known?.state === 'succeeded') break;
  }
  expect(readFileSync(path.join(server.home, 'second-thought', 'ran'), 'utf8')).toBe('ran\n');
});

test('errors are one sentence with a code, and nothing is left behind', async () => {
  const script = place.file('x.sh', 'true\n');
  const unset = await laptop.run(['jobs', 'submit', script, '--host', 'box', '--json']);
  expect([unset.code, json(unset.stderr)]).toMatchObject([
    2,
    { error: { code: 'bad-usage', message: expect.stringContaining('ST_TEST_KEY') } },
  ]);
  const dash = await laptop.run(['jobs', 'submit', script, '--host=-oProxyCommand=x', '--json'], key);
  expect(json(dash.stderr)).toMatchObject({ error: { code: 'bad-usage' } });
  const none = await laptop.run(['jobs', 'logs', 'nothing', '--json']);
  expect(json(none.stderr)).toMatchObject({ error: { code: 'job-not-found' } });
  const cancel = await laptop.run(['jobs', 'cancel', 'hello', '--json']);
  expect(json(cancel.stdout)).toMatchObject({ state: 'succeeded' });
});

test('a folder that names hosts has to be accepted before anything runs', async () => {
  const folder = new Workplace();
  folder.file('second-thought.config.yaml', 'hosts:\n  - id: evil\n    setup: ["touch pwned"]\n');
  const script = folder.file('x.sh', 'true\n');
  const refused = await laptop.run(['jobs', 'submit', script, '--host', 'evil', '--json'], key, folder.folder);
  expect(json(refused.stderr)).toMatchObject({
    error: { code: 'untrusted-folder', message: expect.stringContaining('touch pwned') },
  });
  expect(existsSync(path.join(folder.folder, 'pwned'))).toBe(false);
  folder.dispose();
});

test('doctor says what the host has, and a pipeline goes on from what failed', async () => {
  const doctor = json((await laptop.run(['doctor', '--host', 'box', '--json'])).stdout);
  expect(doctor.findings).toEqual(
    expect.arrayContaining([expect.objectContaining({ title: 'rsync', verdict: 'good' })]),
  );
  place.file('one.sh', 'echo 1 > one.txt\n');
  place.file('two.sh', 'cat "$ST_IN/one/one.txt"; [ -f tried ] || { touch tried; exit 3; }\n');
  const file = place.file(
    'two.pipeline.yaml',
    'host: box\nsteps:\n  - {step: one, job: {kind: custom, script: one.sh}}\n  - {step: two, after: [one], job: {kind: custom, script: two.sh}}\n',
  );
  const steps = async () =>
    json((await laptop.run(['jobs', 'submit', file, '--json'], key)).stdout).steps as { did: string; id: string }[];
  const first = await steps();
  expect(first.map(({ did }) => did)).toEqual(['submit', 'submit']);
  await laptop.run(['jobs', 'logs', '-f', String(first[1]?.id)]);
  expect((await steps()).map(({ did }) => did)).toEqual(['keep', 'requeue']);
  expect((await laptop.run(['jobs', 'logs', '-f', String(first[1]?.id)])).stdout).toBe('1\n1\n');
  expect((await steps()).map(({ did }) => did)).toEqual(['keep', 'keep']);
});

test('a server is reached through a tunnel that opens again after the connection dropped', async () => {
  const file = place.file('serve.job.yaml', 'kind: serve\nname: tiny\nmodel: some/model\n');
  const submitted = await laptop.run(['jobs', 'submit', file, '--host', 'box', '--json'], key);
  const id = String(json(submitted.stdout).id);
  const connected = laptop.start(['jobs', 'connect', id, '--json']);
  const [, url] = await printed(connected, /"url": "([^"]+)"/);
  const answers = () =>
    fetch(`${url}/models`).then(
      (reply) => reply.ok,
      () => false,
    );
  expect(await answers()).toBe(true);
  server.dropConnections();
  while (!(await answers())) await new Promise((resolve) => setTimeout(resolve, 100));
  connected.kill('SIGINT');
  await new Promise((resolve) => connected.once('close', resolve));
  expect(json((await laptop.run(['jobs', 'cancel', id, '--json'])).stdout).state).toBe('cancelled');
  rmSync(path.join(laptop.folder, 'jobs', `${id}.json`));
});
