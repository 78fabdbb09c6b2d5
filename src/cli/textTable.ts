import { printable } from '../core/base/untrustedText';

/** Columns of a table for a terminal: the first to the left, the others to the right; a line per row under its head. */
export function textTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const cells = [head, ...rows].map((row) => row.map((cell) => printable(cell.replace(/\s+/g, ' ')).slice(0, 48)));
  const widths = head.map((_, column) => Math.max(...cells.map((row) => row[column]?.length ?? 0)));
  const lineOf = (row: readonly string[]) =>
    row
      .map((cell, column) => (column === 0 ? cell.padEnd(widths[0] ?? 0) : cell.padStart(widths[column] ?? 0)))
      .join('  ');
  return cells.map((row) => lineOf(row).trimEnd()).join('\n');
}
