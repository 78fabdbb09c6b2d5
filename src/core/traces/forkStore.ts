import path from 'node:path';
import type { Clock } from '../base/clock';
import { isError } from '../base/errors';
import { type RecordedLogprobs, readLogprobs } from './logprobs';
import { RunStore } from './runStore';
import type { Trace } from './trace';

/**
 * Where the forks of a run's traces are kept: in the run itself, or, for a study, in its folder `forks`, so that they
 * are never counted as its samples.
 */
export async function forkStore(store: RunStore, clock: Clock): Promise<RunStore> {
  const { kind } = await store.describe();
  return kind === 'scratch' ? store : RunStore.openScratch(path.join(store.folder, 'forks'), clock);
}

/** The forks of a run's traces that were not removed, wherever they are kept. */
export async function forksOfRun(store: RunStore, clock: Clock): Promise<Trace[]> {
  const { kind } = await store.describe();
  return (kind === 'scratch' ? store : RunStore.at(path.join(store.folder, 'forks'), clock)).forks();
}

/** A trace of a run or a fork of one, by its id or the beginning of it. @throws SecondThoughtError `file-not-found` */
export async function findWithForks(store: RunStore, idPrefix: string, clock: Clock): Promise<Trace> {
  const forks = RunStore.at(path.join(store.folder, 'forks'), clock);
  try {
    return await store.find(idPrefix);
  } catch (error) {
    if (!isError(error, 'file-not-found') || !(await forks.exists())) throw error;
    return forks.find(idPrefix);
  }
}

/** What was recorded of the tokens of a run's trace, or of a fork of one. */
export async function logprobsOf(run: string, trace: Trace): Promise<RecordedLogprobs | undefined> {
  return (await readLogprobs(run, trace)) ?? readLogprobs(path.join(run, 'forks'), trace);
}

/** The traces that one was forked from, as far as they are there; the nearest first. */
export async function ancestorsOf(trace: Trace, store: RunStore, clock: Clock): Promise<Trace[]> {
  const found: Trace[] = [];
  for (let at: Trace | undefined = trace; at?.fork; ) {
    const { parent }: { parent: string } = at.fork;
    at = await findWithForks(store, parent, clock).catch(() => undefined);
    if (at) found.push(at);
  }
  return found;
}
