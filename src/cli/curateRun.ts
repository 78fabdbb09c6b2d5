import path from 'node:path';
import { systemClock } from '../core/base/clock';
import { toSecondThoughtError } from '../core/base/errors';
import { StatusWriter } from '../core/curate/curationStatus';
import type { FeatureOptions } from '../core/curate/features/addFeatures';
import { runCuration } from '../core/curate/runCuration';
import { describeDuration } from '../core/evaluate/estimate';
import { type Connection, connect } from '../core/servers/connect';
import { funnelText, inFolder, placeOf } from './curatePlace';
import { printJson } from './output';
import type { ProgressLine } from './progressLine';
import { type Choice, chooseServer, type ServerFlags } from './serverOptions';

export interface RunFlags extends ServerFlags {
  out?: string;
  concurrency: number;
  waitFor: number;
  json?: boolean;
}

/** `second-thought curate run`: the folder says how far it is, to a terminal and to the viewer. */
export async function runFile(file: string, flags: RunFlags, packageRoot: string): Promise<void> {
  const place = await placeOf(file, flags.out);
  const { base, folder } = place;
  const { verdicts, hashes } = await inFolder(place, async (curation, signal, progress) => {
    const status = new StatusWriter(folder, systemClock);
    const servers = new Servers(flags, packageRoot, signal);
    try {
      status.doing('Collecting');
      const result = await runCuration(curation, {
        base,
        folder,
        signal,
        onProgress({ source, rows }) {
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
  if (flags.json) printJson({ schemaVersion: 1, folder, stages: verdicts.funnel, files: hashes });
  else process.stdout.write(`${funnelText(verdicts.funnel)}\n${folder}\n`);
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

/** One connection to each server that features name; those that name none go to the one of the flags. */
class Servers {
  readonly #connections = new Map<string, Promise<Connection>>();

  constructor(
    readonly flags: ServerFlags,
    readonly packageRoot: string,
    readonly signal: AbortSignal,
  ) {}

  connectTo(id: string | undefined): Promise<Connection> {
    const known = this.#connections.get(id ?? '');
    if (known) return known;
    const opened = this.#open(id);
    this.#connections.set(id ?? '', opened);
    return opened;
  }

  /** A server that a feature names has its own model, key and dialect. */
  choose(id: string | undefined): Promise<Choice> {
    const { model: _, apiKeyEnv: __, dialect: ___, ...others } = this.flags;
    return chooseServer(id === undefined ? this.flags : { ...others, server: id });
  }

  async close(): Promise<void> {
    for (const opened of this.#connections.values()) await opened.then((one) => one.close()).catch(() => {});
  }

  async #open(id: string | undefined): Promise<Connection> {
    const { packageRoot, signal, flags } = this;
    const { server } = await this.choose(id);
    return connect(server, { packageRoot, signal, ...(flags.deterministic ? { deterministic: true } : {}) });
  }
}
