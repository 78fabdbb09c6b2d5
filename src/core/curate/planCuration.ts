import { readdir } from 'node:fs/promises';
import type { CurationFile, Producer } from './curationFile';
import { type CollectProgress, CurationFolder } from './curationFolder';
import { decide, type FunnelStage } from './decide';
import { checkProducers } from './features/addFeatures';
import { ReplyIndex } from './features/replyIndex';
import { outputRulesOf } from './output/outputRules';
import { rulesOf } from './rules';
import { rowsIn, rowsToAsk, testSets } from './runCuration';

/** What asking for one feature takes. */
export interface PlannedProducer {
  name: string;
  /** Rows that lack it. */
  rows: number;
  /** At most; replies that are kept from an earlier run are not asked for again. */
  requests: number;
  /** Generated tokens by the mean of earlier replies; null where there are none. */
  tokens: number | null;
}

/** Collects, and says what is left before features matter and what they take. Asks no model. */
export async function planCuration(
  curation: CurationFile,
  options: { base: string; folder: string; signal: AbortSignal; onProgress(progress: CollectProgress): void },
): Promise<{ funnel: FunnelStage[]; producers: PlannedProducer[] }> {
  const rules = rulesOf(curation);
  outputRulesOf(curation, rules); // what could not be written is said before anything is asked
  checkProducers(curation);
  const place = new CurationFolder(options.folder);
  await place.collect(curation, options.base, rowsIn, options.onProgress, options.signal);
  const rows = await place.rows();
  const tests = await testSets(curation, options.base);
  const early = decide(rows, tests, rules, 'features');
  const left = rowsToAsk(rows, early, curation);
  const producers: PlannedProducer[] = [];
  for (const [name, producer] of Object.entries(curation.features ?? {})) {
    const lacking = left.filter((row) => (row.features[name] ?? null) === null).length;
    const requests = lacking * repliesOfEach(producer);
    const mean = await meanTokens(place, name);
    producers.push({ name, rows: lacking, requests, tokens: mean === null ? null : Math.round(requests * mean) });
  }
  return { funnel: early.funnel, producers };
}

/** The usual case of a model that keeps to the form: one reply. Rules and tokenizers generate nothing. */
function repliesOfEach(producer: Producer): number {
  if (producer.kind === 'trace') return producer.samples ?? 1;
  return producer.kind === 'domain' || (producer.kind === 'grade' && producer.by === 'judge') ? 1 : 0;
}

async function meanTokens(place: CurationFolder, name: string): Promise<number | null> {
  const folders = await readdir(place.file('features')).catch(() => []);
  const own = folders.filter((folder) => new RegExp(`^${name}-[0-9a-f]{16}$`).test(folder));
  let [replies, tokens] = [0, 0];
  for (const folder of own) {
    const index = new ReplyIndex(place.file('features', folder));
    await index.update();
    replies += index.size;
    for (const { generatedTokens } of index.all()) tokens += generatedTokens;
  }
  return replies === 0 ? null : tokens / replies;
}
