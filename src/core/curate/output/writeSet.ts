import { createHash } from 'node:crypto';
import { mkdir, rm, writeFile } from 'node:fs/promises';
import path from 'node:path';
import type { SchemaElement } from 'hyparquet';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { SecondThoughtError } from '../../base/errors';
import { reasonOf, writeWholeFile } from '../../base/files';
import { shortHash } from '../../base/seeds';
import type { GivenTrace } from '../collect';
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
 * Writes the set: a file per training format and split, as JSON lines and Parquet.
 * @returns SHA-256 of each file, by name
 */
export async function writeSet(
  folder: string,
  chosen: readonly ChosenRow[],
  rules: OutputRules,
): Promise<Record<string, string>> {
  await rm(folder, { recursive: true, force: true });
  await mkdir(folder, { recursive: true });
  const hashes: Record<string, string> = {};
  for (const format of rules.formats) {
    const all = chosen.map((one) => columnsOf(one, format, rules));
    for (const [split, rows] of Object.entries(splitsOf(all, rules))) {
      const name = format === 'plain' ? split : `${format}-${split}`;
      const lines = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
      await writeWholeFile(path.join(folder, `${name}.jsonl`), lines);
      hashes[`${name}.jsonl`] = hashOf(lines);
      const parquet = parquetOf(rows);
      await writeBytes(path.join(folder, `${name}.parquet`), parquet);
      hashes[`${name}.parquet`] = hashOf(parquet);
    }
  }
  return hashes;
}

/** A row is in the test split by its hash, so that it stays there when others come and go. */
function splitsOf(rows: Columns[], { testShare, seed }: OutputRules): Record<string, Columns[]> {
  if (testShare === 0) return { train: rows };
  const isTest = ({ id }: Columns) =>
    Number.parseInt(shortHash(`${seed} split ${id}`).slice(0, 8), 16) < testShare * 2 ** 32;
  return { train: rows.filter((row) => !isTest(row)), test: rows.filter(isTest) };
}

/** `cot` is a column of nulls and `thinking_trajectories` a list of one text, as in s1K. */
function parquetOf(rows: Columns[]): Uint8Array {
  const names = [...textColumns, 'thinking_trajectories', ...moreTextColumns] as const;
  const text = (name: string): SchemaElement => ({
    name,
    type: 'BYTE_ARRAY',
    converted_type: 'UTF8',
    repetition_type: 'OPTIONAL',
  });
  const schema: SchemaElement[] = [
    { name: 'root', num_children: names.length },
    ...textColumns.map(text),
    { name: 'thinking_trajectories', converted_type: 'LIST', repetition_type: 'OPTIONAL', num_children: 1 },
    { name: 'list', repetition_type: 'REPEATED', num_children: 1 },
    text('element'),
    ...moreTextColumns.map(text),
  ];
  const columnData = names.map((name) => ({ name, data: rows.map((row) => row[name]) }));
  return new Uint8Array(parquetWriteBuffer({ columnData, schema }));
}

const textColumns = ['solution', 'question', 'cot_type', 'source_type', 'metadata', 'cot'] as const;
const moreTextColumns = ['attempt', 'text', 'id', 'features'] as const;

const hashOf = (data: string | Uint8Array) => createHash('sha256').update(data).digest('hex');

async function writeBytes(file: string, bytes: Uint8Array): Promise<void> {
  try {
    await writeFile(file, bytes);
  } catch (error) {
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, { cause: error });
  }
}
