import { execFileSync, spawnSync } from 'node:child_process';
import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobSpecSchema } from '../../src/core/jobs/jobSpec';
import { begin, jobHost, logOf, reached, root, Workplace } from './support/hosts';
import { SlurmCluster } from './support/slurm';

const place = new Workplace();
const setup = spawnSync('bash', ['scripts/setupTraining.sh', '--if-installed'], { cwd: root, encoding: 'utf8' });
const python = setup.stdout.trim();
const isLong = process.env.SECOND_THOUGHT_LONG === '1';

/** Rows as in s1K: a question, thinking and an answer in one text. */
const rows = Array.from({ length: 40 }, (_, index) => {
  const [a, b] = [(index % 9) + 1, (index % 7) + 1];
  const think = `<|im_start|>think\n${a} and ${b} is ${a + b}.`;
  return {
    text: `<|im_start|>user\nWhat is ${a} plus ${b}?<|im_end|>\n<|im_start|>assistant\n${think}<|im_start|>answer\nAnswer: ${a + b}<|im_end|>\n`,
  };
});

const spec = (more: Record<string, unknown> = {}) =>
  jobSpecSchema.parse({
    kind: 'fine-tune',
    model: `./${path.relative('.', path.join(root, 'media', 'model', 'hf'))}`,
    data: place.file('rows.jsonl', rows.map((row) => `${JSON.stringify(row)}\n`).join('')),
    batchSize: 8,
    epochs: 2,
    precision: 'fp32',
    gradientCheckpointing: false,
    processesPerNode: 1,
    ...more,
  });

interface Line {
  event: string;
  step: number;
  of: number;
  loss?: number;
  world_size?: number;
  wrapped?: string;
  cut_share?: number;
}

const linesOf = (text: string): Line[] =>
  text
    .trim()
    .split('\n')
    .map((line) => JSON.parse(line) as Line);

describe.runIf(isLong && setup.status === 0)('fine-tuning the bundled model with TRL on the processor', () => {
  let cluster: SlurmCluster;
  beforeAll(async () => {
    cluster = await SlurmCluster.start();
    Object.assign(process.env, cluster.environment);
  });
  afterAll(async () => {
    await cluster?.dispose();
    place.dispose();
  });

  test('two processes under Slurm are one training; asked to stop it saves a checkpoint, and goes on from it', async () => {
    const host = jobHost({ workFolder: path.join(place.folder, 'slurm'), scheduler: 'slurm', python });
    const record = await begin(host, spec({ processesPerNode: 2, epochs: 40, memory: '1000M', cpus: 2, time: '10' }));
    const metrics = async () => linesOf((await host.read(record.id, 'out/metrics.jsonl')) || '{}');
    while (!(await metrics()).some(({ step }) => step > 2)) await new Promise((resolve) => setTimeout(resolve, 1_000));
    const number = (await host.read(record.id, 'status/id')).trim();
    cluster.ask('scancel', ['--batch', '--signal=USR1', number]);
    await reached(host, record, ({ state }) => state === 'queued');
    cluster.ask('scontrol', ['update', `JobId=${number}`, 'StartTime=now']);
    expect(await reached(host, record), await logOf(host, record)).toMatchObject({ state: 'succeeded', restarts: 1 });
    const lines = await metrics();
    const began = lines.filter(({ event }) => event === 'began');
    expect(began).toMatchObject([
      { world_size: 2, wrapped: 'DistributedDataParallel', step: 0, of: 200 },
      { world_size: 2, step: expect.any(Number), of: 200 },
    ]);
    expect(began[1]?.step).toBeGreaterThan(2);
    const losses = lines.flatMap(({ loss }) => (loss === undefined ? [] : [loss]));
    expect(losses).toHaveLength(200); // every step once: none lost, none twice
    expect(losses.at(-1)).toBeLessThan(losses[0] as number);
  }, 240_000);

  test('a world of another size than asked for is refused with a sentence', async () => {
    const host = jobHost({ workFolder: path.join(place.folder, 'one'), python, environment: { WORLD_SIZE: '1' } });
    const record = host.describe(spec({ processesPerNode: 2 }));
    await host.prepare(record, {});
    const job = path.join(host.workFolder, 'jobs', record.id);
    const { stderr, status } = spawnSync(python, [path.join(job, 'in', 'sft.py'), '--job', job], { encoding: 'utf8' });
    expect([status, stderr]).toEqual([1, expect.stringContaining('1 processes run and 2 were asked for')]);
  });

  test('says before training which rows are cut, and loss is on thinking and answer only', async () => {
    const host = jobHost({ workFolder: path.join(place.folder, 'check'), python });
    const record = host.describe(spec({ maxLength: 60 }));
    await host.prepare(record, {});
    const job = path.join(host.workFolder, 'jobs', record.id);
    const said = execFileSync(python, [path.join(job, 'in', 'sft.py'), '--job', job, '--check'], { encoding: 'utf8' });
    const facts = JSON.parse(said.trim().split('\n').at(-1) ?? '') as Line & {
      cut: number;
      longest: number;
      first_labels: string;
    };
    expect(facts.longest).toBeGreaterThan(60);
    expect(facts.cut).toBeGreaterThan(0);
    expect(facts.cut_share).toBe(facts.cut / 40);
    const whole = rows[0]?.text ?? '';
    const answer = whole.slice(whole.indexOf('assistant\n') + 'assistant\n'.length);
    expect(answer.startsWith(facts.first_labels)).toBe(true);
    expect(facts.first_labels.startsWith('<|im_start|>think')).toBe(true);
    expect(readFileSync(path.join(job, 'settings.json'), 'utf8')).toContain('"max_length": 60');
  });
});
