import { describe, expect, it } from 'vitest';
import { programsOf } from '../../../src/cli/hosts';
import {
  fineTuneSchema,
  learningRateAt,
  planTraining,
  runName,
  trainingSettings,
} from '../../../src/core/jobs/fineTune';
import { hostSpecSchema } from '../../../src/core/jobs/hostSpec';
import { planJob, sbatchArguments } from '../../../src/core/jobs/jobScript';
import { jobSpecSchema, parseJob } from '../../../src/core/jobs/jobSpec';

const s1 = fineTuneSchema.parse({ kind: 'fine-tune', data: 'simplescaling/s1K_tokenized' });

describe('the recipe of s1', () => {
  it('trains 315 steps on 1,000 rows, 16 of them warm-up, on 16 GPUs', () => {
    expect(planTraining(s1, { gpusPerNode: 8, nodes: 2 }, 1_000)).toEqual({
      worldSize: 16,
      accumulation: 1,
      stepsPerEpoch: 63,
      steps: 315,
      warmupSteps: 16,
    });
  });

  it.each([
    [1, 1, 16],
    [2, 1, 8],
    [8, 1, 2],
    [8, 2, 1],
    [4, 2, 2],
  ])('with %i GPUs on %i nodes accumulates %i times', (gpusPerNode, nodes, accumulation) => {
    const plan = planTraining(s1, { gpusPerNode, nodes }, 1_000);
    expect(plan).toMatchObject({ accumulation, steps: 315 });
  });

  it('refuses a batch that the devices cannot share evenly, where the released script would round down', () => {
    expect(() => planTraining(s1, { gpusPerNode: 6, nodes: 1 }, 1_000)).toThrow(
      'A batch of 16 cannot be shared evenly by 6 GPUs × 1 nodes: 4 rows',
    );
    expect(() => planTraining(s1, { gpusPerNode: 8, nodes: 3 }, 1_000)).toThrow('16 rows would be left over');
  });

  it('warms up linearly and falls along a cosine to 0', () => {
    const plan = planTraining(s1, { gpusPerNode: 16, nodes: 1 }, 1_000);
    expect(learningRateAt(0, 1e-5, plan)).toBe(0);
    expect(learningRateAt(8, 1e-5, plan)).toBeCloseTo(5e-6, 12);
    expect(learningRateAt(16, 1e-5, plan)).toBe(1e-5);
    expect(learningRateAt(315, 1e-5, plan)).toBeCloseTo(0, 12);
  });

  it('names runs as the released scripts do', () => {
    expect(runName(s1.data, s1, '20250131')).toBe('qwen_s1K_tokenized_bs16_lr1e-5_epoch5_wd1e-4_20250131');
  });

  it('shards over several GPUs, and shortens rows for s1.1', () => {
    const settings = trainingSettings(
      fineTuneSchema.parse({ ...s1, preset: 's1.1' }),
      { gpusPerNode: 8, nodes: 2 },
      'x',
    );
    expect(settings).toMatchObject({
      sharding: 'fsdp',
      max_length: 20_000,
      world_size: 16,
      accumulation: 1,
      precision: 'bf16',
      learning_rate: 1e-5,
      weight_decay: 1e-4,
    });
    expect(trainingSettings(s1, { gpusPerNode: 1, nodes: 1 }, 'x')).toMatchObject({
      sharding: 'none',
      max_length: 32_768,
      accumulation: 16,
    });
  });

  it('takes a learning rate that an earlier step chose, and several seeds', () => {
    const chosen = fineTuneSchema.parse({ ...s1, learningRate: 'in/rate/rate.txt', seeds: [42, 43] });
    expect(trainingSettings(chosen, { gpusPerNode: 1, nodes: 1 }, 'x')).toMatchObject({
      learning_rate: 'in/rate/rate.txt',
      seeds: [42, 43],
      run_name: expect.stringContaining('_lrchosen_'),
    });
    expect(fineTuneSchema.safeParse({ ...s1, learningRate: '../rate.txt' }).success).toBe(false);
    expect(fineTuneSchema.safeParse({ ...s1, learningRate: 'in/../../rate.txt' }).success).toBe(false);
  });
});

const programs = programsOf('/p');
const slurm = hostSpecSchema.parse({
  id: 'c',
  ssh: 'c',
  scheduler: 'slurm',
  partition: "gp'u",
  python: '/env/bin/python',
  setup: ['module load cuda'],
  prefix: ['apptainer', 'exec', '--nv', 'my image.sif'],
});

describe('the command of a fine-tuning job', () => {
  it('is torchrun on every node under srun, meeting at the first node', () => {
    const spec = jobSpecSchema.parse({ kind: 'fine-tune', data: 'rows.jsonl', gpus: 8, nodes: 2, time: '3-00:00:00' });
    const { script, inputs, files } = planJob('20260101T000000-fine-tune-00000000', spec, slurm, programs);
    expect(script).toContain('module load cuda\n');
    expect(script).toContain(
      `exec srun --ntasks="$SLURM_JOB_NUM_NODES" --ntasks-per-node=1 --kill-on-bad-exit=1 'apptainer' 'exec' '--nv' 'my image.sif' '/env/bin/python' -m torch.distributed.run --nproc-per-node=8 --nnodes=2 --rdzv-backend=c10d`,
    );
    expect(inputs.map(({ local }) => local)).toEqual(['/p/media/remote/sft.py', 'rows.jsonl']);
    expect(JSON.parse(files['settings.json'] ?? '')).toMatchObject({
      world_size: 16,
      data_file: 'in/rows.jsonl',
      data_set: null,
    });
    expect(sbatchArguments(spec, slurm, '/w/jobs/x', ['41'])).toEqual(
      expect.arrayContaining([
        '--nodes=2',
        '--gres=gpu:8',
        '--time=3-00:00:00',
        "--partition=gp'u",
        '--requeue',
        '--signal=B:USR1@120',
        '--dependency=afterok:41',
        '--kill-on-invalid-dep=yes',
      ]),
    );
  });

  it('is refused on several nodes without a scheduler, and with a Python that has no torch', () => {
    const spec = jobSpecSchema.parse({ kind: 'fine-tune', data: 'rows.jsonl', gpus: 2, nodes: 2 });
    const plain = hostSpecSchema.parse({ id: 'c', ssh: 'c' });
    expect(() => planJob('x', spec, plain, programs)).toThrow('no scheduler for jobs on several nodes');
    expect(() => planJob('x', spec, { ...slurm, python: 'uv' }, programs)).toThrow('"uv"');
  });
});

describe('a job file', () => {
  it('says with line and column what is wrong, and what was probably meant', () => {
    expect(() => parseJob('kind: custom\nscript: x.sh\ngpsu: 2\n', 'a.job.yaml')).toThrow(
      /a\.job\.yaml:3:1: There is no field "gpsu"/,
    );
    expect(() => parseJob('kind: custom\nscript: -x.sh\n', 'a.job.yaml')).toThrow('begin with "-"');
    expect(() => parseJob('kind: custom\nscript: x.sh\ntime: soon\n', 'a.job.yaml')).toThrow('02:00:00');
  });
});
