import { randomBytes } from 'node:crypto';
import { SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import type { JobHost } from '../core/jobs/jobHost';
import type { JobRecords, SavedJob } from '../core/jobs/jobRecords';
import type { JobRecord } from '../core/jobs/jobSpec';
import { jobRecords } from './jobReport';
import type { ProgressLine } from './progressLine';

/** The record is written first, so that a job is found again whatever happens after. */
export async function start(
  host: JobHost,
  job: JobRecord,
  records: JobRecords,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<SavedJob> {
  const last = { state: 'preparing' as const, sentence: '', at: new Date().toISOString() };
  const saved: SavedJob = { schemaVersion: 1, host: host.spec, job, submission: { phase: 'free' }, last };
  await records.save(saved);
  return submitSaved(saved, host, records, signal, progress);
}

/** Goes on from where a submission was cut. One that failed before anything was handed over leaves no record. */
export async function submitSaved(
  from: SavedJob,
  host: JobHost,
  records: JobRecords,
  signal: AbortSignal,
  progress: ProgressLine,
): Promise<SavedJob> {
  let saved = from;
  const { job } = saved;
  const save = async (submission: SavedJob['submission']) => {
    const isRefused = submission.phase === 'refused';
    const last = {
      state: isRefused ? ('refused' as const) : ('submitting' as const),
      sentence: isRefused ? submission.reason : '',
      at: new Date().toISOString(),
    };
    saved = { ...saved, submission, last };
    await records.save(saved);
  };
  try {
    if (saved.submission.phase === 'free') {
      const onProgress = (what: string) => progress.show(printable(what));
      await host.prepare(job, { ...keysOf(host.spec.keysFrom), ...serverKey(job) }, { signal, onProgress });
    }
    progress.show(`Handing it to ${host.transport.name}`);
    await host.submit(job, saved.submission, save, { signal });
    return saved;
  } catch (error) {
    if (saved.submission.phase === 'free') await records.remove(job.id); // what was sent stays for the next try
    throw error;
  }
}

/** The key of a server is made for one job alone, and kept on the host only. */
function serverKey({ kind }: JobRecord): Record<string, string> {
  return kind === 'serve' ? { VLLM_API_KEY: randomBytes(24).toString('base64url') } : {};
}

function keysOf(names: readonly string[]): Record<string, string> {
  return Object.fromEntries(
    names.map((name) => {
      const value = process.env[name];
      if (value) return [name, value];
      throw new SecondThoughtError(
        'bad-usage',
        `The environment variable ${name}, which jobs of this host get, is not set here.`,
        {
          remedy: `Set it (export ${name}=…), or take it out of keysFrom.`,
        },
      );
    }),
  );
}

/** Starts a job that has ended once more. */
export async function requeueJob(saved: SavedJob, host: JobHost, signal: AbortSignal): Promise<void> {
  await host.reset(saved.job.id, { signal });
  const save = (submission: SavedJob['submission']) =>
    jobRecords().save({
      ...saved,
      submission,
      last: { state: 'submitting', sentence: '', at: new Date().toISOString() },
    });
  await host.submit(saved.job, { phase: 'free' }, save, { signal });
}
