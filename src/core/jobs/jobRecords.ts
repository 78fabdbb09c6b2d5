import { readdir, rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { readJsonFile, writeWholeFile } from '../base/files';
import { hostSpecSchema } from './hostSpec';
import { jobRecordSchema } from './jobSpec';
import { type JobStatus, jobStates } from './jobState';

const stateNames = Object.keys(jobStates) as [keyof typeof jobStates, ...(keyof typeof jobStates)[]];

const submitStateSchema = z.discriminatedUnion('phase', [
  z.object({ phase: z.literal('free') }),
  z.object({ phase: z.literal('unsure'), absences: z.int(), looks: z.int() }),
  z.object({ phase: z.literal('accepted'), number: z.string() }),
  z.object({ phase: z.literal('refused'), reason: z.string() }),
]);

/** What this machine remembers of a job: enough to find it again. The folder on the host is the truth. */
const savedJobSchema = z.object({
  schemaVersion: z.literal(1),
  host: hostSpecSchema,
  job: jobRecordSchema,
  submission: submitStateSchema,
  last: z.object({
    state: z.enum(stateNames),
    sentence: z.string(),
    at: z.string(),
    elapsedSeconds: z.number().optional(),
    progress: z.object({ step: z.number(), of: z.number() }).optional(),
  }),
});
export type SavedJob = z.output<typeof savedJobSchema>;

/** What is remembered of a state that was seen now. */
export function seenNow({ state, sentence, elapsedSeconds, progress }: JobStatus): SavedJob['last'] {
  return {
    ...{ state, sentence, at: new Date().toISOString() },
    ...(elapsedSeconds === undefined ? {} : { elapsedSeconds }),
    ...(progress ? { progress } : {}),
  };
}

/** The state that was seen last, for a job that nothing newer is known of. */
export function lastSeen({ last: { state, sentence, elapsedSeconds, progress } }: SavedJob): JobStatus {
  return {
    ...{ state, sentence: sentence || jobStates[state] },
    ...(elapsedSeconds === undefined ? {} : { elapsedSeconds }),
    ...(progress ? { progress } : {}),
  };
}

/** One file per job in a folder of this machine, each written whole. */
export class JobRecords {
  readonly #folder: string;

  constructor(folder: string) {
    this.#folder = folder;
  }

  save(saved: SavedJob): Promise<void> {
    return writeWholeFile(this.#file(saved.job.id), `${JSON.stringify(saved, null, 2)}\n`);
  }

  /** In the order in which they were made. A file that is no record is left out. */
  async list(): Promise<SavedJob[]> {
    const names = await readdir(this.#folder).catch(() => []);
    const read = names
      .filter((name) => name.endsWith('.json'))
      .sort()
      .map(async (name) =>
        savedJobSchema.safeParse(await readJsonFile(path.join(this.#folder, name)).catch(() => undefined)),
      );
    return (await Promise.all(read)).flatMap(({ data }) => (data ? [data] : []));
  }

  /** By the beginning or the end of an id, or by name if only one has it. @throws SecondThoughtError `job-not-found` */
  async find(reference: string): Promise<SavedJob> {
    const all = await this.list();
    const exact = all.filter(({ job }) => job.id === reference);
    const close = all.filter(
      ({ job }) => job.id.startsWith(reference) || job.id.endsWith(reference) || job.name === reference,
    );
    const found = exact.length > 0 ? exact : close;
    const [first, second] = found;
    if (first && !second) return first;
    const message = first
      ? `${found.length} jobs fit "${reference}".`
      : `There is no job "${reference}" known on this machine.`;
    const remedy = first
      ? `Give more of its id: ${found
          .slice(-3)
          .map(({ job }) => job.id)
          .join(', ')}.`
      : 'second-thought jobs list shows what there is; jobs adopt --host NAME finds those that were started elsewhere.';
    throw new SecondThoughtError('job-not-found', message, { remedy });
  }

  remove(id: string): Promise<void> {
    return rm(this.#file(id), { force: true });
  }

  #file(id: string): string {
    return path.join(this.#folder, `${id}.json`);
  }
}
