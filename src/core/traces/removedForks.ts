import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { appendJsonLine, parseJsonLines, readTextFile } from '../base/files';
import type { RunStore } from './runStore';
import type { Trace } from './trace';

/**
 * `removed.jsonl` of a run: forks that were taken away, so that no list shows them. Traces are append-only, so nothing of
 * them is erased, and each can be brought back. The last line of an id counts.
 */
const lineSchema = z.object({
  schemaVersion: z.literal(1),
  traceId: z.string(),
  at: z.string(),
  isRemoved: z.boolean(),
});

const fileOf = (runFolder: string) => path.join(runFolder, 'removed.jsonl');

/** The ids of the forks that were removed. */
export async function removedForks(runFolder: string): Promise<ReadonlySet<string>> {
  const text = await readTextFile(fileOf(runFolder)).catch(() => '');
  const removed = new Set<string>();
  for (const line of parseJsonLines(text)) {
    const { data } = lineSchema.safeParse(line);
    if (data?.isRemoved) removed.add(data.traceId);
    else if (data) removed.delete(data.traceId);
  }
  return removed;
}

/**
 * Removes a fork from the run that holds it, or brings it back. Only a leaf can go, so that no fork loses its parent.
 * @throws SecondThoughtError `bad-usage` for a trace that is no fork, that still runs, or that has forks; `file-not-written`
 */
export async function setForkRemoved(store: RunStore, fork: Trace, isRemoved: boolean, clock: Clock): Promise<void> {
  if (isRemoved) await refuseAllButLeaves(store, fork);
  const at = new Date(clock.now()).toISOString();
  await appendJsonLine(fileOf(store.folder), { schemaVersion: 1, traceId: fork.id, at, isRemoved });
}

/** A removed fork of a run by the beginning of its id. @throws SecondThoughtError `bad-usage` */
export async function findRemovedFork(store: RunStore, idPrefix: string): Promise<Trace> {
  const [id, ...more] = [...(await removedForks(store.folder))].filter((each) => each.startsWith(idPrefix));
  if (id !== undefined && more.length === 0) return store.find(id);
  const found = id === undefined ? 'No removed fork begins' : `${more.length + 1} removed forks begin`;
  throw new SecondThoughtError('bad-usage', `${found} with "${idPrefix}".`, {
    remedy: 'Give the id that --delete printed.',
  });
}

async function refuseAllButLeaves(store: RunStore, { id, fork, status }: Trace): Promise<void> {
  const name = id.slice(0, 8);
  if (!fork) {
    throw new SecondThoughtError('bad-usage', `The trace ${name} is no fork.`, {
      remedy: 'Only forks can be deleted one by one; a whole run is a folder.',
    });
  }
  if (status === 'running') {
    throw new SecondThoughtError('bad-usage', `The fork ${name} is still running.`, { remedy: 'Stop it first.' });
  }
  const children = (await store.forks()).filter((other) => other.fork?.parent === id);
  if (children.length > 0) {
    throw new SecondThoughtError(
      'bad-usage',
      `The fork ${name} has ${children.length === 1 ? 'a fork' : `${children.length} forks`} of its own.`,
      { remedy: 'Delete what was forked from it first.' },
    );
  }
}
