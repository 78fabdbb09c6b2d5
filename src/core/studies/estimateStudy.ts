import { readdir } from 'node:fs/promises';
import path from 'node:path';
import { estimateEvaluation } from '../evaluate/estimate';
import type { SampleRecord } from './sampleRecord';
import type { StudyPlan } from './studyPlan';
import { readGrades } from './studyRun';

/** What a study will take. Null where no earlier run tells. */
export interface StudyEstimate {
  samples: number;
  tokens: number | null;
  durationMs: number | null;
  conditions: { name: string; requests: number; tokens: number | null; durationMs: number | null }[];
}

/** Judged by the samples that earlier runs in the same folder made under the same conditions. */
export async function estimateStudy(
  { conditions, problems }: Pick<StudyPlan, 'conditions' | 'problems'>,
  runsFolder: string,
  concurrency: number,
): Promise<StudyEstimate> {
  const earlier = await earlierRecords(runsFolder);
  const rows = conditions.map(({ key, name, samples }) => {
    const same = earlier.filter(({ conditionKey, outcome }) => conditionKey === key && outcome !== 'error');
    const {
      requests,
      tokens = null,
      durationMs = null,
    } = estimateEvaluation(samples * problems.length, concurrency, same);
    return { name, requests, tokens, durationMs };
  });
  const sum = (of: 'tokens' | 'durationMs') =>
    rows.reduce<number | null>((total, row) => (total === null || row[of] === null ? null : total + row[of]), 0);
  const samples = rows.reduce((total, { requests }) => total + requests, 0);
  return { samples, tokens: sum('tokens'), durationMs: sum('durationMs'), conditions: rows };
}

async function earlierRecords(runsFolder: string): Promise<SampleRecord[]> {
  const names = await readdir(runsFolder).catch(() => []);
  const runs = names.map((name) => readGrades(path.join(runsFolder, name)).catch(() => []));
  return (await Promise.all(runs)).flat();
}
