import { readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CliHome, finished, printed } from './support/cli';

/** The command line of jobs and hosts as the views use it, on this machine with plain processes. */
const home = new CliHome();
afterAll(() => home.dispose());

const file = (name: string, text: string) => {
  const whole = path.join(home.folder, name);
  writeFileSync(whole, text);
  return whole;
};
const json = async (...words: string[]) => {
  const { code, stdout, stderr } = await home.run([...words, '--json']);
  expect([code, stderr]).toEqual([0, '']);
  return JSON.parse(stdout);
};

describe('hosts', () => {
  const config = path.join(home.folder, 'config.yaml');

  it('are added to and taken from config.yaml, where everything else stays as it is', async () => {
    const before = '# mine\nignore: 4 # often\nhosts:\n  - id: old # the first\n    ssh: old.cluster\n';
    writeFileSync(config, before);
    await json(
      'hosts',
      'add',
      'new',
      '--ssh',
      'me@gpu01',
      '--scheduler',
      'slurm',
      '--partition',
      'gpu',
      '--setup',
      'module load cuda',
    );
    expect(readFileSync(config, 'utf8')).toBe(
      `${before}  - id: new\n    ssh: me@gpu01\n    scheduler: slurm\n    partition: gpu\n    setup:\n      - module load cuda\n`,
    );
    const { hosts } = await json('hosts', 'list');
    expect(hosts).toContainEqual({ id: 'new', ssh: 'me@gpu01', scheduler: 'slurm', from: 'config' });
    expect(hosts).toContainEqual({ id: 'here', ssh: null, scheduler: 'process', from: 'built-in' });
    await json('hosts', 'remove', 'new');
    expect(readFileSync(config, 'utf8')).toBe(before);
  });

  it.each([
    [['add', 'old', '--ssh', 'x'], 'There is a host named "old" already.'],
    [['add', 'a b', '--ssh', 'x'], 'The host cannot be added: id'],
    [['add', 'x', '--ssh', '-oProxyCommand=x'], 'The host cannot be added: ssh'],
    [['remove', 'nobody'], 'Your config.yaml has no host named "nobody".'],
  ])('hosts %j is refused with a sentence, and the file stays', async (words, sentence) => {
    const before = readFileSync(config, 'utf8');
    const { code, stderr } = await home.run(['hosts', ...words]);
    expect(code).toBe(2);
    expect(stderr).toContain(sentence);
    expect(readFileSync(config, 'utf8')).toBe(before);
  });
});

describe('jobs', () => {
  const script = file(
    'train.sh',
    `printf '{"event": "step", "step": 1, "of": 2, "loss": 2.5}\\n' >> metrics.jsonl
while [ ! -f "$1" ]; do sleep 0.1; done
printf '{"event": "step", "step": 2, "of": 2, "loss": 1.5}\\n' >> metrics.jsonl
echo done
`,
  );

  it('are watched line by line with how far they are, until the program that watches goes away', async () => {
    const stop = path.join(home.folder, 'stop');
    const watch = home.start(['jobs', 'list', '--watch', '--json'], { SECOND_THOUGHT_ATTACHED: '1' });
    const ended = finished(watch);
    const { id } = await json('jobs', 'submit', script, stop, '--name', 'watched');
    await printed(watch, /"state":"running".*"progress":\{"step":1,"of":2\}/);
    writeFileSync(stop, '');
    await printed(watch, /"state":"succeeded"/);
    watch.stdin?.end();
    const [listed] = (await json('jobs', 'list')).jobs; // of a job that has ended nothing is asked
    expect(listed).toMatchObject({
      id,
      state: 'succeeded',
      elapsedSeconds: expect.any(Number),
      progress: { step: 2, of: 2 },
    });
    expect((await ended).code).toBe(0);
    const { files, script: text, state } = await json('jobs', 'show', id);
    expect(state).toBe('succeeded');
    expect(files.map((each: { path: string }) => each.path).sort()).toEqual(['logs/output.log', 'out/metrics.jsonl']);
    expect(text).toContain('exec sh "$ST_IN"/\'train.sh\'');
    const metrics = (await home.run(['jobs', 'metrics', id, '--follow'])).stdout;
    expect(
      metrics
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line).loss),
    ).toEqual([2.5, 1.5]);
  });

  it('of fine-tuning say before they start how many steps and tokens they have: 1,000 rows are 315 steps, 16 of them warm-up', async () => {
    const row = JSON.stringify({ text: '<|im_start|>user\nHow many?<|im_end|>\n<|im_start|>assistant\n3<|im_end|>\n' });
    file('rows.jsonl', `${row}\n`.repeat(1_000));
    file('sft.job.yaml', 'kind: fine-tune\ndata: rows.jsonl\n');
    const { training } = await json('jobs', 'submit', path.join(home.folder, 'sft.job.yaml'), '--dry-run');
    expect(training).toMatchObject({ rows: 1_000, steps: 315, warmupSteps: 16, epochs: 5, isCounted: false });
    expect(training.tokens).toBeGreaterThan(10_000);
    file('ids.jsonl', `${JSON.stringify({ input_ids: [1, 2, 3] })}\n`.repeat(32));
    file('ids.job.yaml', 'kind: fine-tune\ndata: ids.jsonl\nepochs: 1\n');
    const counted = await json('jobs', 'submit', path.join(home.folder, 'ids.job.yaml'), '--dry-run');
    expect(counted.training).toMatchObject({ rows: 32, steps: 2, tokens: 96, isCounted: true });
  });
});
