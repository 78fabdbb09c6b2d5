import { createHash } from 'node:crypto';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { parseYaml } from '../base/yamlFile';
import { jobSpecSchema } from './jobSpec';
import { isOver, type JobState } from './jobState';

const stepName = z
  .string()
  .regex(/^[a-z][a-z0-9-]{0,31}$/, 'It must be a short name of small letters, digits and dashes');

/** A pipeline is a file `*.pipeline.yaml`: jobs of one host, chained. */
export const pipelineSchema = z.strictObject({
  title: z.string().min(1).optional(),
  host: z.string().min(1).optional().describe('Id of a host; --host goes before it; without both, this machine.'),
  steps: z
    .array(
      z.strictObject({
        step: stepName.describe('Its name; later steps see what it made in $ST_IN/NAME.'),
        after: z.array(stepName).default([]).describe('Steps that have to end well first.'),
        job: jobSpecSchema.describe('What it does, as in a *.job.yaml.'),
        takes: z
          .strictObject({
            tokens: z.number().nonnegative().optional().describe('Tokens that are generated or trained on.'),
            minutes: z.number().nonnegative().describe('Minutes on the host that the file is written for.'),
          })
          .optional()
          .describe('What it took when it was measured, or is expected to take; --dry-run adds it up.'),
      }),
    )
    .min(1),
});
export type Pipeline = z.output<typeof pipelineSchema>;
type Step = Pipeline['steps'][number];

/** @throws SecondThoughtError `invalid-file`, naming line and field, or the steps that do not fit together */
export function parsePipeline(text: string, from: string): Pipeline {
  const pipeline = parseYaml(text, pipelineSchema, from);
  const seen = new Map<string, Step>();
  for (const step of pipeline.steps) {
    if (seen.has(step.step)) throw invalid(from, `Two steps are called "${step.step}".`);
    for (const earlier of step.after) {
      const before = seen.get(earlier);
      if (!before) throw invalid(from, `"${step.step}" comes after "${earlier}", which is no step before it.`);
      if (before.job.kind === 'serve') {
        throw invalid(from, `"${step.step}" would wait for "${earlier}" for ever: a server does not end by itself.`);
      }
    }
    seen.set(step.step, step);
  }
  return pipeline;
}

const invalid = (from: string, message: string) => new SecondThoughtError('invalid-file', `${from}: ${message}`);

/** What is known of a step from earlier: which job did it, from which description, and how that is now. */
export interface KnownStep {
  jobId: string;
  digest: string;
  state: JobState;
}

export type StepPlan = { step: Step; digest: string } & ({ do: 'keep' | 'requeue'; jobId: string } | { do: 'submit' });

/**
 * What is left of a pipeline: a step that ended well, or still runs, stays if nothing that it is made from has changed; one that
 * failed goes on from its checkpoint; all others are submitted.
 * @param inputs a text per step that changes when its files do
 */
export function planPipeline(
  { steps }: Pipeline,
  known: Readonly<Record<string, KnownStep>>,
  inputs: Readonly<Record<string, string>> = {},
): StepPlan[] {
  const digests = new Map<string, string>();
  const renewed = new Set<string>();
  return steps.map((step) => {
    const before = step.after.map((name) => digests.get(name));
    const digest = createHash('sha256')
      .update(JSON.stringify([step.job, before, inputs[step.step] ?? '']))
      .digest('hex');
    digests.set(step.step, digest);
    const earlier = known[step.step];
    const isNew = !earlier || earlier.digest !== digest || step.after.some((name) => renewed.has(name));
    if (isNew || earlier.state === 'gone' || earlier.state === 'refused') {
      renewed.add(step.step);
      return { do: 'submit', step, digest };
    }
    const isFine = earlier.state === 'succeeded' || !isOver(earlier.state);
    return { do: isFine ? 'keep' : 'requeue', step, digest, jobId: earlier.jobId };
  });
}

/** What steps are expected to take, where the file says it. */
export interface Expected {
  tokens: number | null;
  minutes: number | null;
  /** Minutes × GPUs × nodes; 0 without GPUs. */
  gpuHours: number | null;
}

export function expectedOf({ takes, job }: Step): Expected {
  if (!takes) return { tokens: null, minutes: null, gpuHours: null };
  const { tokens = null, minutes } = takes;
  return { tokens, minutes, gpuHours: (minutes / 60) * job.gpus * job.nodes };
}

/** Null where one of the steps says nothing of its minutes; steps without tokens count as none. */
export function expectedInAll(steps: readonly Step[]): Expected {
  const all = steps.map(expectedOf);
  if (all.some(({ minutes }) => minutes === null)) return { tokens: null, minutes: null, gpuHours: null };
  const sum = (of: keyof Expected) => all.reduce((total, one) => total + (one[of] ?? 0), 0);
  return { tokens: sum('tokens'), minutes: sum('minutes'), gpuHours: sum('gpuHours') };
}
