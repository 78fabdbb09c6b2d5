import { mkdirSync, watch } from 'node:fs';
import { createInterface } from 'node:readline';
import { systemClock } from '../core/base/clock';
import { describeError, type ErrorReport, isError, reportError } from '../core/base/errors';
import { type JobRecords, lastSeen, type SavedJob, seenNow } from '../core/jobs/jobRecords';
import { isOver, type JobStatus } from '../core/jobs/jobState';
import { JobWatch } from '../core/jobs/jobWatch';
import { openHost } from './hosts';
import { isAttached, untilInterrupted } from './interrupt';
import { documentVersion, jobLine, jobRecords, jobsFolder, summary } from './jobReport';

export interface ListFlags {
  host?: string;
  all?: boolean;
  json?: boolean;
}

/** Jobs that have not ended, and those that ended in the last week. */
export async function listedJobs({ host, all }: ListFlags, records: JobRecords): Promise<SavedJob[]> {
  const weekAgo = new Date(Date.now() - 7 * 86_400_000).toISOString();
  return (await records.list()).filter(({ host: { id }, last }) => {
    const isRecent = all || !isOver(last.state) || last.at > weekAgo;
    return isRecent && (host === undefined || id === host);
  });
}

const readAgainMs = 200;
const lookAgainMs = 30_000;

/**
 * Prints the jobs whenever something changes: first as they were last seen, then as their hosts answer. One question per host for
 * all of its jobs. A program that it is attached to may write `slow`, then each host is asked at most every 15 s, or `fast`, as often
 * as its scheduler bears.
 */
export async function watchJobs(flags: ListFlags, packageRoot: string): Promise<void> {
  const { signal, release } = untilInterrupted();
  const folder = jobsFolder();
  mkdirSync(folder, { recursive: true });
  const list = new WatchedList(flags, packageRoot);
  let timer: NodeJS.Timeout | undefined;
  const files = watch(folder, () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      void list.readAgain();
    }, readAgainMs);
  });
  const ended = new Promise<void>((resolve) => {
    signal.addEventListener('abort', () => resolve(), { once: true });
  });
  if (isAttached()) {
    createInterface({ input: process.stdin }).on('line', (line) => {
      list.isSlow = line === 'slow';
    });
  }
  const again = setInterval(() => void list.readAgain(), lookAgainMs); // where a file system tells of no changes
  await list.readAgain();
  await ended;
  clearInterval(again);
  files.close();
  clearTimeout(timer);
  list.stop();
  release();
}

class WatchedList {
  readonly #flags: ListFlags;
  readonly #packageRoot: string;
  readonly #records: JobRecords = jobRecords();
  readonly #watches = new Map<string, { watch: JobWatch; stop: () => void }>();
  readonly #states = new Map<string, JobStatus>();
  readonly #failures: Record<string, ErrorReport> = {};
  #known: SavedJob[] = [];
  #isSlow = false;
  #printed = '';

  constructor(flags: ListFlags, packageRoot: string) {
    this.#flags = flags;
    this.#packageRoot = packageRoot;
  }

  set isSlow(value: boolean) {
    this.#isSlow = value;
    for (const { watch } of this.#watches.values()) watch.isSlow = value;
  }

  /** The records are shared with other programs: one may have submitted a job, or have seen one end. */
  async readAgain(): Promise<void> {
    this.#known = await listedJobs(this.#flags, this.#records);
    for (const saved of this.#known) {
      const state = this.#states.get(saved.job.id);
      if (state && saved.last.state !== state.state) this.#states.delete(saved.job.id); // requeued, or ended elsewhere
      if (!isOver(saved.last.state)) this.#watchOf(saved).add(saved.job);
    }
    this.#print();
  }

  stop(): void {
    for (const { stop } of this.#watches.values()) stop();
  }

  #watchOf({ host }: SavedJob): JobWatch {
    const key = JSON.stringify(host);
    const found = this.#watches.get(key);
    if (found) return found.watch;
    const watch = new JobWatch(openHost(host, this.#packageRoot), systemClock);
    watch.isSlow = this.#isSlow;
    const stop = watch.watch({
      onStates: (states) => {
        delete this.#failures[host.id];
        void this.#take(states);
      },
      onFailure: (error) => {
        if (isError(error, 'cancelled')) return;
        this.#failures[host.id] = reportError(error);
        this.#print();
      },
    });
    this.#watches.set(key, { watch, stop });
    return watch;
  }

  async #take(states: ReadonlyMap<string, JobStatus>): Promise<void> {
    for (const [id, status] of states) {
      const saved = this.#known.find(({ job }) => job.id === id);
      if (!saved) continue;
      if (status.state === 'unknown') {
        this.#states.set(id, { ...status, state: saved.last.state });
        continue;
      }
      this.#states.set(id, status);
      if (status.state === saved.last.state) continue;
      Object.assign(saved, { last: seenNow(status) });
      await this.#records.save(saved);
    }
    this.#print();
  }

  #print(): void {
    const jobs = this.#known.map((saved) => ({ saved, status: this.#states.get(saved.job.id) ?? lastSeen(saved) }));
    const text = this.#flags.json
      ? JSON.stringify({
          schemaVersion: documentVersion,
          jobs: jobs.map(({ saved, status }) => summary(saved, status)),
          failures: this.#failures,
        })
      : [
          ...Object.entries(this.#failures).map(([host, failure]) => `${host}: ${describeError(failure)}`),
          ...jobs.map(({ saved, status }) => jobLine(saved, status)),
        ].join('\n');
    if (text === this.#printed) return;
    this.#printed = text;
    process.stdout.write(`${text}\n${this.#flags.json ? '' : '\n'}`);
  }
}
