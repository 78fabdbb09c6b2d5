import { appendFile, mkdir } from 'node:fs/promises';
import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { endsTorn, parseJsonLines, readTextFile, reasonOf } from '../base/files';
import { type ProbeRecord, probeRecordSchema } from './probe';

const fileOf = (runFolder: string) => path.join(runFolder, 'probes.jsonl');

/** The probes kept with a run: the latest of each trace and setting, oldest first. */
export async function readProbes(runFolder: string): Promise<ProbeRecord[]> {
  const text = await readTextFile(fileOf(runFolder)).catch(() => '');
  const records = parseJsonLines(text).flatMap((line) => probeRecordSchema.safeParse(line).data ?? []);
  return [...new Map(records.map((record) => [JSON.stringify([record.traceId, record.setting]), record])).values()];
}

/** @throws SecondThoughtError `file-not-written` */
export async function appendProbes(runFolder: string, record: ProbeRecord): Promise<void> {
  const file = fileOf(runFolder);
  try {
    await mkdir(runFolder, { recursive: true });
    await appendFile(file, `${endsTorn(file) ? '\n' : ''}${JSON.stringify(record)}\n`, { flush: true });
  } catch (error) {
    throw new SecondThoughtError('file-not-written', `Could not write ${file} (${reasonOf(error)}).`, { cause: error });
  }
}
