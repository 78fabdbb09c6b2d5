import path from 'node:path';
import { readTextFile } from '../core/base/files';
import { lockFolder } from '../core/base/folderLock';
import { printable } from '../core/base/untrustedText';
import { type CurationFile, parseCuration } from '../core/curate/curationFile';
import { CurationFolder } from '../core/curate/curationFolder';
import { writeAbout } from '../core/curate/curationStatus';
import type { FunnelStage } from '../core/curate/decide';
import { untilInterrupted } from './interrupt';
import { ProgressLine } from './progressLine';

export interface Place {
  /** The curation file. */
  file: string;
  curation: CurationFile;
  base: string;
  folder: string;
}

export async function placeOf(file: string, out: string | undefined): Promise<Place> {
  const name = path.basename(file).replace(/(\.curation)?\.ya?ml$/, '');
  const base = path.dirname(path.resolve(file));
  const curation = parseCuration(await readTextFile(file), path.basename(file));
  return { file: path.resolve(file), curation, base, folder: path.resolve(out ?? path.join(base, 'curations', name)) };
}

/** Takes the folder for this process until the work ends or is stopped. */
export async function inFolder<T>(
  { folder, file, curation }: Place,
  work: (curation: CurationFile, signal: AbortSignal, progress: ProgressLine) => Promise<T>,
): Promise<T> {
  const { signal, release } = untilInterrupted();
  const progress = new ProgressLine(process.stderr);
  await new CurationFolder(folder).make();
  const free = await lockFolder(folder);
  try {
    const asRun = await writeAbout(folder, file, curation);
    return await work(asRun, signal, progress);
  } finally {
    progress.clear();
    release();
    await free();
  }
}

/** One line per stage: rows left, and what was dropped by which rule. */
export function funnelText(funnel: readonly FunnelStage[]): string {
  return funnel
    .map(({ stage, left, dropped }) => {
      const rules = Object.entries(dropped).map(([rule, count]) => `${count} ${printable(rule)}`);
      return `${stage.padEnd(16)} ${String(left).padStart(8)}${rules.length > 0 ? `   − ${rules.join(', ')}` : ''}`;
    })
    .join('\n');
}
