import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { type RunStatus, readRunStatus } from './runStatus';
import { readRunFile, type StudyRunFile } from './studyRun';

/** A run of a study as a list shows it. */
export interface RunSummary {
  folder: string;
  about: StudyRunFile;
  status: RunStatus | undefined;
}

/** A run by its folder; undefined where there is none. */
export async function summarizeRun(folder: string): Promise<RunSummary | undefined> {
  try {
    const about = await readRunFile(path.join(folder, 'run.json'));
    return { folder, about, status: await readRunStatus(folder) };
  } catch {
    return undefined; // of another kind, damaged, or of a newer version: opening it says so
  }
}

/** The runs that a study has beside it, newest first. */
export async function runsOfStudy(studyFile: string): Promise<RunSummary[]> {
  const runs = path.join(path.dirname(studyFile), 'runs');
  const names = await readdir(runs).catch(() => []);
  const found = await Promise.all(names.map((name) => summarizeRun(path.join(runs, name))));
  return found
    .flatMap((run) => (run && path.resolve(run.about.study.file) === path.resolve(studyFile) ? [run] : []))
    .sort((a, b) => b.about.createdAt.localeCompare(a.about.createdAt, 'en'));
}
