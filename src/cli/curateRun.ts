import path from 'node:path';
import { systemClock } from '../core/base/clock';
import { isError, toSecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import type { CurationFile } from '../core/curate/curationFile';
import { StatusWriter } from '../core/curate/curationStatus';
import type { FeatureOptions } from '../core/curate/features/addFeatures';
import { type CurationOptions, type CurationResult, runCuration } from '../core/curate/runCuration';
import { doneShards, mergeShards, missingShards, runShard, shardFolder } from '../core/curate/shards';
import { describeDuration } from '../core/evaluate/estimate';
import type { Shard } from '../core/studies/shard';
import { funnelText, inFolder, type Place, placeOf } from './curatePlace';
import { Servers } from './curateServers';
import { printJson } from './output';
import type { ProgressLine } from './progressLine';
import type { ServerFlags } from './serverOptions';

export interface RunFlags extends ServerFlags {
  out?: string;
  shard?: Shard;
  concurrency: number;
  waitFor: number;
  /** Mebibytes. */
  memory?: number;
  json?: boolean;
}

/** `second-thought curate run`, of all rows or of one shard. */
export async function runFile(file: string, flags: RunFlags, packageRoot: string): Promise<void> {
  const place = await placeOf(file, flags.out);
  const { shard } = flags;
  if (!shard) return tell(place, flags, await curating(place, flags, packageRoot, runCuration));
  const own = { ...place, folder: shardFolder(place.folder, shard) };
  const record = await curating(own, flags, packageRoot, (curation, options) => runShard(curation, shard, options));
  if (flags.json) printJson({ folder: own.folder, ...record });
  else process.stdout.write(`Shard ${shard.index}/${shard.of}: asked about ${record.rows} rows\n${own.folder}\n`);
}

export interface MergeFlags {
  out?: string;
  whenComplete?: boolean;
  json?: boolean;
}

/** `second-thought curate merge`: the set from what all shards asked. No server is needed. */
export async function mergeFile(file: string, flags: MergeFlags, packageRoot: string): Promise<void> {
  const place = await placeOf(file, flags.out);
  if (flags.whenComplete && !(await isComplete(place))) return;
  try {
    const nobody = { concurrency: 1, waitFor: 0 };
    const result = await curating(place, nobody, packageRoot, async (curation, options) => {
      const kept = await mergeShards(curation, options.base, options.folder);
      return runCuration(curation, { ...options, features: { ...options.features, kept } });
    });
    tell(place, flags, result);
  } catch (error) {
    if (!flags.whenComplete || !isError(error, 'busy')) throw error; // the last two ended together: the other one merges
  }
}

async function isComplete({ folder }: Place): Promise<boolean> {
  const done = await doneShards(folder);
  const isAll = done.length > 0 && missingShards(done).length === 0;
  if (!isAll) process.stderr.write('Other shards are not done: whichever is last merges.\n');
  return isAll;
}

function tell({ folder }: Place, { json }: { json?: boolean }, { verdicts, hashes }: CurationResult): void {
  if (json) printJson({ schemaVersion: 1, folder, stages: verdicts.funnel, files: hashes });
  else process.stdout.write(`${funnelText(verdicts.funnel)}\n${folder}\n`);
}

/** Takes the folder for some work, which connects to servers as it needs them; the folder says how it stands, and how it ended. */
async function curating<T>(
  place: Place,
  flags: Pick<RunFlags, 'concurrency' | 'waitFor' | 'memory'> & ServerFlags,
  packageRoot: string,
  work: (curation: CurationFile, options: CurationOptions) => Promise<T>,
): Promise<T> {
  const { base, folder } = place;
  return inFolder(place, async (curation, signal, progress) => {
    const status = new StatusWriter(folder, systemClock);
    const servers = new Servers(flags, packageRoot, signal);
    try {
      status.doing('Collecting');
      const result = await work(curation, {
        base,
        folder,
        signal,
        memory: flags.memory === undefined ? undefined : flags.memory * 2 ** 20,
        onProgress({ source, rows, note }) {
          if (note !== undefined) process.stderr.write(`${printable(note)}\n`);
          progress.show(`${source}: ${rows} rows`);
          status.doing(`Collecting ${source}: ${rows} rows`);
        },
        features: {
          connectTo: (id) => servers.connectTo(id),
          dialectOf: async (id) => (await servers.choose(id)).dialect,
          taxonomyFile: path.join(packageRoot, 'media', 'curation', 'msc.json'),
          concurrency: flags.concurrency,
          clock: systemClock,
          patienceMs: flags.waitFor * 1_000,
          ...reportTo(progress, status),
        },
      });
      await status.end('finished');
      return result;
    } catch (error) {
      const { code, message } = toSecondThoughtError(error);
      const isStopped = code === 'cancelled';
      await status.end(isStopped ? 'stopped' : 'failed', isStopped ? null : message).catch(() => {}); // the error itself is told
      throw error;
    } finally {
      await servers.close();
    }
  });
}

function reportTo(
  progress: ProgressLine,
  status: StatusWriter,
): Pick<FeatureOptions, 'onAsking' | 'onProgress' | 'onAway'> {
  return {
    onAsking: (name, folder) => status.feature(name, { folder }),
    onProgress(name, done, of) {
      progress.show(name, done, of);
      status.feature(name, { done, of });
    },
    onAway(name, waitedMs) {
      const away = `${name}: the server is away, for ${describeDuration(waitedMs)}`;
      progress.show(away);
      status.doing(away);
    },
  };
}
