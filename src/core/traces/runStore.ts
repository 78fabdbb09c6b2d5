import { appendFile, mkdir, readdir, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { parseJsonLines, readTextFile, reasonOf, writeWholeFile } from '../base/files';
import { readJournal, TraceJournal } from './journal';
import { type Trace, traceSchema } from './trace';

/** Finished traces go into files of at most this size. */
const maxFileBytes = 64 * 2 ** 20;

/**
 * The folder of a run:
 * `run.json` (what it is), `live/<traceId>.jsonl` (journals of traces that run or were interrupted),
 * `traces-NNNN.jsonl` (one line per finished trace). Everything is append-only or replaced whole.
 */
export class RunStore {
  readonly folder: string;
  readonly #clock: Clock;

  private constructor(folder: string, clock: Clock) {
    this.folder = folder;
    this.#clock = clock;
  }

  /** Opens the folder as a scratch run, making it if need be. */
  static async openScratch(folder: string, clock: Clock): Promise<RunStore> {
    const runFile = path.join(folder, 'run.json');
    const exists = await stat(runFile).then(
      () => true,
      () => false,
    );
    if (!exists) {
      const run = { schemaVersion: 1, kind: 'scratch', createdAt: new Date(clock.now()).toISOString() };
      await writeWholeFile(path.join(folder, '.gitignore'), '*\n');
      await writeWholeFile(runFile, `${JSON.stringify(run, null, 1)}\n`);
    }
    return new RunStore(folder, clock);
  }

  /** The journal of a trace that is about to run or to be continued. */
  journal(trace: Trace): TraceJournal {
    return TraceJournal.begin(this.#liveFile(trace.id), trace, this.#clock);
  }

  /** Records a finished trace; its journal is removed once the line is on disk. Interrupted ones keep their journal. */
  async record(trace: Trace): Promise<void> {
    if (trace.status !== 'complete') return;
    const line = `${JSON.stringify(trace)}\n`;
    const file = await this.#fileFor(Buffer.byteLength(line));
    try {
      await mkdir(this.folder, { recursive: true });
      await appendFile(file, line, { encoding: 'utf8', flush: true });
    } catch (error) {
      throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, {
        cause: error,
        remedy: `The trace is still in ${this.#liveFile(trace.id)}.`,
      });
    }
    await rm(this.#liveFile(trace.id), { force: true });
  }

  /** Every trace of the run, oldest first: finished ones, then those running or interrupted. */
  async list(): Promise<Trace[]> {
    const finished = new Map<string, Trace>();
    for (const file of await this.#traceFiles()) {
      for (const line of parseJsonLines(await readTextFile(file))) {
        const parsed = traceSchema.safeParse(line);
        if (parsed.success) finished.set(parsed.data.id, parsed.data);
      }
    }
    for (const file of await this.#liveFiles()) {
      const trace = await readJournal(file).catch(() => undefined);
      if (trace && !finished.has(trace.id)) finished.set(trace.id, trace);
    }
    return [...finished.values()].sort((a, b) => a.createdAt.localeCompare(b.createdAt, 'en'));
  }

  /** The trace with this id, or the only one whose id begins so. */
  async find(idPrefix: string): Promise<Trace> {
    const found = (await this.list()).filter((trace) => trace.id.startsWith(idPrefix));
    const [only, ...more] = found;
    if (only && (more.length === 0 || only.id === idPrefix)) return only;
    const message = only
      ? `${found.length} traces begin with "${idPrefix}".`
      : `There is no trace "${idPrefix}" in ${this.folder}.`;
    throw new SecondThoughtError('file-not-found', message, { remedy: 'Use second-thought show to list them.' });
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
