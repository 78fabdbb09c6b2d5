import * as z from 'zod';

/** Messages between the host and the page of a job. The host asks the command line; the page shows what it is told. */

export interface WireJob {
  id: string;
  name: string;
  kind: string;
  host: string;
  state: string;
  /** What can be done with it. */
  group: 'running' | 'waiting' | 'ended';
  isGood: boolean;
  sentence: string;
  createdAt: string;
  number: string | null;
  folder: string;
  elapsedSeconds: number | null;
  timeLimit: string | null;
  restarts: number;
  progress: { step: number; of: number } | null;
}

/** A step of training: whatever numbers the job wrote, by name. A step that comes again replaces the one before. */
export interface WireStep {
  step: number;
  /** Seconds since 1970 on the host. */
  time: number | null;
  values: Record<string, number>;
}

/** The learning rate that the paper's recipe has after each step of a training as long as this one (App. D, Figure 9). */
export interface WireSchedule {
  steps: number;
  warmupSteps: number;
  points: { step: number; rate: number }[];
}

export interface WireDetails {
  files: { path: string; bytes: number }[];
  gpus: { index: number; percent: number; usedMiB: number; totalMiB: number }[];
  script: string;
}

interface JobSnapshot {
  type: 'job/snapshot';
  job: WireJob | null;
  steps: WireStep[];
  schedule: WireSchedule | null;
  /** The end of the log. */
  log: string;
  details: WireDetails | null;
}

export type ToJobPage =
  | JobSnapshot
  | { type: 'job/state'; job: WireJob }
  | { type: 'job/steps'; steps: WireStep[]; schedule: WireSchedule | null }
  | { type: 'job/log'; text: string }
  | { type: 'job/details'; details: WireDetails }
  /** Why the host does not answer; null: it does again. */
  | { type: 'job/failure'; message: string | null };

export const jobActions = ['log', 'cancel', 'requeue', 'fetch', 'clone', 'terminal', 'copy', 'connect'] as const;
export type JobAction = (typeof jobActions)[number];

export const fromJobPageSchema = z.discriminatedUnion('type', [
  z.object({ type: z.literal('ready') }),
  z.object({ type: z.literal('job/action'), action: z.enum(jobActions) }),
]);
export type FromJobPage = z.infer<typeof fromJobPageSchema>;
