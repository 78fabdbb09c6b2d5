import type { JobState } from './jobState';

/** A row of `squeue -o '%A|%T|%r|%M|%l|%N|%K'`, or of `sacct`. */
export interface QueueRow {
  number: string;
  state: string;
  reason: string;
  elapsed: string;
  limit: string;
  nodes: string;
}

/** What Slurm said of all jobs in one answer. */
export interface SlurmAnswer {
  rows: QueueRow[];
  /** Why the queue could not be asked. */
  failure?: string;
}

/**
 * Fixed columns with a delimiter: what `squeue` and `sacct` have printed alike in every version since 20.11, unlike their JSON.
 * Lines that are no rows are left out.
 */
export function parseQueueRow(line: string): QueueRow | undefined {
  const [number = '', state = '', reason = '', elapsed = '', limit = '', nodes = ''] = line.split('|');
  if (!/^\d+$/.test(number) || !/^[A-Z_]+$/.test(state)) return undefined;
  return { number, state, reason, elapsed, limit, nodes };
}

/** `sacct -n -P -X -o JobIDRaw,State,ExitCode`: states may go on, as in `CANCELLED by 1000`. */
export function parseHistoryRow(line: string): QueueRow | undefined {
  const [number = '', state = ''] = line.split('|');
  const [first = ''] = state.split(' ');
  return parseQueueRow(`${number.split('_')[0]}|${first}||||`);
}

/** Slurm's states (https://slurm.schedmd.com/squeue.html#SECTION_JOB-STATE-CODES) as ours. */
const states: Record<string, JobState> = {
  PENDING: 'queued',
  CONFIGURING: 'queued',
  REQUEUED: 'queued',
  REQUEUE_FED: 'queued',
  REQUEUE_HOLD: 'queued',
  SPECIAL_EXIT: 'queued',
  RESV_DEL_HOLD: 'queued',
  RUNNING: 'running',
  COMPLETING: 'running',
  SIGNALING: 'running',
  STAGE_OUT: 'running',
  SUSPENDED: 'queued',
  STOPPED: 'queued',
  RESIZING: 'running',
  COMPLETED: 'succeeded',
  FAILED: 'failed',
  CANCELLED: 'cancelled',
  TIMEOUT: 'timed-out',
  DEADLINE: 'timed-out',
  OUT_OF_MEMORY: 'out-of-memory',
  NODE_FAIL: 'node-failed',
  BOOT_FAIL: 'node-failed',
  PREEMPTED: 'cancelled',
  REVOKED: 'cancelled',
};

/** Undefined for a state that this program does not know: it is then shown as it is. */
export const slurmStateOf = (name: string): JobState | undefined =>
  Object.hasOwn(states, name) ? states[name] : undefined;

/** Why a job waits (https://slurm.schedmd.com/job_reason_codes.html), in words. */
const reasons: [RegExp, string][] = [
  [/^DependencyNeverSatisfied$/, 'a job that it depends on did not end well, so it will never start; cancel it.'],
  [/^Dependency$/, 'a job that it depends on has not ended yet.'],
  [/^Priority$/, 'jobs of higher priority come first.'],
  [/^Resources$/, 'nodes with what it asks for are busy.'],
  [/^(None|)$/, 'the scheduler has not looked at it yet.'],
  [/^BeginTime$/, 'it starts again at a set time, after a requeue soon.'],
  [/^JobArrayTaskLimit$/, 'as many tasks of the array run as may.'],
  [/^JobHeldUser$/, 'you hold it: scontrol release lets it go on.'],
  [/^JobHeldAdmin$/, 'an administrator holds it.'],
  [/^ReqNodeNotAvail/, 'nodes that it needs are down or reserved.'],
  [/^NodeDown$/, 'the nodes that it needs are down.'],
  [/^PartitionDown$|^PartitionInactive$/, 'its partition takes no jobs to the nodes now.'],
  [
    /^PartitionTimeLimit$/,
    'it asks for more time than its partition allows, so it will not start; cancel it and ask for less.',
  ],
  [/^PartitionNodeLimit$|^PartitionConfig$/, 'it asks for more nodes than its partition has.'],
  [/^(Assoc|QOS)(Max|Grp).*/, 'a limit of your account or QOS is reached.'],
  [/^Licenses$/, 'it waits for a licence.'],
  [/^Reservation$/, 'its reservation has not begun.'],
  [/^launch failed/i, 'its start failed and Slurm holds it: scontrol release tries again.'],
];

export function whyPending(reason: string): string {
  const words = reasons.find(([pattern]) => pattern.test(reason))?.[1];
  return words ? `${words.replace(/\.$/, '')} (${reason || 'None'}).` : `Slurm says ${reason.slice(0, 80)}.`;
}
