import { open } from 'node:fs/promises';
import path from 'node:path';
import { parseJsonLines } from '../base/files';
import { type RunStatus, readRunStatus } from './runStatus';
import { type SampleRecord, sampleRecordSchema } from './sampleRecord';

/** Reads the records of a run as they are written, each line once. */
export class RunFollower {
  readonly #folder: string;
  #offset = 0;

  constructor(folder: string) {
    this.#folder = folder;
  }

  /** What came since the last call, and how the run stands. A line that is still being written is left for the next call. */
  async next(): Promise<{ records: SampleRecord[]; status: RunStatus | undefined }> {
    const text = await this.#newLines();
    const records = parseJsonLines(text).flatMap((line) => sampleRecordSchema.safeParse(line).data ?? []);
    return { records, status: await readRunStatus(this.#folder) };
  }

  async #newLines(): Promise<string> {
    const handle = await open(path.join(this.#folder, 'grades.jsonl')).catch(() => undefined);
    if (!handle) return '';
    try {
      const { size } = await handle.stat();
      if (size < this.#offset) this.#offset = 0; // it was replaced
      const bytes = Buffer.alloc(size - this.#offset);
      await handle.read(bytes, 0, bytes.length, this.#offset);
      const whole = bytes.subarray(0, bytes.lastIndexOf(10) + 1);
      this.#offset += whole.length;
      return whole.toString('utf8');
    } finally {
      await handle.close();
    }
  }
}
