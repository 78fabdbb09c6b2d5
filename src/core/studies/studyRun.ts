import { existsSync } from 'node:fs';
import { appendFile, readdir } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { endsTorn, parseJsonLines, readJsonFile, readTextFile, reasonOf, writeWholeFile } from '../base/files';
import { type GraderSpec, graderSchema } from '../grade/graderSpec';
import { monthSchema } from '../problems/released';
import { publishedFigureIds } from '../published/published';
import { type Fingerprint, fingerprintSchema } from '../servers/fingerprint';
import { alternativesSchema } from '../traces/logprobs';
import { RunStore, runFileSchema } from '../traces/runStore';
import type { Trace } from '../traces/trace';
import { type SampleName, type SampleRecord, sampleKey, sampleRecord, sampleRecordSchema } from './sampleRecord';
import { ownOf, shardSchema } from './shard';
import {
  plannedConditionSchema,
  plannedProblemSchema,
  type StudyPlan,
  type Task,
  taskName,
  tasksOf,
} from './studyPlan';

/** `run.json` of a study: what is done, on which server. The problems are beside it, in `problems.jsonl`. */
const studyRunSchema = runFileSchema.extend({
  kind: z.literal('study'),
  title: z.string(),
  seed: z.int().nonnegative(),
  /** The study's file, as it was. */
  study: z.object({ file: z.string(), text: z.string() }),
  server: z.object({
    id: z.string(),
    url: z.string(),
    model: z.string(),
    version: z.string().nullable(),
    /** Month in which its model came out, where the configuration says so. */
    released: monthSchema.optional(),
  }),
  /** Months in which problem sets became public, by name. */
  released: z.record(z.string(), monthSchema).optional(),
  conditions: z.array(plannedConditionSchema),
  /** How samples are graded; without it by the default. */
  grader: graderSchema.optional(),
  /** What is drawn beside it, and where its model stands over training examples. */
  figure: z.enum(publishedFigureIds).optional(),
  trainingExamples: z.int().positive().optional(),
  /** Alternatives of the log-probabilities that are kept in `logprobs/`; without it they are not. */
  logprobs: alternativesSchema.optional(),
  /** What the server was when the first sample was made; set before that. */
  fingerprint: fingerprintSchema.optional(),
  /** Set where other runs make the rest; `problems.jsonl` holds all problems, those of the others too. */
  shard: shardSchema.optional(),
  /** Set if another tool made the samples: which one, and who counted their tokens. */
  imported: z.object({ from: z.string(), tokens: z.string() }).optional(),
});
export type StudyRunFile = z.infer<typeof studyRunSchema>;

/** Where a run comes from. */
type Made = Pick<StudyRunFile, 'study' | 'server' | 'imported' | 'shard'> & { clock: Clock };

/**
 * A run of a study on disk. Beside the traces (core/traces/runStore.ts) there are `run.json`, `problems.jsonl` (so that a
 * file that changes later changes nothing here) and `grades.jsonl` (a line per sample). What is left to do is what has no
 * line yet.
 */
export class StudyRun {
  readonly folder: string;
  readonly store: RunStore;
  readonly #records = new Map<string, SampleRecord>();
  #about: StudyRunFile;
  #problems: StudyPlan['problems'];
  #appended: Promise<void> = Promise.resolve();

