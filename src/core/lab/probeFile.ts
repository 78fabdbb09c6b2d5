import path from 'node:path';
import { appendJsonLine, parseJsonLines, readTextFile } from '../base/files';
import { type ProbeRecord, probeRecordSchema } from './probe';

const fileOf = (runFolder: string) => path.join(runFolder, 'probes.jsonl');

/** The probes kept with a run: the latest of each trace and setting, oldest first. */
export async function readProbes(runFolder: string): Promise<ProbeRecord[]> {
  const text = await readTextFile(fileOf(runFolder)).catch(() => '');
  const records = parseJsonLines(text).flatMap((line) => probeRecordSchema.safeParse(line).data ?? []);
  return [...new Map(records.map((record) => [JSON.stringify([record.traceId, record.setting]), record])).values()];
}

/** @throws SecondThoughtError `file-not-written` */
export const appendProbes = (runFolder: string, record: ProbeRecord): Promise<void> =>
  appendJsonLine(fileOf(runFolder), record);
