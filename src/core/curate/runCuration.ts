import { SecondThoughtError } from '../base/errors';
import { writeWholeFile } from '../base/files';
import { dataPath, readRows } from '../data/readRows';
import type { SourceRow } from './collect';
import type { CurationFile } from './curationFile';
import { type Collection, type CollectProgress, CurationFolder } from './curationFolder';
import { decide, type Verdicts } from './decide';
import { addFeatures, checkProducers, type FeatureOptions } from './features/addFeatures';
import type { MadeTraces } from './features/madeTraces';
import { dataCard } from './output/dataCard';
import { outputRulesOf } from './output/outputRules';
import { type ChosenRow, writeSet } from './output/writeSet';
import type { Row } from './row';
import { rulesOf, tracesOf } from './rules';
import type { TestSet } from './stages/decontaminate';

export interface CurationResult {
  collection: Collection;
  verdicts: Verdicts;
  rows: Row[];
  /** SHA-256 of each file of the set; empty where no source has the trace that is trained on. */
  hashes: Record<string, string>;
}

export interface CurationOptions {
  /** Folder that relative paths start from. */
  base: string;
  folder: string;
  signal: AbortSignal;
  onProgress(progress: CollectProgress): void;
  /** Bytes for comparing n-grams; it decides nothing. */
  memory?: number | undefined;
  /** How models are asked; needed where the file declares features. */
  features: Omit<FeatureOptions, 'base' | 'folder' | 'signal'>;
}

/**
 * Runs a curation: collects (once per state of its sources), asks models for what rows lack, decides about every row, writes
 * the set and its card. Same sources, replies, rules and seed: same bytes.
 * @throws SecondThoughtError `bad-usage`, `file-not-found`, `invalid-file`, `file-not-written`, `cancelled`, and what a server
 *   fails with
 */
export async function runCuration(curation: CurationFile, options: CurationOptions): Promise<CurationResult> {
  const { base, folder, signal, onProgress } = options;
  const rules = rulesOf(curation);
  rules.decontaminate.memory = options.memory;
  const outputRules = outputRulesOf(curation, rules);
  checkProducers(curation);
  const place = new CurationFolder(folder);
  const collection = await place.collect(curation, base, rowsIn, onProgress, signal);
  const rows = await place.rows();
  const tests = await testSets(curation, base);
  const asked = { ...options.features, base, folder: place, signal };
  const early = decide(rows, tests, rules, 'features');
  const toAsk = rowsToAsk(rows, early, curation);
  if (toAsk.length > 0) await place.writeDecisions(rows, early.decisions, early.funnel); // for those who watch
  const made = await addFeatures(toAsk, curation, asked);
  const verdicts = decide(rows, tests, rules);
  await place.writeDecisions(rows, verdicts.decisions, verdicts.funnel);
  const chosen = verdicts.chosen.map((index) => rows[index] as Row);
  const written: Row[] = [];
  const hashes = await writeSet(place.file('set'), withTraces(place, chosen, curation, made, written), outputRules);
  const seeds = verdicts.selection?.seeds ?? 0;
  const card = {
    curation,
    rules,
    collection,
    funnel: verdicts.funnel,
    chosen: written,
    seeds,
    hashes,
  };
  if (written.length > 0) await writeWholeFile(place.file('set', 'README.md'), dataCard(card));
  return { collection, verdicts, rows, hashes };
}

export async function* rowsIn(file: string): AsyncIterable<SourceRow> {
  for await (const { row } of readRows(file)) yield row;
}

/** Rows that are left when features begin to matter: nobody is asked about contaminated rows and duplicates. */
export function rowsToAsk(rows: Row[], { decisions }: Verdicts, curation: CurationFile): Row[] {
  if (Object.keys(curation.features ?? {}).length === 0) return [];
  return rows.filter((_, index) => decisions[index]?.reason.rule === 'undecided');
}

export async function testSets({ decontaminate = {} }: CurationFile, base: string): Promise<TestSet[]> {
  const sets = (decontaminate.against ?? []).map(async ({ name, file, question }) => {
    const questions: string[] = [];
    for await (const { row } of readRows(dataPath(base, file))) {
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

/**
 * The chosen rows with the trace that is trained on; none where the sources bring no such trace.
 * @param written gets the rows that have one
 */
async function* withTraces(
  place: CurationFolder,
  rows: readonly Row[],
  curation: CurationFile,
  made: MadeTraces,
  written: Row[],
): AsyncIterable<ChosenRow> {
  const name = curation.output?.trace ?? 'teacher';
  if (!tracesOf(curation).includes(name)) return;
  for (const row of rows) {
    const trace = (await made.textsOf(name, row.id))[0] ?? (await place.givenTrace(row, name));
    if (!trace) continue;
    written.push(row);
    yield { row, trace };
  }
}