  private constructor(folder: string, about: StudyRunFile, problems: StudyPlan['problems'], clock: Clock) {
    this.folder = folder;
    this.#about = about;
    this.#problems = problems;
    this.store = RunStore.at(folder, clock, (trace) => this.#grade(trace));
  }

  /** Writes a new run into a folder that is not there yet. */
  static async create(
    folder: string,
    { problems, ...plan }: StudyPlan,
    { study, server, imported, shard, clock }: Made,
  ): Promise<StudyRun> {
    const createdAt = new Date(clock.now()).toISOString();
    const made = { schemaVersion: 1, kind: 'study', createdAt, study, server } as const;
    const about: StudyRunFile = {
      ...made,
      ...plan,
      ...(imported ? { imported } : {}),
      ...(shard ? { shard } : {}),
    };
    const run = new StudyRun(folder, about, problems, clock);
    await writeWholeFile(path.join(folder, '.gitignore'), '*\n');
    await run.#describe();
    return run;
  }

  /**
   * Reads a run back: its plan, and what became of each sample so far.
   * @throws SecondThoughtError `file-not-found`, `invalid-file`
   */
  static async open(folder: string, clock: Clock): Promise<StudyRun> {
    const { about, problems } = await readPlan(folder);
    const run = new StudyRun(folder, about, problems, clock);
    for (const record of await readGrades(folder)) run.#records.set(sampleKey(record), record);
    return run;
  }

  get about(): Readonly<StudyRunFile> {
    return this.#about;
  }

  get problems(): StudyPlan['problems'] {
    return this.#problems;
  }

  /** The latest record of every sample that has one. */
  get records(): Iterable<SampleRecord> {
    return this.#records.values();
  }

  record(name: SampleName): SampleRecord | undefined {
    return this.#records.get(sampleKey(name));
  }

  /** The problems that this run makes: all of them, unless it is a shard. */
  get ownProblems(): StudyPlan['problems'] {
    return ownOf(this.#problems, this.#about.shard);
  }

  get planned(): number {
    return this.ownProblems.length * this.#about.conditions.reduce((sum, { samples }) => sum + samples, 0);
  }

  /** Samples without a record, and those that failed: an error is tried again. */
  left(): Task[] {
    const plan = { conditions: this.#about.conditions, problems: this.ownProblems };
    return [...tasksOf(plan)].filter((task) => (this.record(taskName(task))?.outcome ?? 'error') === 'error');
  }

  /** Takes a changed plan over: samples that it shares with the old one are kept, the others are to be made. */
  async extend(
    { conditions, problems, figure, trainingExamples, released }: StudyPlan,
    study: StudyRunFile['study'],
  ): Promise<void> {
    const known = released === undefined ? {} : { released };
    this.#about = { ...this.#about, conditions, study, figure, trainingExamples, ...known };
    this.#problems = problems;
    await this.#describe();
  }

  /** From now on samples are graded like this. */
  async gradeBy(grader: GraderSpec): Promise<void> {
    this.#about = { ...this.#about, grader };
    await this.#describe();
  }

  /** Remembers what the server is. */
  async identifyServer(fingerprint: Fingerprint): Promise<void> {
    const { model, version } = fingerprint;
    this.#about = { ...this.#about, fingerprint, server: { ...this.#about.server, model, version } };
    await this.#describe();
  }

  /** Appends the record of a sample. */
  async write(record: SampleRecord): Promise<void> {
    await this.writeAll([record]);
  }

  /** Appends records, in one write. */
  async writeAll(records: readonly SampleRecord[]): Promise<void> {
    if (records.length === 0) return;
    const appended = this.#appended.then(() => appendLines(this.#gradesFile, records));
    this.#appended = appended.catch(() => {}); // the caller is told
    await appended;
    for (const record of records) this.#records.set(sampleKey(record), record);
  }

  /** Finished traces whose process died before they had a record get it now; all of them, where records were damaged. */
  async settleRecorded(): Promise<void> {
    const file = this.#gradesFile;
    if (!existsSync(file) || endsTorn(file)) for await (const trace of this.store.finished()) await this.#grade(trace);
    for (const trace of await this.store.live()) {
      if (trace.status !== 'complete') continue;
      if (await this.store.has(trace.id)) await this.store.letGo(trace);
      else await this.store.record(trace);
    }
  }

  get #gradesFile(): string {
    return path.join(this.folder, 'grades.jsonl');
  }

  async #grade(trace: Trace): Promise<void> {
    const record = sampleRecord(trace);
    if (record && this.record(record)?.traceId !== trace.id) await this.write(record);
  }

  async #describe(): Promise<void> {
    const lines = this.#problems.map((planned) => `${JSON.stringify(planned)}\n`).join('');
    await writeWholeFile(path.join(this.folder, 'problems.jsonl'), lines);
    await writeWholeFile(path.join(this.folder, 'run.json'), `${JSON.stringify(this.#about, null, 1)}\n`);
  }
}

/**
 * What a run is going to do, without what became of it: little to read, whatever its size.
 * @throws SecondThoughtError `file-not-found`, `invalid-file`
 */
export async function readPlan(folder: string): Promise<Pick<StudyRun, 'about' | 'problems'>> {
  const about = await readRunFile(path.join(folder, 'run.json'));
  const lines = parseJsonLines(await readTextFile(path.join(folder, 'problems.jsonl')));
  const problems = lines.map((line) => plannedProblemSchema.safeParse(line));
  if (problems.some(({ success }) => !success)) {
    throw new SecondThoughtError('invalid-file', `${path.join(folder, 'problems.jsonl')} is damaged.`);
  }
  return { about, problems: problems.flatMap(({ data }) => data ?? []) };
}

export async function readRunFile(file: string): Promise<StudyRunFile> {
  const value = await readJsonFile(file);
  const parsed = studyRunSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const version = z.object({ schemaVersion: z.number() }).safeParse(value);
  if (version.success && version.data.schemaVersion > 1) {
    throw new SecondThoughtError('invalid-file', `${file} was written by a newer version of Second Thought.`, {
      remedy: 'Update Second Thought to read it.',
    });
  }
  throw new SecondThoughtError('invalid-file', `${file} does not describe a run of a study.`);
}

/** The lines of `grades.jsonl`, oldest first. */
export async function readGrades(folder: string): Promise<SampleRecord[]> {
  const names = await readdir(folder);
  if (!names.includes('grades.jsonl')) return [];
  const lines = parseJsonLines(await readTextFile(path.join(folder, 'grades.jsonl')));
  return lines.flatMap((line) => sampleRecordSchema.safeParse(line).data ?? []);
}

async function appendLines(file: string, values: readonly unknown[]): Promise<void> {
  const lines = values.map((value) => `${JSON.stringify(value)}\n`).join('');
  try {
    await appendFile(file, `${endsTorn(file) ? '\n' : ''}${lines}`, {
      encoding: 'utf8',
      flush: true,
    });
  } catch (error) {
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, {
      cause: error,
      remedy: 'Make room on the disk; then go on with: second-thought run --resume RUN.',
    });
  }
}
