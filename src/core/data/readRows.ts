import { stat } from 'node:fs/promises';
import path from 'node:path';
import { Readable } from 'node:stream';
import { CsvError, parse as csvParser } from 'csv-parse';
import * as z from 'zod';
import { isError, SecondThoughtError } from '../base/errors';
import { isHubName, readHub } from './hub';
import { readParquet } from './parquet';
import { type DataRow, invalidData, type PlacedRow } from './row';
import { textLines, textPieces } from './textLines';

/** Formats of tables, by the ends of file names. */
const readers: Record<string, (file: string) => AsyncIterable<PlacedRow>> = {
  '.jsonl': jsonLines,
  '.ndjson': jsonLines,
  '.json': jsonRows,
  '.csv': (file) => separated(file, ','),
  '.tsv': (file) => separated(file, '\t'),
  '.parquet': readParquet,
};

/** What a file of data says, beside the file that names it; a data set of the Hub is where it is. */
export const dataPath = (base: string, file: string): string => (isHubName(file) ? file : path.resolve(base, file));

export const isTable = (file: string) => isHubName(file) || Object.hasOwn(readers, path.extname(file).toLowerCase());

/**
 * The rows of a table, one at a time: on disk JSON lines, JSON, CSV, TSV or Parquet, by the end of its name; on the Hugging
 * Face Hub by `hf://datasets/OWNER/NAME`. Only JSON is
 * read whole; of Parquet one row group is in memory.
 * @throws SecondThoughtError `file-not-found`, `invalid-file` (with the line), `bad-usage` for another format
 */
export function readRows(file: string): AsyncIterable<PlacedRow> {
  if (isHubName(file)) return readHub(file);
  const extension = path.extname(file).toLowerCase();
  const read = Object.hasOwn(readers, extension) ? readers[extension] : undefined;
  if (read) return read(file);
  throw new SecondThoughtError('bad-usage', `${path.basename(file)} is not a table that can be read.`, {
    remedy: `Formats: ${Object.keys(readers).join(', ')}.`,
  });
}

const rowSchema = z.record(z.string(), z.unknown());

async function* jsonLines(file: string): AsyncIterable<PlacedRow> {
  let line = 0;
  for await (const text of textLines(file)) {
    line++;
    if (text.trim() !== '') yield { row: asRow(parseJson(text, file, `:${line}`), file, `:${line}`), line };
  }
}

/** Larger files are to be JSON lines: a JSON text has to be whole before it means anything. */
const largestJson = 512 * 2 ** 20;

/** A list of objects, or an object with one list of objects in it. */
async function* jsonRows(file: string): AsyncIterable<PlacedRow> {
  const size = await stat(file).then(
    (info) => info.size,
    () => 0,
  );
  if (size > largestJson) throw invalidData(file, '', 'it is larger than 512 MB', 'Write it as JSON lines (.jsonl).');
  let text = '';
  for await (const piece of textPieces(file)) text += piece;
  const value = parseJson(text, file, '');
  const lists = Array.isArray(value)
    ? [value]
    : Object.values(rowSchema.safeParse(value).data ?? {}).filter(Array.isArray);
  const [list] = lists;
  if (lists.length !== 1 || !list)
    throw invalidData(file, '', 'it holds no list of rows, or several', 'Make it one list of objects.');
  for (const [index, row] of list.entries()) yield { row: asRow(row, file, `, row ${index + 1}`), line: index + 1 };
}

function parseJson(text: string, file: string, where: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw invalidData(file, where, 'this is not JSON', where === '' ? undefined : 'Each line is one JSON object.');
  }
}

function asRow(value: unknown, file: string, where: string): DataRow {
  const parsed = rowSchema.safeParse(value);
  if (parsed.success && !Array.isArray(value)) return parsed.data;
  throw invalidData(file, where, 'this is not an object');
}

/** RFC 4180 with a header line; every value is text. */
async function* separated(file: string, delimiter: string): AsyncIterable<PlacedRow> {
  const text = Readable.from(textPieces(file));
  const parser = csvParser({ delimiter, columns: true, info: true, skip_empty_lines: true });
  text.on('error', (error) => parser.destroy(error)); // pipe() does not carry errors on
  text.pipe(parser);
  try {
    for await (const { record, info } of parser as AsyncIterable<{ record: DataRow; info: { lines: number } }>) {
      yield { row: record, line: info.lines };
    }
  } catch (error) {
    if (error instanceof CsvError) throw invalidData(file, `:${Number(error.lines ?? 1)}`, csvReason(error));
    throw isError(error, 'invalid-file') || error instanceof SecondThoughtError
      ? error
      : invalidData(file, '', String(error));
  }
}

const csvReason = ({ message }: CsvError) =>
  message.replace(/\.?$/, '').replace(/^./, (letter) => letter.toLowerCase());
