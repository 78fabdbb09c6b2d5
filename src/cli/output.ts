import { isError, reportError, toSecondThoughtError } from '../core/base/errors';

/** Exit codes of the command line: 0 ok, 1 failed, 2 bad usage, 130 interrupted. */
export function exitCodeOf(error: unknown): number {
  if (isError(error, 'cancelled')) return 130;
  return usageCodes.has(toSecondThoughtError(error).code) ? 2 : 1;
}

const usageCodes = new Set(['bad-usage', 'empty-problem', 'problem-not-found']);

/** Errors go to standard error: as JSON for programs, as one or two sentences for people. */
export function printError(error: unknown, asJson: boolean): void {
  const report = reportError(error);
  if (asJson) process.stderr.write(`${JSON.stringify({ error: report })}\n`);
  else
    process.stderr.write(`${paint(process.stderr, 'red', 'Error:')} ${report.message}\n${remedyLine(report.remedy)}`);
}

const remedyLine = (remedy: string | undefined) => (remedy ? `${remedy}\n` : '');

export function printJson(value: unknown): void {
  process.stdout.write(`${JSON.stringify(value, null, 2)}\n`);
}

const codes = { dim: 2, red: 31, green: 32, yellow: 33, cyan: 36, bold: 1, inverse: 7 } as const;
export type Style = keyof typeof codes;

/** Colours a text if the stream is a terminal that wants colours (https://no-color.org). */
export function paint(stream: NodeJS.WriteStream, style: Style, text: string): string {
  const isPlain = !stream.isTTY || process.env.NO_COLOR !== undefined || process.env.TERM === 'dumb';
  return isPlain || text === '' ? text : `\u001b[${codes[style]}m${text}\u001b[0m`;
}
