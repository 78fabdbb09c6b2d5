import path from 'node:path';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { readTextFile } from '../core/base/files';
import { cliScratchFolder } from '../core/base/folders';
import type { Connection } from '../core/servers/connect';
import { bundledServer } from '../core/servers/serverSpec';
import { parseAddress } from '../core/traces/address';
import { findWithForks, logprobsOf } from '../core/traces/forkStore';
import type { RecordedLogprobs } from '../core/traces/logprobs';
import { RunStore } from '../core/traces/runStore';
import type { Trace } from '../core/traces/trace';
import { parseTraceLogprobs, readTraceFile } from '../core/traces/traceFile';
import { type Choice, chooseServer, type ServerFlags } from './serverOptions';

/** A run by its folder; without one, the run of the traces that `force` made. @throws SecondThoughtError `file-not-found` */
export async function openRun(run: string | undefined): Promise<RunStore> {
  if (run === undefined) return RunStore.openScratch(cliScratchFolder(), systemClock);
  const store = RunStore.at(path.resolve(run), systemClock);
  await store.describe(); // says that there is no run, rather than no trace
  return store;
}

/** A trace by file name or by its address. */
export async function findTrace(reference: string): Promise<Trace> {
  if (reference.endsWith('.json')) return readTraceFile(reference);
  const { run, trace } = parseAddress(reference);
  return findWithForks(await openRun(run), trace, systemClock);
}

/** What was recorded of the tokens of a trace that was found by this reference. */
export async function findLogprobs(reference: string, trace: Trace): Promise<RecordedLogprobs | undefined> {
  if (reference.endsWith('.json')) return parseTraceLogprobs(await readTextFile(reference));
  return logprobsOf((await openRun(parseAddress(reference).run)).folder, trace);
}

/** The server that a trace is gone on with: the one of the flags, else the bundled one if it made the trace. */
export function serverFor(trace: Trace, flags: ServerFlags): Promise<Choice> {
  const isBundled = flags.server === undefined && trace.server.id === bundledServer.id;
  return chooseServer(isBundled ? { ...flags, server: bundledServer.id } : flags);
}

/** Ids mean something only to the model that made them. @throws SecondThoughtError `bad-usage` */
export function checkSameModel(trace: Trace, { server }: Pick<Connection, 'server'>): void {
  if (trace.server.model === server.model) return;
  throw new SecondThoughtError(
    'bad-usage',
    `The trace is of "${trace.server.model}", and the server at ${server.url} serves "${server.model}": its token ids would mean something else.`,
    { remedy: 'Give the server that serves the same model with --server.' },
  );
}
