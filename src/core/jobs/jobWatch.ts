import type { Clock } from '../base/clock';
import { isError } from '../base/errors';
import type { JobRecord } from './jobSpec';
import { isOver, type JobStatus } from './jobState';

/** A host as far as watching needs it. */
export interface WatchedHost {
  readonly spec: { scheduler: 'process' | 'slurm' };
  states(records: readonly JobRecord[], options: { signal?: AbortSignal }): Promise<Map<string, JobStatus>>;
}

/** At least so far apart are two questions to one host, whatever the number of jobs and of people who watch. */
const intervalMs = { process: 2_000, slurm: 15_000 };
const longestMs = 5 * 60_000;

/**
 * Follows the jobs of one host: one question for all that have not ended, as long as somebody watches. After a failure it asks less
 * often; when nobody watches or all have ended it does not ask at all.
 */
export class JobWatch {
  readonly #host: WatchedHost;
  readonly #clock: Clock;
  readonly #jobs = new Map<string, JobRecord>();
  readonly #watchers = new Set<JobWatcher>();
  #cancelTimer: (() => void) | undefined;
  #lastAsked = Number.NEGATIVE_INFINITY;
  #failures = 0;
  #isSlow = false;
  #asking: AbortController | undefined;

  constructor(host: WatchedHost, clock: Clock) {
    this.#host = host;
    this.#clock = clock;
  }

  add(record: JobRecord): void {
    this.#jobs.set(record.id, record);
    this.#plan();
  }

  /** Slowly while the answer is in sight and nobody looks: at most as often as Slurm is asked. */
  set isSlow(value: boolean) {
    if (this.#isSlow === value) return;
    this.#isSlow = value;
    this.#cancelTimer?.();
    this.#cancelTimer = undefined;
    this.#plan();
  }

  /** @returns ends the watching */
  watch(watcher: JobWatcher): () => void {
    this.#watchers.add(watcher);
    this.#plan();
    return () => {
      this.#watchers.delete(watcher);
      if (this.#watchers.size > 0) return;
      this.#cancelTimer?.();
      this.#cancelTimer = undefined;
      this.#asking?.abort();
    };
  }

  #plan(): void {
    if (this.#cancelTimer || this.#asking || this.#watchers.size === 0 || this.#jobs.size === 0) return;
    const pace = this.#isSlow ? 'slurm' : this.#host.spec.scheduler;
    const apart = Math.min(longestMs, intervalMs[pace] * 2 ** this.#failures);
    const waitMs = Math.max(0, this.#lastAsked + apart - this.#clock.now());
    this.#cancelTimer = this.#clock.after(waitMs, () => {
      this.#cancelTimer = undefined;
      void this.#ask();
    });
  }

  async #ask(): Promise<void> {
    this.#lastAsked = this.#clock.now();
    this.#asking = new AbortController();
    try {
      const states = await this.#host.states([...this.#jobs.values()], { signal: this.#asking.signal });
      this.#failures = 0;
      for (const [id, { state }] of states) if (isOver(state)) this.#jobs.delete(id);
      for (const watcher of this.#watchers) watcher.onStates(states);
    } catch (error) {
      if (!isError(error, 'cancelled')) this.#failures += 1;
      for (const watcher of this.#watchers) watcher.onFailure(error);
    } finally {
      this.#asking = undefined;
      this.#plan();
    }
  }
}

export interface JobWatcher {
  onStates(states: ReadonlyMap<string, JobStatus>): void;
  onFailure(error: unknown): void;
}
