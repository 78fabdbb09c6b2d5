import { appendFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { endsTorn, parseJsonLines, readJsonFile, readTextFile, reasonOf, writeWholeFile } from '../base/files';
import { readJournal, TraceJournal } from './journal';
import { laterGrades } from './regraded';
import { removedForks } from './removedForks';
import { type Trace, traceSchema } from './trace';

/** Finished traces go into files of at most this size. */
const maxFileBytes = 64 * 2 ** 20;

/** `run.json`: what a run is. A study adds its plan (core/studies/runFile.ts). */
export const runFileSchema = z.looseObject({
  schemaVersion: z.literal(1),
  kind: z.enum(['scratch', 'study']),
  createdAt: z.string(),
  /** What people call it. */
  title: z.string().optional(),
});
export type RunFile = z.infer<typeof runFileSchema>;

/** Called when a trace is on disk and before its journal is removed: a crash in between leaves a trace to look at again. */
export type OnRecorded = (trace: Trace) => Promise<void>;

/**
 * The folder of a run:
 * `run.json` (what it is), `live/<traceId>.jsonl` (journals of traces that run or were interrupted),
 * `traces-NNNN.jsonl` (one line per finished trace), `logprobs/` where they are recorded (core/traces/logprobs.ts).
 * Everything is append-only or replaced whole.
 */
export class RunStore {
  readonly folder: string;
  readonly #clock: Clock;
  readonly #onRecorded: OnRecorded | undefined;
  /** Lines are appended one after another: two at once could be mixed, or both begin a new file. */
  #appended: Promise<void> = Promise.resolve();
  readonly #checked = new Set<string>();

  private constructor(folder: string, clock: Clock, onRecorded?: OnRecorded) {
    this.folder = folder;
    this.#clock = clock;
    this.#onRecorded = onRecorded;
  }

  /** Opens the folder as a scratch run, making it if need be. */
  static async openScratch(folder: string, clock: Clock): Promise<RunStore> {
    const store = new RunStore(folder, clock);
    if (!(await store.exists())) {
      await writeWholeFile(path.join(folder, '.gitignore'), '*\n');
      await store.#describe({ schemaVersion: 1, kind: 'scratch', createdAt: new Date(clock.now()).toISOString() });
    }
    return store;
  }

  /** The run in a folder that may not be there: for reading, or for a study that describes it itself. */
  static at(folder: string, clock: Clock, onRecorded?: OnRecorded): RunStore {
    return new RunStore(folder, clock, onRecorded);
  }

  exists(): Promise<boolean> {
    return stat(this.#runFile).then(
      () => true,
      () => false,
    );
  }

  /** @throws SecondThoughtError `file-not-found`, `invalid-file` */
  async describe(): Promise<RunFile> {
    const parsed = runFileSchema.safeParse(await readJsonFile(this.#runFile));
    if (parsed.success) return parsed.data;
    throw new SecondThoughtError('invalid-file', `${this.#runFile} does not describe a run.`);
  }

  async rename(title: string): Promise<void> {
    await this.#describe({ ...(await this.describe()), title });
  }

  /** Bytes on disk. */
  async sizeBytes(): Promise<number> {
    const names = await readdir(this.folder, { recursive: true }).catch(() => []);
    const sizes = await Promise.all(
      names.map((name) =>
        stat(path.join(this.folder, name)).then(
          (s) => (s.isFile() ? s.size : 0),
          () => 0,
        ),
      ),
    );
    return sizes.reduce((sum, size) => sum + size, 0);
  }

  /** The journal of a trace that is about to run or to be continued. */
  journal(trace: Trace, beforeFlush?: () => void): TraceJournal {
    return TraceJournal.begin(this.#liveFile(trace.id), trace, this.#clock, beforeFlush);
  }

  /** Records a finished trace; its journal is removed once the line is on disk. Interrupted ones keep their journal. */
  async record(trace: Trace): Promise<void> {
    if (trace.status !== 'complete') return;
    const appended = this.#appended.then(() => this.#append(trace));
    this.#appended = appended.catch(() => {}); // the caller is told; the next line is tried all the same
    await appended;
    await this.letGo(trace);
  }

  /** What follows once a finished trace is on disk: it is told of, then its journal goes. */
  async letGo(trace: Trace): Promise<void> {
    await this.#onRecorded?.(trace);
    await rm(this.#liveFile(trace.id), { force: true });
  }

  async #append(trace: Trace): Promise<void> {
    const line = `${JSON.stringify(trace)}\n`;
    const file = await this.#fileFor(Buffer.byteLength(line));
    try {
      await mkdir(this.folder, { recursive: true });
      const start = !this.#checked.has(file) && endsTorn(file) ? '\n' : '';
      await appendFile(file, start + line, { encoding: 'utf8', flush: true });
      this.#checked.add(file);
    } catch (error) {
      this.#checked.delete(file); // half a line may be there now
      throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, {
        cause: error,
        remedy: `The trace is still in ${this.#liveFile(trace.id)}.`,
      });
    }
  }

  /** Every trace of the run but removed forks, oldest first: finished ones, then those running or interrupted. */
  async list(): Promise<Trace[]> {
    const traces = new Map<string, Trace>();
    for await (const trace of this.finished()) traces.set(trace.id, trace);
    for (const trace of await this.live()) if (!traces.has(trace.id)) traces.set(trace.id, trace);
    for (const id of await removedForks(this.folder)) traces.delete(id);
    return [...traces.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt, 'en'));
  }

  /** The finished traces, one file of them in memory at a time. */
  async *finished(): AsyncGenerator<Trace, void> {
    const grades = await laterGrades(this.folder);
    for (const file of await this.#traceFiles()) {
      for (const line of parseJsonLines(await readTextFile(file))) {
        const parsed = traceSchema.safeParse(line);
        if (parsed.success) yield withGrade(parsed.data, grades);
      }
    }
  }

  /** The forks among the traces that were not removed, without parsing the others; those that run or were interrupted, too. */
  async forks(): Promise<Trace[]> {
    const forks = new Map<string, Trace>();
    for (const file of await this.#traceFiles()) {
      const lines = (await readTextFile(file)).split('\n').filter((line) => line.includes('"fork":{"parent":'));
      for (const line of parseJsonLines(lines.map((text) => `${text}\n`).join(''))) {
        const parsed = traceSchema.safeParse(line);
        if (parsed.success && parsed.data.fork) forks.set(parsed.data.id, parsed.data);
      }
    }
    for (const trace of await this.live()) if (trace.fork && !forks.has(trace.id)) forks.set(trace.id, trace);
    for (const id of await removedForks(this.folder)) forks.delete(id);
    return [...forks.values()];
  }

  /** Traces that run, were interrupted, or were recorded but not yet let go of. */
  async live(): Promise<Trace[]> {
    const read = (await this.#liveFiles()).map((file) => readJournal(file).catch(() => undefined));
    return (await Promise.all(read)).flatMap((trace) => trace ?? []);
  }

  /** Whether a finished trace with this whole id is on disk. */
  async has(traceId: string): Promise<boolean> {
    return (await this.#recorded(traceId)) !== undefined;
  }

  /** The trace with this id, or the only one whose id begins so. */
  async find(idPrefix: string): Promise<Trace> {
    const whole = await this.#findWhole(idPrefix);
    if (whole) return whole;
    const found = (await this.list()).filter((trace) => trace.id.startsWith(idPrefix));
    const [only, ...more] = found;
    if (only && (more.length === 0 || only.id === idPrefix)) return only;
    const message = only
      ? `${found.length} traces begin with "${idPrefix}".`
      : `There is no trace "${idPrefix}" in ${this.folder}.`;
    throw new SecondThoughtError('file-not-found', message, { remedy: 'Use second-thought show to list them.' });
  }

  /** By the whole id, without parsing every trace there is. */
  async #findWhole(traceId: string): Promise<Trace | undefined> {
    if (!/^[0-9a-f-]{36}$/.test(traceId)) return undefined;
    return (await this.#recorded(traceId)) ?? readJournal(this.#liveFile(traceId)).catch(() => undefined);
  }

  async #recorded(traceId: string): Promise<Trace | undefined> {
    for (const file of (await this.#traceFiles()).reverse()) {
      const lines = (await readTextFile(file)).split('\n').slice(0, -1);
      const line = lines.findLast((text) => text.includes(`"id":"${traceId}"`));
      const parsed = line === undefined ? undefined : traceSchema.safeParse(parseJsonLines(`${line}\n`)[0]);
      if (parsed?.success && parsed.data.id === traceId) return withGrade(parsed.data, await laterGrades(this.folder));
    }
    return undefined;
  }

  get #runFile(): string {
    return path.join(this.folder, 'run.json');
  }

  #describe(run: RunFile): Promise<void> {
    return writeWholeFile(this.#runFile, `${JSON.stringify(run, null, 1)}\n`);
  }

  #liveFile(traceId: string): string {
    return path.join(this.folder, 'live', `${traceId}.jsonl`);
  }

  async #liveFiles(): Promise<string[]> {
    const folder = path.join(this.folder, 'live');
    const names = await readdir(folder).catch(() => []);
    return names.filter((name) => name.endsWith('.jsonl')).map((name) => path.join(folder, name));
  }

  async #traceFiles(): Promise<string[]> {
    const names = await readdir(this.folder).catch(() => []);
    const files = names.filter((name) => /^traces-\d{4,}\.jsonl$/.test(name)).sort();
    return files.map((name) => path.join(this.folder, name));
  }

  async #fileFor(bytes: number): Promise<string> {
    const files = await this.#traceFiles();
    const last = files.at(-1);
    if (last && (await stat(last)).size + bytes <= maxFileBytes) return last;
    return path.join(this.folder, `traces-${String(files.length + 1).padStart(4, '0')}.jsonl`);
  }
}

function withGrade(trace: Trace, grades: Awaited<ReturnType<typeof laterGrades>>): Trace {
  const grade = grades.get(trace.id);
  return grade ? { ...trace, grade } : trace;
}
