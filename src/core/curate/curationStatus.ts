import { existsSync } from 'node:fs';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { readJsonFile, writeWholeFile } from '../base/files';
import { folderHolder } from '../base/folderLock';
import { handDecisionSchema, readByHand, withByHand } from './byHand';
import { type CurationFile, curationSchema } from './curationFile';

/** `curation.json`: what is curated in a folder, and from which file. */
const aboutSchema = z.object({
  schemaVersion: z.literal(1),
  title: z.string(),
  /** The curation file; decisions by hand are beside it. */
  file: z.string(),
  curation: curationSchema,
  /** Decisions by hand that it was run with. */
  byHand: z.array(handDecisionSchema),
});
export type CurationAbout = z.infer<typeof aboutSchema>;

/** @returns the curation as it is run: with the decisions by hand beside it */
export async function writeAbout(folder: string, file: string, curation: CurationFile): Promise<CurationFile> {
  const title = curation.title ?? path.basename(file).replace(/(\.curation)?\.ya?ml$/, '');
  const byHand = await readByHand(file);
  const about: CurationAbout = { schemaVersion: 1, title, file, curation, byHand };
  await writeWholeFile(path.join(folder, 'curation.json'), `${JSON.stringify(about, null, 1)}\n`);
  return withByHand(curation, byHand);
}

/** @throws SecondThoughtError `file-not-found`, `invalid-file` */
export async function readAbout(folder: string): Promise<CurationAbout> {
  const file = path.join(folder, 'curation.json');
  const parsed = aboutSchema.safeParse(await readJsonFile(file));
  if (parsed.success) return parsed.data;
  throw new SecondThoughtError('invalid-file', `${file} is not what a curation writes.`, {
    remedy: 'Run the curation again.',
  });
}

const statusSchema = z.object({
  schemaVersion: z.literal(1),
  /** stopped: the process is gone and did not say why; running it again goes on. */
  state: z.enum(['running', 'stopped', 'finished', 'failed']),
  /** What is being done, in words. */
  doing: z.string(),
  /** Features that models are asked for: how far each is, and the folder of its replies under `features/`. */
  features: z.array(
    z.object({
      name: z.string(),
      folder: z.string().nullable(),
      done: z.int(),
      of: z.int(),
      startedAt: z.number(),
      /** Tokens and money so far, in words. */
      took: z.string().optional(),
    }),
  ),
  message: z.string().nullable(),
});
export type CurationStatus = z.infer<typeof statusSchema>;

const writeEveryMs = 500;

/** Keeps `status.json` of a curation at most half a second old while its process lives. */
export class StatusWriter {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #status: CurationStatus = { schemaVersion: 1, state: 'running', doing: '', features: [], message: null };
  #writtenAt = 0;
  #written: Promise<void> = Promise.resolve();

  constructor(folder: string, clock: Clock) {
    this.#file = path.join(folder, 'status.json');
    this.#clock = clock;
  }

  doing(what: string): void {
    this.#status.doing = what;
    this.#writeSoon();
  }

  feature(name: string, parts: { folder?: string; done?: number; of?: number; took?: string }): void {
    const { features } = this.#status;
    let feature = features.find((known) => known.name === name);
    if (!feature) {
      feature = { name, folder: null, done: 0, of: 0, startedAt: this.#clock.now() };
      features.push(feature);
    }
    Object.assign(feature, parts);
    this.doing(`Asking for ${name}`);
  }

  async end(state: 'stopped' | 'finished' | 'failed', message: string | null = null): Promise<void> {
    Object.assign(this.#status, { state, doing: '', message });
    await this.#write();
  }

  #writeSoon(): void {
    if (this.#clock.now() - this.#writtenAt >= writeEveryMs) void this.#write().catch(() => {}); // it is only a report
  }

  #write(): Promise<void> {
    this.#writtenAt = this.#clock.now();
    const text = `${JSON.stringify(this.#status)}\n`;
    this.#written = this.#written.catch(() => {}).then(() => writeWholeFile(this.#file, text));
    return this.#written;
  }
}

/** How a curation stands; undefined where it was only planned. */
export async function readCurationStatus(folder: string): Promise<CurationStatus | undefined> {
  const file = path.join(folder, 'status.json');
  if (!existsSync(file)) return undefined;
  const parsed = statusSchema.safeParse(await readJsonFile(file).catch(() => undefined));
  if (!parsed.success) return undefined;
  const isGone = parsed.data.state === 'running' && !(await folderHolder(folder));
  return isGone ? { ...parsed.data, state: 'stopped', doing: '' } : parsed.data;
}
