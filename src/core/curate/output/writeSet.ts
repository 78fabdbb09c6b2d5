import { mkdir, rm } from 'node:fs/promises';
import path from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { fileWriter, ParquetWriter } from 'hyparquet-writer';
import { SecondThoughtError } from '../../base/errors';
import { hashOf, reasonOf } from '../../base/files';
import { shortHash } from '../../base/seeds';
import type { GivenTrace } from '../collect';
import { LineWriter } from '../curationFolder';
import type { Row } from '../row';
import type { OutputRules } from './outputRules';
import { type TrainingFormat, trainingText } from './trainingText';

export interface ChosenRow {
  row: Row;
  trace: GivenTrace;
}

/** A row of the set in the columns of s1K_tokenized, with how it was selected beside them. */
function columnsOf({ row, trace }: ChosenRow, format: TrainingFormat, rules: OutputRules) {
  const { dialect, system, stepSeparator } = rules;
  return {
    solution: row.solution,
    question: row.question,
    cot_type: row.cotType,
    source_type: row.sourceType,
    metadata: row.metadata,
    cot: null,
    thinking_trajectories: [trace.thinking],
    attempt: trace.attempt,
    text: trainingText({
      ...trace,
      question: row.question,
      length: format === 'tcc' ? lengthOf(row, rules.length) : 0,
      dialect,
      format,
      system,
      stepSeparator,
    }),
    id: row.id,
    features: JSON.stringify(row.features),
  };
}

function lengthOf(row: Row, feature: string): number {
  const length = row.features[feature];
  if (typeof length === 'number') return length;
  throw new SecondThoughtError(
    'bad-usage',
    `The format tcc tells each row its length, and row ${row.id} has no number "${feature}".`,
    { remedy: `Drop such rows (quality: { notNull: [${feature}] }) or name another feature with output.length.` },
  );
}
type Columns = ReturnType<typeof columnsOf>;

/**
 * Writes the set: a file per training format and split, as JSON lines and Parquet, a row at a time.
 * @returns SHA-256 of each file, by name; none where there is no row
 */
export async function writeSet(
  folder: string,
  chosen: AsyncIterable<ChosenRow>,
  rules: OutputRules,
): Promise<Record<string, string>> {
  await rm(folder, { recursive: true, force: true });
  const files = new Map<string, SetFile>();
  const splits = rules.testShare === 0 ? ['train'] : ['train', 'test'];
  for await (const one of chosen) {
    if (files.size === 0) {
      await mkdir(folder, { recursive: true });
      for (const name of rules.formats.flatMap((format) => splits.map((split) => nameOf(format, split)))) {
        files.set(name, new SetFile(path.join(folder, name)));
      }
    }
    for (const format of rules.formats) {
      await files.get(nameOf(format, splitOf(one, rules)))?.add(columnsOf(one, format, rules));
    }
  }
  const hashes: Record<string, string> = {};
  for (const [name, file] of files) {
    await file.close();
    for (const ending of ['jsonl', 'parquet']) {
      hashes[`${name}.${ending}`] = await hashOf(path.join(folder, `${name}.${ending}`));
    }
  }
  return hashes;
}

const nameOf = (format: TrainingFormat, split: string) => (format === 'plain' ? split : `${format}-${split}`);

/** A row is in the test split by its hash, so that it stays there when others come and go. */
function splitOf({ row: { id } }: ChosenRow, { testShare, seed }: OutputRules): 'train' | 'test' {
  return Number.parseInt(shortHash(`${seed} split ${id}`).slice(0, 8), 16) < testShare * 2 ** 32 ? 'test' : 'train';
}

const groupRows = 1_000;

/** One file of the set in both its forms. */
class SetFile {
  readonly #file: string;
  readonly #lines: LineWriter;
  readonly #parquet: ParquetWriter;
  #group: Columns[] = [];

  /** @param file without its ending */
  constructor(file: string) {
    this.#file = `${file}.parquet`;
    this.#lines = new LineWriter(`${file}.jsonl`);
    this.#parquet = written(this.#file, () => new ParquetWriter({ writer: fileWriter(this.#file), schema }));
  }

  async add(row: Columns): Promise<void> {
    await this.#lines.write(row);
    if (this.#group.push(row) === groupRows) this.#flush();
  }

  async close(): Promise<void> {
    await this.#lines.close();
    if (this.#group.length > 0) this.#flush();
    written(this.#file, () => this.#parquet.finish());
  }

  #flush(): void {
    const rows = this.#group;
    this.#group = [];
    const columnData = names.map((name) => ({ name, data: rows.map((row) => row[name]) }));
    written(this.#file, () => this.#parquet.write({ columnData }));
  }
}

const textColumns = ['solution', 'question', 'cot_type', 'source_type', 'metadata', 'cot'] as const;
const moreTextColumns = ['attempt', 'text', 'id', 'features'] as const;

const names = [...textColumns, 'thinking_trajectories', ...moreTextColumns] as const;

const text = (name: string): SchemaElement => ({
  name,
  type: 'BYTE_ARRAY',
  converted_type: 'UTF8',
  repetition_type: 'OPTIONAL',
});

/** `cot` is a column of nulls and `thinking_trajectories` a list of one text, as in s1K. */
const schema: SchemaElement[] = [
  { name: 'root', num_children: names.length },
  ...textColumns.map(text),
  { name: 'thinking_trajectories', converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
  { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
  text('element'),
  ...moreTextColumns.map(text),
];

/** The library writes at once, so what fails is thrown here. */
function written<T>(file: string, write: () => T): T {
  try {
    return write();
  } catch (error) {
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, { cause: error });
  }
}
