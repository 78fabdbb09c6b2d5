import { type QueueRow, type SlurmAnswer, slurmStateOf, whyPending } from './slurm';

/** Every state of a job, with what it means. */
export const jobStates = {
  preparing: 'Its folder is being made on the host.',
  submitting: 'It was handed to the host, whose answer is not known yet.',
  refused: 'The host did not take it.',
  queued: 'It waits for its turn.',
  running: 'It runs.',
  stopping: 'It was asked to end and still runs.',
  succeeded: 'It ended well.',
  failed: 'It ended with an error.',
  killed: 'It was ended by a signal.',
  'out-of-memory': 'It was ended because it used more memory than it may.',
  'timed-out': 'It was ended at its time limit.',
  'node-failed': 'The machine that it ran on failed.',
  'dependency-failed': 'A job that it depends on did not end well.',
  cancelled: 'It was cancelled.',
  paused: 'It saved a checkpoint and ended; jobs requeue lets it go on.',
  lost: 'Its process is gone and left no exit status: the machine was restarted, or everything was killed at once.',
  gone: 'Its folder is no longer on the host.',
  unknown: 'The host could not say.',
} as const;
export type JobState = keyof typeof jobStates;

export interface JobStatus {
  state: JobState;
  /** One sentence for people. */
  sentence: string;
  /** Seconds that it has run, where known. */
  elapsedSeconds?: number;
  /** As the scheduler writes it. */
  timeLimit?: string;
  exitCode?: number;
  /** How often the scheduler began it again. */
  restarts?: number;
  /** Tasks of an array. */
  tasks?: { of: number; ended: number };
  /** How far it says that it is: steps of training, samples of a study. */
  progress?: { step: number; of: number };
}

const over = new Set<JobState>([
  ...(['refused', 'succeeded', 'failed', 'killed', 'out-of-memory', 'timed-out', 'node-failed'] as const),
  ...(['dependency-failed', 'cancelled', 'paused', 'lost', 'gone'] as const),
]);

/** Whether nothing more will happen by itself. */
export const isOver = (state: JobState) => over.has(state);

/** What status/ of a job folder says, read on the host. */
export interface FolderFacts {
  id: string;
  number: string;
  started: string;
  heartbeat: string;
  exit: string;
  ended: string;
  waiting: string;
  cancel: string;
  stop: string;
  requeued: string;
  alive: string;
  restarts: string;
  /** `ended/ended well` of an array under Slurm. */
  tasks: string;
  /** What it last said of how far it is. */
  said: string;
}

/** All that is known at one moment, on the host's own clock: the clocks of laptop and host need not agree. */
export interface Evidence {
  folder: FolderFacts;
  /** Seconds since 1970. */
  now: number;
  /** Undefined for a host without Slurm. */
  slurm?: SlurmAnswer;
  tasks: number;
}

/** A job's state from all evidence: what Slurm says of a job that it knows, then what the folder says. */
export function stateOf(evidence: Evidence): JobStatus {
  const { folder, now, slurm } = evidence;
  const elapsed = elapsedOf(folder, now);
  const said = (state: JobState, sentence: string = jobStates[state]): JobStatus => ({
    state,
    sentence,
    ...(elapsed === undefined ? {} : { elapsedSeconds: elapsed }),
    ...(Number(folder.restarts) > 0 ? { restarts: Number(folder.restarts) } : {}),
  });
  if (slurm) return slurmStatus(evidence, slurm, said);
  if (folder.exit) return exitStatus(folder, said);
  if (folder.cancel && !folder.alive) return said('cancelled');
  if (!folder.number) return said(folder.started && !folder.alive ? 'lost' : 'submitting');
  if (!folder.alive) return startsSoon(folder) ? said('queued', 'It is being started.') : said('lost');
  if (folder.cancel) return said('stopping');
  if (folder.waiting) return said('queued', `It waits ${folder.waiting}.`);
  return folder.started ? said('running', runningFor(elapsed)) : said('queued');
}

/** The wrapper of a job that was just accepted has not written anything yet. */
const startsSoon = ({ started, heartbeat, ended, waiting }: FolderFacts) =>
  !started && !heartbeat && !ended && !waiting;

type Say = (state: JobState, sentence?: string) => JobStatus;

