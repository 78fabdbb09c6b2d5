import { type ErrorReport, isError, reportError } from '../base/errors';
import type { HostSpec } from './hostSpec';
import type { JobHost } from './jobHost';
import { type JobRecords, lastSeen, type SavedJob, seenNow } from './jobRecords';
import { isOver, type JobStatus, jobStates } from './jobState';

export interface KnownJob {
  saved: SavedJob;
  status: JobStatus;
}

/**
 * How all known jobs are now: one question per host, and none for jobs that have ended. A host that does not answer leaves its jobs
 * as they were last seen.
 */
export async function refresh(
  known: readonly SavedJob[],
  records: JobRecords,
  open: (spec: HostSpec) => JobHost,
  signal: AbortSignal,
): Promise<{ jobs: KnownJob[]; failures: Record<string, ErrorReport> }> {
  const failures: Record<string, ErrorReport> = {};
  const states = new Map<string, JobStatus>();
  const hosts = new Map(known.map(({ host }) => [JSON.stringify(host), host]));
  await Promise.all(
    [...hosts].map(async ([key, spec]) => {
      const asked = known
        .filter(({ host, last }) => JSON.stringify(host) === key && !isOver(last.state))
        .map(({ job }) => job);
      try {
        for (const [id, status] of await open(spec).states(asked, { signal })) states.set(id, status);
      } catch (error) {
        if (isError(error, 'cancelled')) throw error;
        failures[spec.id] = reportError(error);
      }
    }),
  );
  const jobs = await Promise.all(
    known.map(async (saved): Promise<KnownJob> => {
      const status = states.get(saved.job.id);
      if (!status) return { saved, status: lastSeen(saved) };
      if (status.state === 'unknown') return { saved, status: { ...status, state: saved.last.state } };
      const last = seenNow(status);
      if (last.state !== saved.last.state) await records.save({ ...saved, last });
      return { saved: { ...saved, last }, status };
    }),
  );
  return { jobs, failures };
}

/** The jobs of a host that this machine has no record of; from now on it has. */
export async function adopt(host: JobHost, records: JobRecords, signal: AbortSignal): Promise<KnownJob[]> {
  const known = new Set((await records.list()).map(({ job }) => job.id));
  const found = (await host.list({ signal })).filter(({ id }) => !known.has(id));
  const states = await host.states(found, { signal });
  const adopted: KnownJob[] = [];
  for (const job of found) {
    const event = await host.lookUp(job);
    const status = states.get(job.id) ?? { state: 'unknown', sentence: jobStates.unknown };
    const saved: SavedJob = {
      schemaVersion: 1,
      host: host.spec,
      job,
      submission:
        event.kind === 'accepted'
          ? { phase: 'accepted', number: event.number }
          : { phase: 'unsure', absences: 0, looks: 0 },
      last: seenNow(status),
    };
    await records.save(saved);
    adopted.push({ saved, status });
  }
  return adopted;
}
