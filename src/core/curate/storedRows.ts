import { closeSync, createReadStream, openSync, readSync } from 'node:fs';
import { SecondThoughtError } from '../base/errors';
import { reasonOf } from '../base/files';
import { type FeatureValue, type Row, rowSchema } from './row';

type Texts = Pick<Row, 'question' | 'solution' | 'metadata'>;

const blockBytes = 1 << 20;
const closers = new FinalizationRegistry<number>(closeSync);

/** Reads texts of rows where they are wanted: read in order, a file is read once in large pieces. */
class RowTexts {
  readonly #file: number;
  #block: Buffer = Buffer.alloc(0);
  #start = 0;
  /** Where the row that was asked for last ends. */
  #last = 0;
  #known: { offset: number; texts: Texts } | undefined;

  constructor(file: string) {
    this.#file = openSync(file, 'r');
    closers.register(this, this.#file);
  }

  at(offset: number, length: number): Texts {
    if (this.#known?.offset === offset) return this.#known.texts;
    const texts = JSON.parse(this.#read(offset, length).toString('utf8')) as Texts; // written by us, whole or not at all
    this.#known = { offset, texts };
    this.#last = offset + length;
    return texts;
  }

  #read(offset: number, length: number): Buffer {
    const at = offset - this.#start;
    if (at >= 0 && at + length <= this.#block.length) return this.#block.subarray(at, at + length);
    const isNext = offset - this.#last >= 0 && offset - this.#last < blockBytes;
    const buffer = Buffer.allocUnsafe(isNext ? Math.max(blockBytes, length) : length);
    const block = buffer.subarray(0, readSync(this.#file, buffer, 0, buffer.length, offset));
    if (isNext) [this.#block, this.#start] = [block, offset];
    return block.subarray(0, length);
  }
}

/** A row whose question, solution and metadata stay in the file; they are read each time they are asked for. */
class StoredRow implements Row {
  readonly id: string;
  readonly source: string;
  readonly sourceType: string;
  readonly cotType: string;
  readonly texts: Row['texts'];
  readonly features: Record<string, FeatureValue>;
  readonly #file: RowTexts;
  readonly #offset: number;
  readonly #length: number;

  constructor(row: Omit<Row, keyof Texts>, file: RowTexts, offset: number, length: number) {
    this.id = row.id;
    this.source = row.source;
    this.sourceType = row.sourceType;
    this.cotType = row.cotType;
    this.texts = row.texts;
    this.features = row.features;
    this.#file = file;
    this.#offset = offset;
    this.#length = length;
  }

  get question(): string {
    return this.#file.at(this.#offset, this.#length).question;
  }

  get solution(): string | null {
    return this.#file.at(this.#offset, this.#length).solution;
  }

  get metadata(): string {
    return this.#file.at(this.#offset, this.#length).metadata;
  }

  withFeatures(features: Row['features']): StoredRow {
    return new StoredRow({ ...this, features }, this.#file, this.#offset, this.#length);
  }
}

export type { StoredRow };

/**
 * The rows of `rows.jsonl` in their order, without their texts in memory.
 * @throws SecondThoughtError `file-not-found`, `invalid-file`
 */
export async function readStoredRows(file: string): Promise<StoredRow[]> {
  const rows: StoredRow[] = [];
  const known = new Map<string, string>();
  /** One copy of texts that many rows share. */
  const one = (text: string): string => {
    const first = known.get(text);
    if (first === undefined) known.set(text, text);
    return first ?? text;
  };
  let texts: RowTexts;
  try {
    texts = new RowTexts(file);
  } catch (error) {
    throw new SecondThoughtError('file-not-found', `Could not read ${file} (${reasonOf(error)}).`, { cause: error });
  }
  for await (const { line, offset } of placedLines(file)) {
    const row = parsed(line, file, rows.length === 0);
    const features = Object.entries(row.features).map(([name, value]) => [
      name,
      typeof value === 'string' ? one(value) : value,
    ]);
    const shared = { source: one(row.source), sourceType: one(row.sourceType), cotType: one(row.cotType) };
    rows.push(new StoredRow({ ...row, ...shared, features: Object.fromEntries(features) }, texts, offset, line.length));
  }
  return rows;
}

/** All lines are of one program: the first tells whether it was ours. */
function parsed(line: Buffer, file: string, isFirst: boolean): Row {
  try {
    const row: unknown = JSON.parse(line.toString('utf8'));
    return isFirst ? rowSchema.parse(row) : (row as Row);
  } catch (error) {
    throw new SecondThoughtError('invalid-file', `${file} is not what a curation writes.`, {
      cause: error,
      remedy: 'Remove it and run the curation again.',
    });
  }
}

/** Lines as bytes, each with the place of its first byte in the file. */
async function* placedLines(file: string): AsyncIterable<{ line: Buffer; offset: number }> {
  let rest: Buffer = Buffer.alloc(0);
  let offset = 0;
  for await (const piece of createReadStream(file, { highWaterMark: blockBytes })) {
    const bytes = rest.length === 0 ? (piece as Buffer) : Buffer.concat([rest, piece as Buffer]);
    let start = 0;
    for (let end = bytes.indexOf(10); end !== -1; end = bytes.indexOf(10, start)) {
      if (end > start) yield { line: bytes.subarray(start, end), offset: offset + start };
      start = end + 1;
    }
    offset += start;
    rest = bytes.subarray(start);
  }
  if (rest.length > 0) yield { line: rest, offset };
}
