import { copyFile, mkdir, readdir, rename, rm } from 'node:fs/promises';
import path from 'node:path';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { folderHolder } from '../base/folderLock';
import { compareFingerprints } from '../servers/fingerprint';
import { StudyRun } from './studyRun';

/**
 * Puts the shards of a study together in a folder that is not there yet: the run that one process would have made. Seeds depend on
 * problem, condition and sample alone, so the samples are the same. What a shard has left is left in the whole, begun traces included.
 * @throws SecondThoughtError `bad-usage` where they do not make a whole, `busy`, `server-changed`, `file-not-found`, `invalid-file`
 */
export async function mergeShards(folders: readonly string[], into: string, clock: Clock): Promise<StudyRun> {
  const shards = await Promise.all(folders.map((folder) => StudyRun.open(folder, clock)));
  checkWhole(shards);
  for (const { folder } of shards) {
    if (await folderHolder(folder)) {
      throw new SecondThoughtError('busy', `${folder} is still being worked on.`, {
        remedy: 'Merge when it has ended.',
      });
    }
  }
  const [first] = shards as [StudyRun];
  const { title, seed, conditions, grader, figure, trainingExamples, released, study, server, fingerprint } =
    first.about;
  const partial = `${into}.partial`;
  await rm(partial, { recursive: true, force: true });
  const plan = {
    title,
    seed,
    conditions,
    problems: first.problems,
    ...(grader ? { grader } : {}),
    ...(figure ? { figure } : {}),
    ...(trainingExamples ? { trainingExamples } : {}),
    ...(released ? { released } : {}),
  };
  const whole = await StudyRun.create(partial, plan, { study, server, clock });
  if (fingerprint) await whole.identifyServer(fingerprint);
  await whole.writeAll(shards.flatMap((shard) => [...shard.records]));
  await copyTraces(shards, partial);
  await rename(partial, into);
  return StudyRun.open(into, clock);
}

function checkWhole(shards: readonly StudyRun[]): void {
  const why = whyNotWhole(shards);
  if (why) throw new SecondThoughtError('bad-usage', why, { remedy: 'Name each shard of one study once.' });
  const [first, ...others] = shards.flatMap(({ about }) => about.fingerprint ?? []);
  const changes = first ? others.flatMap((other) => compareFingerprints(first, other).refuse) : [];
  if (changes.length === 0) return;
  throw new SecondThoughtError('server-changed', `Two shards were made on different servers. ${changes[0]}`, {
    remedy: 'Run one of them again, on the server of the others.',
  });
}

function whyNotWhole(shards: readonly StudyRun[]): string | undefined {
  const [first] = shards;
  const of = first?.about.shard?.of;
  for (const { about, folder } of shards) if (!about.shard) return `${folder} is no shard, but a whole run.`;
  const other = shards.find((shard) => shard.about.shard?.of !== of || planOf(shard) !== planOf(first ?? shard));
  if (other) return `${first?.folder} and ${other.folder} are not shards of the same study.`;
  const there = new Set(shards.map(({ about }) => about.shard?.index));
  const missing = Array.from({ length: of ?? 0 }, (_, index) => index).filter((index) => !there.has(index));
  if (missing.length > 0) return `Of ${of} shards these are missing: ${missing.join(', ')}.`;
  return shards.length === of ? undefined : `There are ${shards.length} runs, and ${of} shards.`;
}

const planOf = ({ about: { conditions, seed, grader }, problems }: StudyRun) =>
  JSON.stringify([conditions, seed, grader, problems]);

/** Files of finished traces get the next numbers; journals, notes and probes keep what they are. */
async function copyTraces(shards: readonly StudyRun[], into: string): Promise<void> {
  let number = 0;
  for (const { folder } of shards) {
    const names = await readdir(folder);
    for (const name of names.filter((each) => /^traces-\d{4,}\.jsonl$/.test(each)).sort())
      await copyFile(path.join(folder, name), path.join(into, `traces-${String(++number).padStart(4, '0')}.jsonl`));
    const live = await readdir(path.join(folder, 'live')).catch(() => []);
    if (live.length > 0) await mkdir(path.join(into, 'live'), { recursive: true });
    for (const name of live) await copyFile(path.join(folder, 'live', name), path.join(into, 'live', name));
  }
}
