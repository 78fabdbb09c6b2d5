import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';

/**
 * Fine-tuning as in the s1 paper (App. D) and its released scripts (train/sft.sh, sft_slurm.sh). The preset `s1` is what the
 * fields are without being named; `s1.1` shortens the sequences to 20,000 tokens, because of memory.
 */
export const fineTuneSchema = z.strictObject({
  kind: z.literal('fine-tune'),
  preset: z.enum(['s1', 's1.1']).default('s1'),
  model: z
    .string()
    .min(1)
    .default('Qwen/Qwen2.5-32B-Instruct')
    .describe('A model name, or a path on the host or in $ST_IN.'),
  data: z
    .string()
    .min(1)
    .describe('Rows with text, messages or ids: a file of this machine, or the name of a data set.'),
  epochs: z.number().positive().default(5),
  batchSize: z.int().positive().default(16).describe('Rows per step, over all GPUs and nodes.'),
  perDevice: z.int().positive().default(1).describe('Rows per GPU and pass.'),
  learningRate: z
    .union([
      z.number().positive(),
      z.string().regex(/^in(\/\w[\w.-]*)+$/, 'It must be a number, or a file in/STEP/FILE'),
    ])
    .default(1e-5)
    .describe('A number; or in/STEP/FILE: a file that an earlier step wrote it into.'),
  warmup: z.number().min(0).max(1).default(0.05).describe('Share of the steps.'),
  weightDecay: z.number().min(0).default(1e-4),
  maxLength: z.int().positive().optional().describe('Tokens of a row; longer rows are cut (32,768; 20,000 with s1.1).'),
  precision: z.enum(['bf16', 'fp32']).default('bf16'),
  processesPerNode: z.int().positive().optional().describe('Without GPUs: processes, over gloo; else one per GPU.'),
  sharding: z.enum(['fsdp', 'none']).optional().describe('Without it: fsdp on more than one GPU.'),
  gradientCheckpointing: z.boolean().default(true),
  lora: z.int().positive().optional().describe('Rank of LoRA adapters; without it all weights are trained.'),
  saveEvery: z
    .int()
    .positive()
    .optional()
    .describe('Steps between checkpoints; one is saved before the time limit in any case.'),
  seed: z.int().nonnegative().default(42),
  seeds: z
    .array(z.int().nonnegative())
    .min(1)
    .optional()
    .describe('Instead of one seed: a training for each, one after the other, into out/seed-N/model.'),
  reportTo: z.array(z.enum(['tensorboard', 'wandb'])).default([]),
});
export type FineTuneSpec = z.output<typeof fineTuneSchema>;

export interface TrainingShape {
  gpusPerNode: number;
  nodes: number;
}

/** How a global batch comes about, and how long training is. Sources: train/sft_slurm.sh; paper App. D. */
export interface TrainingPlan {
  worldSize: number;
  accumulation: number;
  stepsPerEpoch: number;
  steps: number;
  warmupSteps: number;
}

/**
 * 1,000 rows in batches of 16 for 5 epochs are 63 × 5 = 315 steps, ⌈0.05 × 315⌉ = 16 of them warm-up, as in the paper.
 * @param rows rows that are left after tokenising
 * @throws SecondThoughtError `bad-usage` where the batch is no multiple of the devices: the released script rounds down in
 *   silence and trains with another batch than it says
 */
export function planTraining(
  { batchSize, perDevice, epochs, warmup }: Pick<FineTuneSpec, 'batchSize' | 'perDevice' | 'epochs' | 'warmup'>,
  { gpusPerNode, nodes }: TrainingShape,
  rows: number,
): TrainingPlan {
  const worldSize = gpusPerNode * nodes;
  const together = worldSize * perDevice;
  if (batchSize % together !== 0) {
    const each = perDevice === 1 ? '' : ` × ${perDevice} rows each`;
    const fits = divisors(batchSize).filter((count) => count <= worldSize);
    throw new SecondThoughtError(
      'bad-usage',
      `A batch of ${batchSize} cannot be shared evenly by ${gpusPerNode} GPUs × ${nodes} nodes${each}: ${batchSize % together} rows would be left over.`,
      {
        remedy: `Use ${fits.slice(-3).join(', ')} GPUs in all, or a batch of ${Math.ceil(batchSize / together) * together}.`,
      },
    );
  }
  const stepsPerEpoch = Math.ceil(rows / batchSize);
  const steps = Math.ceil(stepsPerEpoch * epochs);
  return {
    worldSize,
    accumulation: batchSize / together,
    stepsPerEpoch,
    steps,
    warmupSteps: Math.ceil(warmup * steps),
  };
}

const divisors = (value: number) =>
  Array.from({ length: value }, (_, index) => index + 1).filter((count) => value % count === 0);

/** Learning rate after `step` of `plan.steps`, 0-based: linear warm-up, then cosine to 0 (paper App. D, Figure 9). */
export function learningRateAt(step: number, peak: number, { steps, warmupSteps }: TrainingPlan): number {
  if (step < warmupSteps) return (peak * step) / Math.max(1, warmupSteps);
  return peak * 0.5 * (1 + Math.cos((Math.PI * (step - warmupSteps)) / Math.max(1, steps - warmupSteps)));
}

/** `qwen_s1K_tokenized_bs16_lr1e-5_epoch5_wd1e-4_20250131`, as train/sft_slurm.sh names its runs. */
export function runName(
  data: string,
  spec: Pick<FineTuneSpec, 'batchSize' | 'learningRate' | 'epochs' | 'weightDecay'>,
  uid: string,
): string {
  const dataset = (data.split('/').at(-1) ?? data).replace(/\.(jsonl?|parquet|csv)$/, '');
  const short = (value: number | string) =>
    typeof value === 'string' ? 'chosen' : value !== 0 && value < 1e-3 ? value.toExponential() : String(value);
  return `qwen_${dataset}_bs${spec.batchSize}_lr${short(spec.learningRate)}_epoch${spec.epochs}_wd${short(spec.weightDecay)}_${uid}`;
}

/** `settings.json`, which media/remote/sft.py reads. Paths are as the job sees them. */
export function trainingSettings(spec: FineTuneSpec, shape: TrainingShape, uid: string) {
  const { gpusPerNode, nodes } = shape;
  const plan = planTraining(spec, shape, 1);
  const isSharded = (spec.sharding ?? (gpusPerNode * nodes > 1 ? 'fsdp' : 'none')) === 'fsdp';
  return {
    run_name: runName(spec.data, spec, uid),
    model: spec.model,
    epochs: spec.epochs,
    per_device: spec.perDevice,
    accumulation: plan.accumulation,
    world_size: plan.worldSize,
    learning_rate: spec.learningRate,
    warmup: spec.warmup,
    weight_decay: spec.weightDecay,
    max_length: spec.maxLength ?? (spec.preset === 's1.1' ? 20_000 : 32_768),
    precision: spec.precision,
    sharding: isSharded && spec.processesPerNode === undefined ? 'fsdp' : 'none',
    cpu: spec.processesPerNode !== undefined,
    gradient_checkpointing: spec.gradientCheckpointing,
    lora: spec.lora ?? null,
    save_every: spec.saveEvery ?? null,
    seed: spec.seed,
    seeds: spec.seeds ?? null,
    report_to: spec.reportTo,
  };
}
