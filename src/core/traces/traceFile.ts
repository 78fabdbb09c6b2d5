import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { readTextFile, writeWholeFile } from '../base/files';
import { firstIssue } from '../inference/wire';
import { type RecordedLogprobs, recordedLogprobsSchema } from './logprobs';
import { type Trace, traceSchema, traceSchemaVersion } from './trace';

/** `*.trace.json`: one trace, self-contained, with its log-probabilities where they were recorded. */
export async function writeTraceFile(file: string, trace: Trace, logprobs?: RecordedLogprobs): Promise<void> {
  await writeWholeFile(file, traceFileText(trace, logprobs));
}

export function traceFileText(trace: Trace, logprobs?: RecordedLogprobs): string {
  const body = JSON.stringify(trace, null, 1);
  // Indented they would be a line for each number.
  return logprobs ? `${body.slice(0, -2)},\n "logprobs": ${JSON.stringify(logprobs)}\n}\n` : `${body}\n`;
}

/** The log-probabilities in a trace file; undefined where it holds none that fit. */
export function parseTraceLogprobs(text: string): RecordedLogprobs | undefined {
  const { logprobs } = z.looseObject({ logprobs: recordedLogprobsSchema }).safeParse(JSON.parse(text)).data ?? {};
  return logprobs;
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
