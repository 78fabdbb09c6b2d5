import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { readJsonFile, writeWholeFile } from '../base/files';
import { folderHolder } from '../base/folderLock';
import { wilsonInterval } from '../evaluate/statistics';
import type { StudyRun } from './studyRun';

/** How far one condition is. */
export interface ConditionProgress {
  name: string;
  planned: number;
  finished: number;
  errors: number;
  correct: number;
  /** Samples with a verdict: the denominator of the accuracy. */
  graded: number;
  /** Wilson's 95 %, where there is one sample per problem; else null: samples of one problem are not independent. */
  interval: [low: number, high: number] | null;
  /** Mean over finished samples. */
  thinkingTokens: number;
  generatedTokens: number;
}

/** One row per condition, in the order of the study. Errors count as planned, not as finished. */
export function conditionProgress(run: StudyRun): ConditionProgress[] {
  const all = [...run.records];
  return run.about.conditions.map(({ key, name, samples }) => {
    const records = all.filter(({ conditionKey }) => conditionKey === key);
    const finished = records.filter(({ outcome }) => outcome !== 'error');
    const graded = finished.filter(({ outcome }) => outcome !== 'ungraded').length;
    const correct = finished.filter(({ outcome }) => outcome === 'correct').length;
    const mean = (of: 'thinkingTokens' | 'generatedTokens') =>
      finished.reduce((sum, record) => sum + record[of], 0) / Math.max(1, finished.length);
    return {
      name,
      planned: samples * run.ownProblems.length,
      finished: finished.length,
      errors: records.length - finished.length,
      correct,
      graded,
      interval: samples === 1 && graded > 0 ? wilsonInterval(correct, graded) : null,
      thinkingTokens: mean('thinkingTokens'),
      generatedTokens: mean('generatedTokens'),
    };
  });
}

/** `status.json` of a run: what the process that works on it says, at most a second old while it lives. */
export const runStatusSchema = z.object({
  schemaVersion: z.literal(1),
  state: z.enum(['running', 'paused', 'finished', 'failed']),
  pid: z.int(),
  startedAt: z.string(),
  updatedAt: z.string(),
  planned: z.int(),
  finished: z.int(),
  errors: z.int(),
  /** Over this process's time, without what came from the cache; null until something was finished. */
  tokensPerSecond: z.number().nullable(),
  leftMs: z.number().nullable(),
  /** Requests on the server now. */
  inFlight: z.int(),
  /** Why it failed or was paused. */
  message: z.string().optional(),
});
export type RunStatus = z.infer<typeof runStatusSchema>;

const statusFile = (folder: string) => path.join(folder, 'status.json');

/** The status of a run; one whose process is gone is paused, whatever it said last. */
export async function readRunStatus(folder: string): Promise<RunStatus | undefined> {
  const { data } = runStatusSchema.safeParse(await readJsonFile(statusFile(folder)).catch(() => undefined));
  if (data?.state !== 'running' || (await folderHolder(folder))) return data;
  return { ...data, state: 'paused', message: 'The process that worked on this run is gone.' };
}

const everyMs = 1_000;

/** Keeps `status.json` up to date while this process works on a run. */
export class StatusWriter {
  readonly #run: StudyRun;
  readonly #clock: Clock;
  readonly #inFlight: () => number;
  readonly #startedAt: number;
  readonly #before: { samples: number; tokens: number };
  #cancel: (() => void) | undefined;
  #written: Promise<void> = Promise.resolve();

  constructor(run: StudyRun, clock: Clock, inFlight: () => number) {
    this.#run = run;
    this.#clock = clock;
    this.#inFlight = inFlight;
    this.#startedAt = clock.now();
    this.#before = this.#made();
    this.#write('running');
  }

  /** Something changed: it is written within a second. */
  touch(): void {
    this.#cancel ??= this.#clock.after(everyMs, () => {
      this.#cancel = undefined;
      this.#write('running');
    });
  }

  /** The last word. */
  async end(state: RunStatus['state'], message?: string): Promise<void> {
    this.#cancel?.();
    this.#write(state, message);
    await this.#written;
  }

  current(state: RunStatus['state'] = 'running', message?: string): RunStatus {
    const now = this.#clock.now();
    const rows = conditionProgress(this.#run);
    const sum = (of: 'planned' | 'finished' | 'errors') => rows.reduce((total, row) => total + row[of], 0);
    const { samples, tokens } = this.#made();
    const made = samples - this.#before.samples;
    const elapsedMs = Math.max(1, now - this.#startedAt);
    const left = sum('planned') - sum('finished');
    return {
      schemaVersion: 1,
      state,
      pid: process.pid,
      startedAt: new Date(this.#startedAt).toISOString(),
      updatedAt: new Date(now).toISOString(),
      planned: sum('planned'),
      finished: sum('finished'),
      errors: sum('errors'),
      tokensPerSecond: made === 0 ? null : ((tokens - this.#before.tokens) / elapsedMs) * 1_000,
      leftMs: made === 0 ? null : (elapsedMs / made) * left,
      inFlight: this.#inFlight(),
      ...(message === undefined ? {} : { message }),
    };
  }

  #made(): { samples: number; tokens: number } {
    const finished = [...this.#run.records].filter(({ outcome }) => outcome !== 'error');
    return {
      samples: finished.length,
      tokens: finished.reduce(
        (sum, { generatedTokens, tokensFromCache = 0 }) => sum + generatedTokens - tokensFromCache,
        0,
      ),
    };
  }

  /** A disk that refuses the status refuses traces as well, and that is said. */
  #write(state: RunStatus['state'], message?: string): void {
    const text = `${JSON.stringify(this.current(state, message), null, 1)}\n`;
    this.#written = this.#written.then(() => writeWholeFile(statusFile(this.#run.folder), text)).catch(() => {});
  }
}
