import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { CliHome, finished, printed, root } from './support/cli';

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

  it('whose every process was killed at once are lost, and can be started again in their folder', async () => {
    const stop = path.join(home.folder, 'go');
    const { id } = await json('jobs', 'submit', script, stop, '--name', 'killed');
    const job = path.join(home.folder, 'here', 'jobs', id);
    const stateOf = async () => (await json('jobs', 'show', id)).state;
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('running');
    const { stderr } = await home.run(['jobs', 'requeue', id]);
    expect(stderr).toContain('has not ended');
    process.kill(-Number(readFileSync(path.join(job, 'status', 'pid'), 'utf8').split(' ')[0]), 'SIGKILL');
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('lost');
    writeFileSync(stop, '');
    await json('jobs', 'requeue', id);
    await expect.poll(stateOf, { timeout: 20_000 }).toBe('succeeded');
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

describe('studies as jobs', () => {
  const problems = ['raspberry', 'banana']
    .map((word) => JSON.stringify({ id: word, question: `How many a are in ${word}?`, answer: '1' }))
    .join('\n');
  const study = (problemFile: string) =>
    `title: as a job\nproblems: [{ file: ${problemFile} }]\nconditions: [{ name: natural }, { name: wait, ignore: 1 }]\n`;
  file('words.problems.jsonl', problems);
  const ended = (id: string) => home.run(['jobs', 'logs', '-f', id]);

  it('run on the bundled model with the files that they name, and what is fetched is a run like any other', async () => {
    mkdirSync(path.join(home.folder, 'studies'));
    const { id } = await json('jobs', 'submit', file('studies/words.study.yaml', study('../words.problems.jsonl')));
    await ended(id);
    const { jobs } = await json('jobs', 'list');
    expect(jobs.find((job: { id: string }) => job.id === id)).toMatchObject({ state: 'succeeded' });
    const { folder } = await json('jobs', 'fetch', id, '--into', path.join(home.folder, 'fetched'));
    const [run = ''] = readdirSync(path.join(folder, 'out'));
    const score = await json('score', path.join(folder, 'out', run));
    expect(JSON.stringify(score)).toContain('"wait"');
  });

  it('go on with the run that they began when they are requeued', async () => {
    const { id } = await json('jobs', 'submit', file('two.study.yaml', study('words.problems.jsonl')));
    await ended(id);
    await json('jobs', 'requeue', id);
    await ended(id);
    const { folder } = await json('jobs', 'fetch', id, '--into', path.join(home.folder, 'again'));
    expect(readdirSync(path.join(folder, 'out'))).toHaveLength(1);
  });

  it('of several tasks are merged into the run that one process makes, id for id', async () => {
    const yaml = file('shared.study.yaml', study('words.problems.jsonl'));
    const words = ['jobs', 'submit', yaml, '--tasks', '2'];
    const { merge } = await json(...words);
    await ended(merge.id);
    const { folder } = await json('jobs', 'fetch', merge.id, '--into', path.join(home.folder, 'merged'));
    const [merged = ''] = readdirSync(path.join(folder, 'out'));
    const { run: alone } = await json('run', yaml);
    const idsOf = (run: string) =>
      readFileSync(path.join(run, 'traces-0001.jsonl'), 'utf8')
        .concat(
          ...readdirSync(run)
            .filter((name) => name === 'traces-0002.jsonl')
            .map((name) => readFileSync(path.join(run, name), 'utf8')),
        )
        .trim()
        .split('\n')
        .map((line) => JSON.parse(line))
        .map((trace) => JSON.stringify([trace.problem.id, trace.condition.ignore, trace.spans]))
        .sort();
    expect(idsOf(path.join(folder, 'out', merged))).toEqual(idsOf(alone));
  }, 120_000); // three runs, each with a model of its own

  it('are refused before anything is sent where no such model runs, and where a file that they name is missing', async () => {
    file('config.yaml', 'hosts: [{ id: far, ssh: far.invalid }]\n');
    const there = await home.run([
      'jobs',
      'submit',
      file('far.study.yaml', study('words.problems.jsonl')),
      '--host',
      'far',
    ]);
    expect([there.code, there.stderr]).toEqual([1, expect.stringContaining('The bundled model is not sent to far')]);
    const missing = await home.run(['jobs', 'submit', file('none.study.yaml', study('none.jsonl'))]);
    expect(missing.stderr).toMatch(/none\.study\.yaml names .*none\.jsonl, which does not exist/);
  });

  it('of a pipeline are cancelled when their step is described anew while they run', async () => {
    const pipeline = (word: string) =>
      file(
        'anew.pipeline.yaml',
        `steps:\n  - { step: wait, job: { kind: custom, script: train.sh, arguments: [${word}] } }\n`,
      );
    const never = path.join(home.folder, 'never');
    const [first] = (await json('jobs', 'submit', pipeline(never))).steps;
    const [second] = (await json('jobs', 'submit', pipeline(file('now', '')))).steps;
    expect([first.did, second.did]).toEqual(['submit', 'submit']);
    await ended(second.id);
    const { jobs } = await json('jobs', 'list');
    expect(jobs.slice(-2).map(({ state }: { state: string }) => state)).toEqual(['cancelled', 'succeeded']);
  });

  it('chain with scripts: a checkpoint becomes a GGUF file, and a study runs on it', async () => {
    file('convert.sh', 'second-thought convert "$1" --out student.gguf\n');
    file('student.study.yaml', study('words.problems.jsonl'));
    const pipeline = file(
      'student.pipeline.yaml',
      `steps:
  - step: convert
    job: { kind: custom, script: convert.sh, secondThought: true, arguments: [${path.join(root, 'media', 'model', 'hf')}] }
  - step: study
    after: [convert]
    job: { kind: study, file: student.study.yaml, arguments: [--server, ../in/convert/student.gguf] }
`,
    );
    const { steps } = await json('jobs', 'submit', pipeline);
    await ended(steps[1].id);
    const { jobs } = await json('jobs', 'list');
    expect(jobs.slice(-2).map(({ state }: { state: string }) => state)).toEqual(['succeeded', 'succeeded']);
    const again = await json('jobs', 'submit', pipeline);
    expect(again.steps.map(({ did }: { did: string }) => did)).toEqual(['keep', 'keep']);
  });
});
