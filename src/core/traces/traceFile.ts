import { SecondThoughtError } from '../base/errors';
import { readTextFile, writeWholeFile } from '../base/files';
import { firstIssue } from '../inference/wire';
import { type Trace, traceSchema, traceSchemaVersion } from './trace';

/** `*.trace.json`: one trace, self-contained. */
export async function writeTraceFile(file: string, trace: Trace): Promise<void> {
  await writeWholeFile(file, `${JSON.stringify(trace, null, 1)}\n`);
}

/** @throws SecondThoughtError `file-not-found`, `invalid-file` (also for a newer schema) */
export async function readTraceFile(file: string): Promise<Trace> {
  return parseTrace(await readTextFile(file), file);
}

export function parseTrace(text: string, from: string): Trace {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new SecondThoughtError('invalid-file', `${from} is not JSON.`, { cause: error });
  }
  const version = (value as { schemaVersion?: unknown } | null)?.schemaVersion;
  if (typeof version === 'number' && version > traceSchemaVersion) {
    throw new SecondThoughtError('invalid-file', `${from} was written by a newer version (trace schema ${version}).`, {
      remedy: 'Update Second Thought.',
    });
  }
  const parsed = traceSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  throw new SecondThoughtError('invalid-file', `${from} is not a trace: ${firstIssue(parsed.error)}.`);
}
