import * as z from 'zod';
import type { ErrorCode } from '../core/base/errors';
import { jobStates } from '../core/jobs/jobState';

/** What `second-thought jobs` and `hosts` print with `--json`, as far as the views need it. */

const stateNames = Object.keys(jobStates) as [keyof typeof jobStates, ...(keyof typeof jobStates)[]];

const jobSummarySchema = z.object({
  id: z.string(),
  name: z.string(),
  kind: z.enum(['custom', 'fine-tune', 'serve', 'study', 'curation']),
  host: z.string(),
  createdAt: z.string(),
  /** That the scheduler gave it, anew each time that it is requeued. */
  number: z.string().nullable(),
  /** On the host. */
  folder: z.string(),
  state: z.enum(stateNames),
  sentence: z.string(),
  elapsedSeconds: z.number().optional(),
  timeLimit: z.string().optional(),
  restarts: z.number().optional(),
  tasks: z.object({ of: z.number(), ended: z.number() }).optional(),
  progress: z.object({ step: z.number(), of: z.number() }).optional(),
});
export type JobSummary = z.infer<typeof jobSummarySchema>;

const failureSchema = z.object({
  code: z.string().transform((code) => code as ErrorCode),
  message: z.string(),
  remedy: z.string().optional(),
});

export const jobsDocumentSchema = z.object({
  schemaVersion: z.literal(1),
  jobs: z.array(jobSummarySchema),
  /** Why a host did not answer, by its id. */
  failures: z.record(z.string(), failureSchema),
});
export type JobsDocument = z.infer<typeof jobsDocumentSchema>;

export const hostsDocumentSchema = z.object({
  schemaVersion: z.literal(1),
  hosts: z.array(
    z.object({
      id: z.string(),
      ssh: z.string().nullable(),
      scheduler: z.enum(['process', 'slurm']),
      from: z.enum(['built-in', 'config', 'ssh-config']),
    }),
  ),
});
export type HostSummary = z.infer<typeof hostsDocumentSchema>['hosts'][number];

/** `jobs show --json`. */
export const jobDetailsSchema = jobSummarySchema.extend({
  spec: z.record(z.string(), z.unknown()),
  script: z.string(),
  files: z.array(z.object({ path: z.string(), bytes: z.number() })),
  gpus: z.array(z.object({ index: z.number(), percent: z.number(), usedMiB: z.number(), totalMiB: z.number() })),
});
export type JobDetailsDocument = z.infer<typeof jobDetailsSchema>;

/** `jobs submit --dry-run`. */
export const dryRunSchema = z.object({
  script: z.string(),
  scheduler: z.array(z.string()),
  training: z
    .object({
      rows: z.number(),
      steps: z.number(),
      warmupSteps: z.number(),
      worldSize: z.number(),
      accumulation: z.number(),
      epochs: z.number(),
      tokens: z.number(),
      isCounted: z.boolean(),
    })
    .optional(),
});
export type DryRun = z.infer<typeof dryRunSchema>;

/** `jobs logs --follow --json`: a piece of the log, and where it begins. */
export const logPieceSchema = z.object({ offset: z.number(), bytes: z.number(), text: z.string() });

export const submittedSchema = jobSummarySchema;
export const adoptedSchema = z.object({ jobs: z.array(jobSummarySchema) });
export const fetchedSchema = z.object({ folder: z.string() });

/** `doctor --host --json`. */
const findingsSchema = z.array(
  z.object({
    title: z.string(),
    found: z.string(),
    verdict: z.enum(['good', 'warning', 'missing']),
    consequence: z.string().optional(),
    remedy: z.string().optional(),
  }),
);

export const hostCheckSchema = z.object({
  host: z.string(),
  scheduler: z.string(),
  findings: findingsSchema,
  /** A node where a job ran, if that was asked for. */
  compute: z.object({ node: z.string(), findings: findingsSchema }).optional(),
});
export type HostCheck = z.infer<typeof hostCheckSchema>;
