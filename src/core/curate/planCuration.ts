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
  /** Id of the server that it names; null: the usual one. */
  server: string | null;
  /** Generated tokens by the mean of earlier replies; null where there are none. So are the following. */
  tokens: number | null;
  promptTokens: number | null;
  /** With eight replies at the same time. */
  durationMs: number | null;
}

/** Replies at the same time, where nothing else is said. */
const usualConcurrency = 8;

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
    const mean = await meanReply(place, name);
    const server = ('server' in producer && producer.server) || null;
    const times = (one: number | undefined) => (one === undefined ? null : Math.round(requests * one));
    producers.push({
      name,
      rows: lacking,
      requests,
      server,
      tokens: times(mean?.generated),
      promptTokens: times(mean?.prompt),
      durationMs: times(mean && mean.durationMs / Math.max(1, Math.min(usualConcurrency, requests))),
    });
  }
  return { funnel: early.funnel, producers };
}

/** The usual case of a model that keeps to the form: one reply. Rules and tokenizers generate nothing. */
function repliesOfEach(producer: Producer): number {
  if (producer.kind === 'trace') return producer.samples ?? 1;
  return producer.kind === 'domain' || (producer.kind === 'grade' && producer.by === 'judge') ? 1 : 0;
}

interface MeanReply {
  generated: number;
  prompt: number;
  durationMs: number;
}

async function meanReply(place: CurationFolder, name: string): Promise<MeanReply | undefined> {
  const folders = await readdir(place.file('features')).catch(() => []);
  const own = folders.filter((folder) => new RegExp(`^${name}-[0-9a-f]{16}$`).test(folder));
  const sum: MeanReply = { generated: 0, prompt: 0, durationMs: 0 };
  let replies = 0;
  for (const folder of own) {
    const index = new ReplyIndex(place.file('features', folder));
    await index.update();
    replies += index.size;
    for (const { generatedTokens, promptTokens = 0, durationMs = 0 } of index.all()) {
      sum.generated += generatedTokens;
      sum.prompt += promptTokens;
      sum.durationMs += durationMs;
    }
  }
  if (replies === 0) return undefined;
  return { generated: sum.generated / replies, prompt: sum.prompt / replies, durationMs: sum.durationMs / replies };
}
