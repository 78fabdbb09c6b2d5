import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { finished } from 'node:stream/promises';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { hashOf, readJsonFile, reasonOf, writeWholeFile } from '../base/files';
import { hubCommit, isHubName } from '../data/hub';
import { dataPath } from '../data/readRows';
import { textLines } from '../data/textLines';
import { type Collected, collectSource, type GivenTrace, type ReadRows } from './collect';
import type { CurationFile } from './curationFile';
import type { FunnelStage } from './decide';
import { type Decision, type Row, stages } from './row';
import { readStoredRows, type StoredRow } from './storedRows';

/** What was collected from where: written last, so that its absence means that collecting was not finished. */
const collectionSchema = z.object({
  schemaVersion: z.literal(1),
  /** Of everything that collecting depends on. */
  key: z.string(),
  sources: z.array(
    z.object({
      name: z.string(),
      file: z.string(),
      /** Null: on the Hub. */
      bytes: z.number().nullable(),
      /** SHA-256 of the file; on the Hub, the commit. */
      hash: z.string(),
      rows: z.int(),
      /** Characters of a question on average; tokens of a trace are a feature. */
      meanQuestionCharacters: z.number(),
    }),
  ),
});
export type Collection = z.infer<typeof collectionSchema>;

/** `funnel.json`. */
export const funnelSchema = z.object({
  schemaVersion: z.literal(1),
  stages: z.array(
    z.object({
      stage: z.enum(['collected', ...stages]),
      left: z.int(),
      bySource: z.record(z.string(), z.int()),
      dropped: z.record(z.string(), z.int()),
    }),
  ),
});

/** What became of a row, with all its features: those of its source, and what models said. */
export type DecidedRow = Decision & Pick<Row, 'id' | 'source' | 'features'>;

export interface CollectProgress {
  source: string;
  rows: number;
  /** Something that people should know, in a sentence. */
  note?: string;
}

/**
 * The folder of a curation: `curation.json` (as it was), `status.json` (how far it is), `rows.jsonl` (every candidate without long texts),
 * `texts/<trace>.jsonl` (traces that came with the sources), `features/` (what models said), `decisions.jsonl` (what became
 * of each row), `funnel.json`, `set/` (the result). Append-only or replaced whole.
 */
export class CurationFolder {
  readonly path: string;

  constructor(folder: string) {
    this.path = folder;
  }

  /** Makes the folder, unseen by git. */
  async make(): Promise<void> {
    await writeWholeFile(this.file('.gitignore'), '*\n');
  }

  file(...names: string[]): string {
    return path.join(this.path, ...names);
  }

  /**
   * Collects the rows of all sources, unless that was done with the same files and rules.
   * @param base folder that relative paths in the curation start from
   * @param keepsTexts rows whose traces are kept; without it, all
   */
  async collect(
    curation: CurationFile,
    base: string,
    readRows: ReadRows,
    onProgress: (progress: CollectProgress) => void,
    signal: AbortSignal,
    keepsTexts: (id: string) => boolean = () => true,
  ): Promise<Collection> {
    const key = await collectionKey(curation, base);
    const done = collectionSchema.safeParse(await readJsonFile(this.file('collected.json')).catch(() => undefined));
    if (done.success && done.data.key === key) return done.data;
    const before = new Map(done.data?.sources.map(({ file, hash }) => [file, hash]));
    await rm(this.file('collected.json'), { force: true });
    await rm(this.file('texts'), { recursive: true, force: true });
    await this.make();
    const texts = new TextWriter(this.file('texts'));
    const rows = new LineWriter(this.file('rows.jsonl.tmp'));
    const sources: Collection['sources'] = [];
    for (const entry of curation.sources) {
      const file = dataPath(base, entry.file);
      let count = 0;
      let characters = 0;
      const commit = isHubName(file) ? await hubCommit(file) : null;
      const earlier = before.get(entry.file);
      if (commit !== null && earlier !== undefined && earlier !== commit) {
        const note = `${entry.file} is at ${commit.slice(0, 12)} now; it was at ${earlier.slice(0, 12)}, and is collected anew.`;
        onProgress({ source: entry.name, rows: 0, note });
      }
      for await (const collected of collectSource(entry, readRows(file), curation.seed)) {
        if (signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
        const kept = keepsTexts(collected.row.id) ? await texts.write(collected) : {};
        await rows.write({ ...collected.row, texts: kept } satisfies Row);
        characters += collected.row.question.length;
        if (++count % 1_000 === 0) onProgress({ source: entry.name, rows: count });
      }
      if (count === 0) throw emptySource(entry.name, entry.file);
      const { bytes, hash } = await stampOf(file);
      if (commit !== null && commit !== hash) throw changedMeanwhile(entry.file);
      sources.push({
        name: entry.name,
        file: entry.file,
        bytes,
        hash,
        rows: count,
        meanQuestionCharacters: characters / count,
      });
    }
    await texts.close();
    await rows.close();
    await rename(this.file('rows.jsonl.tmp'), this.file('rows.jsonl'));
    const collection: Collection = { schemaVersion: 1, key, sources };
    await writeWholeFile(this.file('collected.json'), `${JSON.stringify(collection, null, 1)}\n`);
    return collection;
  }

  /** Every collected row, in the order of the sources; their texts stay on disk. @throws as `readStoredRows` */
  rows(): Promise<StoredRow[]> {
    return readStoredRows(this.file('rows.jsonl'));
  }

  async collection(): Promise<Collection> {
    const parsed = collectionSchema.safeParse(await readJsonFile(this.file('collected.json')));
    if (parsed.success) return parsed.data;
    throw damaged(this.file('collected.json'));
  }

  /** A trace that came with a source. */
  async givenTrace(row: Row, name: string): Promise<GivenTrace | undefined> {
    const place = row.texts[name];
    if (!place) return undefined;
    const handle = await open(this.file('texts', `${name}.jsonl`), 'r');
    try {
      const { buffer } = await handle.read(Buffer.alloc(place[1]), 0, place[1], place[0]);
      return JSON.parse(buffer.toString('utf8')) as GivenTrace;
    } finally {
      await handle.close();
    }
  }

  /** Writes what became of every row, and the counts of each stage. */
  async writeDecisions(rows: readonly Row[], decisions: readonly Decision[], funnel: readonly FunnelStage[]) {
    const file = this.file('decisions.jsonl');
    const lines = new LineWriter(`${file}.tmp`);
    for (const [index, { id, source, features }] of rows.entries()) {
      await lines.write({ id, source, ...decisions[index], features });
    }
    await lines.close();
    await rename(`${file}.tmp`, file);
    await writeWholeFile(
      this.file('funnel.json'),
      `${JSON.stringify({ schemaVersion: 1, stages: funnel }, null, 1)}\n`,
    );
  }

  /** @throws SecondThoughtError `file-not-found` where the curation was not run */
  async decisions(): Promise<DecidedRow[]> {
    const decisions: DecidedRow[] = [];
    for await (const line of textLines(this.file('decisions.jsonl'))) decisions.push(JSON.parse(line)); // written by us, whole
    return decisions;
  }
}

/** Of everything that collecting depends on. @throws SecondThoughtError `file-not-found` */
export async function collectionKey(curation: CurationFile, base: string): Promise<string> {
  const files = await Promise.all(
    curation.sources.map(async ({ file }) => {
      try {
        if (isHubName(file)) return await hubCommit(file);
        const { size, mtimeMs } = await stat(dataPath(base, file));
        return [size, mtimeMs];
      } catch (error) {
        if (error instanceof SecondThoughtError) throw error;
        throw new SecondThoughtError('file-not-found', `Could not read ${file} (${reasonOf(error)}).`, {
          cause: error,
        });
      }
    }),
  );
  const told = JSON.stringify({ version: 2, seed: curation.seed, sources: curation.sources, files });
  return createHash('sha256').update(told).digest('hex');
}

async function stampOf(file: string): Promise<{ bytes: number | null; hash: string }> {
  if (isHubName(file)) return { bytes: null, hash: await hubCommit(file) };
  return { bytes: (await stat(file)).size, hash: await hashOf(file) };
}

/** Lines of JSON, one file, written as a stream. */
export class LineWriter {
  readonly #stream;
  #failure: unknown;
  #pieces: string[] = [];
  #bytes = 0;
  /** Bytes written so far, by this writer. */
  offset = 0;

