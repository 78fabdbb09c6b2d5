import { publishedFigure } from '../core/published/published';
import type { SampleRecord } from '../core/studies/sampleRecord';
import type { StudyRun } from '../core/studies/studyRun';
import type { ToRunViewer, WireRunStatus } from '../protocol/runViewer';
import { WirePlaces, wireCondition, wireProblem, wirePublished } from './toWire';

export type RunSnapshot = Extract<ToRunViewer, { type: 'run/snapshot' }>;

/** All that the page of a run shows before the numbers are made. The places name samples that come later. */
export function runSnapshot(
  run: Pick<StudyRun, 'about' | 'problems'>,
  { folder, records, status }: { folder: string; records: readonly SampleRecord[]; status: WireRunStatus | null },
): { snapshot: RunSnapshot; places: WirePlaces } {
  const conditions = run.about.conditions.map(wireCondition);
  const problems = run.problems.map(wireProblem);
  const places = new WirePlaces(conditions, problems);
  const { title, server, createdAt, seed, figure, trainingExamples = null, study } = run.about;
  const about = `${server.model} on ${server.id}, ${new Date(createdAt).toLocaleString()}, seed ${seed}`;
  const samples = places.samples(records);
  const shown = {
    title,
    about,
    folder,
    studyFile: study.file,
    conditions,
    problems,
    samples,
    status,
    trainingExamples,
  };
  const published = wirePublished(publishedFigure(figure));
  return { snapshot: { type: 'run/snapshot', ...shown, published, report: null }, places };
}
