import path from 'node:path';
import { stateFolder } from '../core/base/folders';
import { printable } from '../core/base/untrustedText';
import type { JobHost } from '../core/jobs/jobHost';
import { JobRecords, type SavedJob } from '../core/jobs/jobRecords';
import { clockTime, type JobStatus } from '../core/jobs/jobState';
import { untilInterrupted } from './interrupt';
import { paint, type Style } from './output';

/** Version of the documents that `--json` prints. */
export const documentVersion = 1;

/** Where the records of jobs are. */
export const jobsFolder = () => path.join(stateFolder(), 'jobs');

export const jobRecords = () => new JobRecords(jobsFolder());

const styles: Partial<Record<JobStatus['state'], Style>> = {
  running: 'cyan',
  succeeded: 'green',
  failed: 'red',
  killed: 'red',
  lost: 'red',
  'out-of-memory': 'red',
  'timed-out': 'red',
  refused: 'red',
};

export function jobLine({ job, host }: SavedJob, status: JobStatus): string {
  const state = paint(process.stdout, styles[status.state] ?? 'dim', status.state.padEnd(11));
  const elapsed = status.elapsedSeconds === undefined ? '' : clockTime(status.elapsedSeconds);
  const limit = status.timeLimit ? ` / ${printable(status.timeLimit)}` : '';
  return `${job.id.slice(-8)}  ${state} ${host.id.padEnd(10)} ${printable(job.name).slice(0, 30).padEnd(20)} ${`${elapsed}${limit}`.padEnd(10)} ${printable(status.sentence)}`;
}

export function summary({ job, host, submission }: SavedJob, status: JobStatus) {
  const number = submission.phase === 'accepted' ? submission.number : null;
  const { id, name, kind, createdAt } = job;
  return {
    id,
    name,
    kind,
    host: host.id,
    createdAt,
    number,
    folder: `${host.workFolder ?? 'second-thought'}/jobs/${id}`,
    ...status,
  };
}

export interface LogFlags {
  follow?: boolean;
  task: number;
  offset: number;
  json?: boolean;
}

/** Prints a log as it comes. Ctrl+C ends the reading, not the job. */
export async function printLog(host: JobHost, job: SavedJob['job'], flags: LogFlags): Promise<void> {
  const { signal, release } = untilInterrupted();
  let at = flags.offset;
  const decoder = new TextDecoder(); // a character may be cut by the end of a piece
  const onBytes = (bytes: Buffer) => {
    // Progress bars go back to the beginning of their line.
    const text = decoder.decode(bytes, { stream: true }).replace(/\r\n?/g, '\n');
    process.stdout.write(
      flags.json ? `${JSON.stringify({ offset: at, bytes: bytes.length, text })}\n` : printable(text),
    );
    at += bytes.length;
  };
  try {
    await host.log(job, onBytes, { offset: flags.offset, task: flags.task, follow: flags.follow ?? false, signal });
  } finally {
    release();
  }
}
