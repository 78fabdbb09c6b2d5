import path from 'node:path';
import { SecondThoughtError } from '../base/errors';
import { writeWholeFile } from '../base/files';
import { readRows } from '../data/readRows';
import type { SourceRow } from './collect';
import type { CurationFile } from './curationFile';
import { type Collection, type CollectProgress, CurationFolder } from './curationFolder';
import { decide, type Verdicts } from './decide';
import { dataCard } from './output/dataCard';
import { qwenSystem } from './output/trainingText';
import { type ChosenRow, writeSet } from './output/writeSet';
import type { Row } from './row';
import { rulesOf } from './rules';
import type { TestSet } from './stages/decontaminate';

export interface CurationResult {
  collection: Collection;
  verdicts: Verdicts;
  rows: Row[];
  /** SHA-256 of each file of the set; empty where no source has the trace that is trained on. */
  hashes: Record<string, string>;
}

/**
 * Runs a curation: collects (once per state of its sources), decides about every row, writes the set and its card.
 * Same sources, rules and seed: same bytes.
 * @param base folder that relative paths start from
 * @throws SecondThoughtError `bad-usage`, `file-not-found`, `invalid-file`, `file-not-written`, `cancelled`
 */
export async function runCuration(
  curation: CurationFile,
  {
    base,
    folder,
    signal,
    onProgress,
  }: { base: string; folder: string; signal: AbortSignal; onProgress(progress: CollectProgress): void },
): Promise<CurationResult> {
  const rules = rulesOf(curation);
  refuseProducers(curation);
  const place = new CurationFolder(folder);
  const collection = await place.collect(curation, base, rowsIn, onProgress, signal);
  const rows = await place.rows();
  const verdicts = decide(rows, await testSets(curation, base), rules);
  await place.writeDecisions(rows, verdicts.decisions, verdicts.funnel);
  const chosen = await withTraces(
    place,
    verdicts.chosen.map((index) => rows[index] as Row),
    curation,
  );
  const { output = {} } = curation;
  const hashes =
    chosen.length === 0
      ? {}
      : await writeSet(place.file('set'), chosen, {
          dialect: output.dialect ?? 's1',
          formats: output.formats ?? ['plain'],
          system: output.system ?? qwenSystem,
          length: output.length ?? rules.select.length,
          testShare: output.testShare ?? 0,
          seed: rules.seed,
        });
  const seeds = verdicts.selection?.seeds ?? 0;
  const card = {
    curation,
    rules,
    collection,
    funnel: verdicts.funnel,
    chosen: chosen.map(({ row }) => row),
    seeds,
    hashes,
  };
  if (chosen.length > 0) await writeWholeFile(place.file('set', 'README.md'), dataCard(card));
  return { collection, verdicts, rows, hashes };
}

async function* rowsIn(file: string): AsyncIterable<SourceRow> {
  for await (const { row } of readRows(file)) yield row;
}

/** What models would say has to be in the sources: this version asks none. */
function refuseProducers({ features = {} }: CurationFile): void {
  const [name] = Object.keys(features);
  if (name === undefined) return;
  throw new SecondThoughtError(
    'bad-usage',
    `The feature "${name}" is to be made by a model, and curations ask none yet.`,
    {
      remedy: 'Name a field of the sources that holds it, under sources: features.',
    },
  );
}

async function testSets({ decontaminate = {} }: CurationFile, base: string): Promise<TestSet[]> {
  const sets = (decontaminate.against ?? []).map(async ({ name, file, question }) => {
    const questions: string[] = [];
    for await (const { row } of readRows(path.resolve(base, file))) {
      const text = question === undefined ? (row.question ?? row.problem) : row[question];
      if (typeof text === 'string') questions.push(text);
    }
    if (questions.length > 0) return { name, questions };
    throw new SecondThoughtError('invalid-file', `The test set "${name}" (${file}) holds no question.`, {
      remedy: 'Name the field of the question: question: FIELD.',
    });
  });
  return Promise.all(sets);
}

/** The chosen rows with the trace that is trained on; none where the sources bring no such trace. */
async function withTraces(
  place: CurationFolder,
  rows: Row[],
  { sources, output = {} }: CurationFile,
): Promise<ChosenRow[]> {
  const name = output.trace ?? 'teacher';
  if (!sources.some(({ traces = {} }) => name in traces)) return [];
  const chosen: ChosenRow[] = [];
  for (const row of rows) {
    const trace = await place.givenTrace(row, name);
    if (trace) chosen.push({ row, trace });
  }
  return chosen;
}