function slurmStatus({ folder, tasks, now }: Evidence, { rows, failure }: SlurmAnswer, said: Say): JobStatus {
  const mine = rows.filter((row) => row.number === folder.number);
  const [first] = mine;
  if (first && isBetweenRuns(folder, now)) return said('queued', 'It was put back into the queue, to go on.');
  if (first) return tasks > 1 ? arrayStatus(mine, folder, tasks, said) : rowStatus(first, folder, said);
  if (folder.exit) return exitStatus(folder, said);
  if (tasks > 1 && folder.tasks) return tasksFromFolder(folder, tasks, said);
  if (!folder.number) return said('submitting');
  if (failure !== undefined)
    return said('unknown', `Slurm did not answer (${failure}); what it last said still stands.`);
  if (folder.cancel) return said('cancelled');
  return said(
    'lost',
    'Slurm has forgotten it, and it left no exit status: it was killed at once, or its machine failed.',
  );
}

/** While a job is requeued Slurm calls the run that ends for it cancelled or failed, for as long as that takes. */
const requeueTakesSeconds = 60;

function isBetweenRuns({ requeued, started, exit }: FolderFacts, now: number): boolean {
  return requeued !== '' && started === '' && exit === '' && now - Number(requeued) < requeueTakesSeconds;
}

function rowStatus(row: QueueRow, folder: FolderFacts, said: Say): JobStatus {
  const state = slurmStateOf(row.state);
  const limit = row.limit ? { timeLimit: row.limit } : {};
  if (state === undefined) return { ...said('unknown', `Slurm calls its state ${row.state}.`), ...limit };
  if (state === 'queued') return { ...said('queued', `It waits: ${whyPending(row.reason)}`), ...limit };
  if (state === 'running') {
    const how = folder.cancel
      ? said('stopping')
      : said('running', `It runs on ${row.nodes || 'a node'}, ${row.elapsed} of ${row.limit}.`);
    return { ...how, ...limit };
  }
  if (folder.cancel) return said('cancelled');
  if ((state === 'failed' || state === 'succeeded') && folder.exit) return exitStatus(folder, said);
  if (state === 'cancelled' && /Dependency/.test(row.reason)) return said('dependency-failed');
  return said(state);
}

function arrayStatus(rows: QueueRow[], folder: FolderFacts, tasks: number, said: Say): JobStatus {
  const states = rows.map((row) => rowStatus(row, folder, said));
  const ended = tasks - states.filter(({ state }) => !isOver(state)).length;
  const worst = (['running', 'stopping', 'queued', 'unknown'] as const)
    .map((state) => states.find((status) => status.state === state))
    .find(Boolean);
  const bad = states.find(({ state }) => isOver(state) && state !== 'succeeded');
  const status = worst ?? bad ?? said('succeeded');
  return {
    ...status,
    sentence: `${ended} of ${tasks} tasks have ended. ${status.sentence}`,
    tasks: { of: tasks, ended },
  };
}

function tasksFromFolder(folder: FolderFacts, tasks: number, said: Say): JobStatus {
  const [ended = 0, good = 0] = folder.tasks.split('/').map(Number);
  const sentence = `${ended} of ${tasks} tasks have ended, ${good} of them well.`;
  const state = folder.cancel ? 'cancelled' : ended < tasks ? 'unknown' : good === tasks ? 'succeeded' : 'failed';
  return { ...said(state, sentence), tasks: { of: tasks, ended } };
}

function exitStatus(folder: FolderFacts, said: Say): JobStatus {
  const code = Number(folder.exit);
  if (folder.exit === 'dependency') return said('dependency-failed');
  if (folder.cancel) return said('cancelled');
  if (code === 0) return { ...said(folder.stop ? 'paused' : 'succeeded'), exitCode: 0 };
  if (code === 137)
    return {
      ...said('killed', 'It was ended by signal 9 (KILL): by somebody, or for want of memory.'),
      exitCode: code,
    };
  if (code > 128 && code < 160) return { ...said('killed', `It was ended by signal ${code - 128}.`), exitCode: code };
  return {
    ...said('failed', `It ended with exit status ${printableCode(folder.exit)}; the end of its log says why.`),
    exitCode: code,
  };
}

const printableCode = (text: string) => (/^\d{1,3}$/.test(text) ? text : 'that is not a number');

function elapsedOf({ started, ended }: FolderFacts, now: number): number | undefined {
  const from = Number(started);
  return started && Number.isFinite(from) ? Math.max(0, (Number(ended) || now) - from) : undefined;
}

const runningFor = (seconds: number | undefined) =>
  seconds === undefined ? jobStates.running : `It has run for ${clockTime(seconds)}.`;

/** `1:02:03`. */
export function clockTime(seconds: number): string {
  const two = (value: number) => String(Math.floor(value)).padStart(2, '0');
  return `${Math.floor(seconds / 3_600)}:${two((seconds / 60) % 60)}:${two(seconds % 60)}`;
}
