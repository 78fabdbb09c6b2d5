import path from 'node:path';
import { SecondThoughtError } from '../base/errors';

/** A row of a table: plain JSON values, whatever the file's own types are. */
export type DataRow = Record<string, unknown>;

export interface PlacedRow {
  row: DataRow;
  /** Its line in a text file, counted from 1; its number in others. */
  line: number;
}

/** @param where `:12` or nothing */
export function invalidData(file: string, where: string, why: string, remedy?: string): SecondThoughtError {
  return new SecondThoughtError('invalid-file', `${path.basename(file)}${where}: ${why}.`, remedy ? { remedy } : {});
}
