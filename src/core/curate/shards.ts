import { appendFile, copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { endsTorn, readJsonFile, writeWholeFile } from '../base/files';
import { shortHash } from '../base/seeds';
import { type Shard, shardSchema } from '../studies/shard';
import type { CurationFile } from './curationFile';
import { CurationFolder, collectionKey, LineWriter } from './curationFolder';
import { decide } from './decide';
import { addFeatures, checkProducers } from './features/addFeatures';
import type { Reply } from './features/reply';
import { type IndexedReply, ReplyIndex } from './features/replyIndex';
import { outputRulesOf } from './output/outputRules';
import { rulesOf } from './rules';
import { type CurationOptions, rowsIn, rowsToAsk, testSets } from './runCuration';

/** A row is of one shard, whatever the other rows are. */
export const isOfShard = (id: string, { index, of }: Shard): boolean =>
  Number.parseInt(id.slice(0, 8), 16) % of === index;

export const shardFolder = (folder: string, { index, of }: Shard): string =>
  path.join(folder, 'shards', `${index}-of-${of}`);

/** `shard.json`, written last: all replies about the shard's rows are there. */
const recordSchema = z.object({
  schemaVersion: z.literal(1),
  shard: shardSchema,
  /** Of the collection, and of what was asked. */
  collection: z.string(),
  asked: z.string(),
  rows: z.int().nonnegative(),
  /** Feature, then the folder of its replies under `features/`. */
  features: z.record(z.string(), z.string()),
});
export type ShardRecord = z.infer<typeof recordSchema>;

const askedKey = ({ features, seed }: CurationFile) => shortHash(JSON.stringify([features, seed]));

/**
 * Asks models about the rows of one shard; `options.folder` is the shard's own. Replies depend on the row and nothing else, so all shards
 * together are what one process would have made.
 * @throws SecondThoughtError as `runCuration`
 */
export async function runShard(curation: CurationFile, shard: Shard, options: CurationOptions): Promise<ShardRecord> {
  const { base, folder, signal, onProgress } = options;
  const rules = rulesOf(curation);
  rules.decontaminate.memory = options.memory;
  outputRulesOf(curation, rules);
  checkProducers(curation);
  refuseAuto(curation);
  const place = new CurationFolder(folder);
  await rm(place.file('shard.json'), { force: true });
  const isOwn = (id: string) => isOfShard(id, shard);
  const { key } = await place.collect(curation, base, rowsIn, onProgress, signal, isOwn);
  const rows = await place.rows();
  const early = decide(rows, await testSets(curation, base), rules, 'features');
  const own = rowsToAsk(rows, early, curation).filter(({ id }) => isOwn(id));
  const features: Record<string, string> = {};
  const { onAsking } = options.features;
  await addFeatures(own, curation, {
    ...options.features,
    base,
    folder: place,
    signal,
    onAsking(name, where) {
      features[name] = where;
      onAsking?.(name, where);
    },
  });
  const record: ShardRecord = {
    schemaVersion: 1,
    shard,
    collection: key,
    asked: askedKey(curation),
    rows: own.length,
    features,
  };
  await writeWholeFile(place.file('shard.json'), `${JSON.stringify(record, null, 1)}\n`);
  return record;
}

/** The cap `auto` depends on the longest of all questions that run together, which no shard knows. */
function refuseAuto({ features = {} }: CurationFile): void {
  for (const [name, producer] of Object.entries(features)) {
    if (!('condition' in producer) || producer.condition?.maxThinkingTokens !== 'auto') continue;
    throw new SecondThoughtError('bad-usage', `The cap of "${name}" is auto, which depends on all rows at once.`, {
      remedy: 'Give it a number, or run the curation without shards.',
    });
  }
}

/** The shards that are done. */
export async function doneShards(folder: string): Promise<ShardRecord[]> {
  const names = await readdir(path.join(folder, 'shards')).catch(() => []);
  const records = await Promise.all(
    names
      .filter((name) => /^\d+-of-\d+$/.test(name))
      .map((name) => readJsonFile(path.join(folder, 'shards', name, 'shard.json')).catch(() => undefined)),
  );
  return records
    .flatMap((record) => recordSchema.safeParse(record).data ?? [])
    .sort((a, b) => a.shard.index - b.shard.index);
}

/** Of the division that the first is of. */
export function missingShards(done: readonly ShardRecord[]): number[] {
  const there = new Set(done.map(({ shard }) => shard.index));
  return [...new Array(done[0]?.shard.of ?? 0).keys()].filter((index) => !there.has(index));
}

/**
 * Brings the replies of all shards together under `features/`, beside what is there. Stopped half-way, it begins again.
 * @returns the folder of each feature's replies
 * @throws SecondThoughtError `bad-usage` where shards are missing, or are not of this curation and these sources
 */
export async function mergeShards(curation: CurationFile, base: string, folder: string): Promise<Map<string, string>> {
  const done = await doneShards(folder);
  await refuseUnfit(done, curation, base, folder);
  for (const { shard, features } of done) {
    for (const name of Object.values(features)) {
      const part = path.join(shardFolder(folder, shard), 'features', name);
      await mergeReplies(path.join(folder, 'features', name), part, shard);
    }
  }
  return featuresOf(done);
}

/** A shard does not know features that none of its rows lacked. */
const featuresOf = (done: readonly ShardRecord[]) => new Map(done.flatMap(({ features }) => Object.entries(features)));

async function refuseUnfit(done: readonly ShardRecord[], curation: CurationFile, base: string, folder: string) {
  const [first] = done;
  if (!first) throw unfit(`${folder} holds no shard that is done.`, 'Run them first: curate run FILE --shard 0/8 …');
  if (done.some(({ shard }) => shard.of !== first.shard.of)) {
    throw unfit(`${folder} holds shards of different divisions.`, 'Remove those that do not count from shards/.');
  }
  const missing = missingShards(done);
  if (missing.length > 0) {
    const list = missing.slice(0, 20).join(', ');
    const { of } = first.shard;
    throw unfit(`Of ${of} shards these are not done: ${list}.`, `Run curate run FILE --shard ${missing[0]}/${of}.`);
  }
  const key = await collectionKey(curation, base);
  const folders = featuresOf(done);
  for (const { shard, collection, asked, features } of done) {
    const isSame = Object.entries(features).every(([name, place]) => folders.get(name) === place);
    if (isSame && collection === key && asked === askedKey(curation)) continue;
    throw unfit(
      `Shard ${shard.index}/${shard.of} was made with other sources, models or conditions than now.`,
      `Run it again: curate run FILE --shard ${shard.index}/${shard.of}.`,
    );
  }
}

const unfit = (message: string, remedy: string) => new SecondThoughtError('bad-usage', message, { remedy });

/** Appends the replies that `target` lacks; their traces are there first. */
async function mergeReplies(target: string, part: string, shard: Shard): Promise<void> {
  const [known, theirs] = [new ReplyIndex(target), new ReplyIndex(part)];
  await Promise.all([known.update(), theirs.update()]);
  const isLacking = ({ id, sample, error }: Pick<IndexedReply, 'id' | 'sample' | 'error'>) =>
    error === undefined && !known.of(id).some((reply) => reply.sample === sample && reply.error === undefined);
  const lacking = [...theirs.all()].filter(isLacking);
  if (lacking.length === 0) return;
  await mkdir(target, { recursive: true });
  await copyTraces(part, target, shard);
  const file = path.join(target, 'replies.jsonl');
  if (endsTorn(file)) await appendFile(file, '\n');
  const lines = new LineWriter(file, 'a');
  for (const reply of lacking) {
    const { place: _, ...rest } = reply;
    await lines.write({ ...rest, ...(await theirs.textsOf(reply)) } satisfies Reply);
  }
  await lines.close();
}

/** Files of traces under numbers of the shard's own, so that one that is there already is known. */
async function copyTraces(from: string, to: string, { index: shard }: Shard): Promise<void> {
  const names = (await readdir(from)).filter((name) => /^traces-\d{4,}\.jsonl$/.test(name)).sort();
  const there = new Set(await readdir(to));
  for (const [index, name] of names.entries()) {
    const own = `traces-${10_000 * (shard + 1) + index}.jsonl`;
    if (there.has(own)) continue;
    await copyFile(path.join(from, name), path.join(to, `${own}.part`));
    await rename(path.join(to, `${own}.part`), path.join(to, own));
  }
}
