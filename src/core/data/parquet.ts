import { type AsyncBuffer, asyncBufferFromFile, parquetMetadataAsync, parquetReadObjects } from 'hyparquet';
import { compressors } from 'hyparquet-compressors';
import { parquetWriteBuffer } from 'hyparquet-writer';
import { SecondThoughtError } from '../base/errors';
import { reasonOf, writeWholeFile } from '../base/files';
import { type DataRow, invalidData, type PlacedRow } from './row';

/** The rows of a Parquet file, one row group in memory at a time. */
export async function* readParquet(file: string): AsyncIterable<PlacedRow> {
  const buffer = await asyncBufferFromFile(file).catch((error) => {
    throw new SecondThoughtError('file-not-found', `Could not read ${file} (${reasonOf(error)}).`, { cause: error });
  });
  yield* readParquetFrom(buffer, file);
}

/** @param file what it is called in errors */
export async function* readParquetFrom(buffer: AsyncBuffer, file: string): AsyncIterable<PlacedRow> {
  const metadata = await inFile(file, 'it is not a Parquet file', () => parquetMetadataAsync(buffer));
  let rowStart = 0;
  for (const group of metadata.row_groups) {
    const from = rowStart;
    const rowEnd = from + Number(group.num_rows);
    const why = `rows ${from + 1} to ${rowEnd} cannot be read: the file is damaged, or uses what is not supported`;
    const read = () => parquetReadObjects({ file: buffer, metadata, compressors, rowStart: from, rowEnd });
    const rows = await inFile(file, why, read);
    for (const [index, row] of rows.entries()) yield { row: plain(row) as DataRow, line: from + index + 1 };
    rowStart = rowEnd;
  }
}

async function inFile<T>(file: string, why: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof SecondThoughtError) throw error; // the bytes could not be had
    throw Object.assign(invalidData(file, '', why), { cause: error });
  }
}

/** Parquet's own types as JSON has them: whole numbers that fit, dates as text, bytes as Base64. */
function plain(value: unknown): unknown {
  if (typeof value === 'bigint') return Number.isSafeInteger(Number(value)) ? Number(value) : value.toString();
  if (value instanceof Date) return value.toISOString();
  if (value instanceof Uint8Array) return Buffer.from(value).toString('base64');
  if (Array.isArray(value)) return value.map(plain);
  if (typeof value !== 'object' || value === null) return value ?? null;
  return Object.fromEntries(Object.entries(value).map(([name, each]) => [name, plain(each)]));
}

/** Columns of a table that is written: the type follows from the values, lists and objects become JSON text. */
export async function writeParquet(file: string, rows: readonly DataRow[]): Promise<void> {
  const names = [...new Set(rows.flatMap((row) => Object.keys(row)))];
  const columnData = names.map((name) => {
    const values = rows.map((row) => row[name] ?? null);
    return column(name, values);
  });
  await writeWholeFile(file, new Uint8Array(parquetWriteBuffer({ columnData })));
}

function column(name: string, values: unknown[]) {
  const present = values.filter((value) => value !== null);
  const areAll = (test: (value: unknown) => boolean) => present.length > 0 && present.every(test);
  if (areAll((value) => typeof value === 'boolean')) return { name, data: values, type: 'BOOLEAN' as const };
  if (areAll((value) => Number.isSafeInteger(value))) {
    return {
      name,
      data: values.map((value) => (value === null ? null : BigInt(value as number))),
      type: 'INT64' as const,
    };
  }
  if (areAll((value) => typeof value === 'number')) return { name, data: values, type: 'DOUBLE' as const };
  const text = (value: unknown) => (value === null || typeof value === 'string' ? value : JSON.stringify(value));
  return { name, data: values.map(text), type: 'STRING' as const };
}