  constructor(file: string, flags: 'w' | 'a' = 'w') {
    this.#stream = createWriteStream(file, { flags });
    this.#stream.on('error', (error) => {
      this.#failure = error;
    });
  }

  /** @returns offset and length of the value, without the end of its line */
  async write(value: unknown): Promise<[number, number]> {
    if (this.#failure) throw notWritten(this.#stream.path.toString(), this.#failure);
    const line = `${JSON.stringify(value)}\n`;
    const length = Buffer.byteLength(line);
    const place: [number, number] = [this.offset, length - 1];
    this.offset += length;
    this.#pieces.push(line);
    this.#bytes += length;
    if (this.#bytes > 1 << 20) await this.#flush();
    return place;
  }

  async close(): Promise<void> {
    await this.#flush();
    this.#stream.end();
    await finished(this.#stream).catch((error) => {
      throw notWritten(this.#stream.path.toString(), error);
    });
  }

  async #flush(): Promise<void> {
    const text = this.#pieces.join('');
    this.#pieces = [];
    this.#bytes = 0;
    if (text === '' || this.#stream.write(text)) return;
    await once(this.#stream, 'drain').catch(() => {}); // a failure is told by the next write
  }
}

/** The texts of given traces, a file for each name. */
class TextWriter {
  readonly #folder: string;
  readonly #files = new Map<string, LineWriter>();

  constructor(folder: string) {
    this.#folder = folder;
  }

  async write({ row, traces }: Collected): Promise<Row['texts']> {
    const texts: Row['texts'] = {};
    for (const [name, trace] of Object.entries(traces)) {
      let file = this.#files.get(name);
      if (!file) {
        await mkdir(this.#folder, { recursive: true });
        file = new LineWriter(path.join(this.#folder, `${name}.jsonl`));
        this.#files.set(name, file);
      }
      texts[name] = await file.write({ id: row.id, ...trace });
    }
    return texts;
  }

  async close(): Promise<void> {
    for (const file of this.#files.values()) await file.close();
  }
}

const emptySource = (name: string, file: string) =>
  new SecondThoughtError('invalid-file', `The source "${name}" (${file}) gives no row.`, {
    remedy: 'Check its preset, its field names and its where.',
  });

const changedMeanwhile = (file: string) =>
  new SecondThoughtError('invalid-file', `${file} changed on the Hub while it was read.`, {
    remedy: 'Run it again, or pin it: &revision=COMMIT.',
  });

const damaged = (file: string) =>
  new SecondThoughtError('invalid-file', `${file} is not what a curation writes.`, {
    remedy: 'Remove it and run the curation again.',
  });

const notWritten = (file: string, error: unknown) =>
  new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, {
    cause: error,
    remedy: 'Check that the folder is writable and has space left.',
  });
