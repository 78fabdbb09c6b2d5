import { type Clock, systemClock } from '../core/base/clock';
import { appendJsonLine } from '../core/base/files';
import { gradeTrace } from '../core/evaluate/outcome';
import { type ForkChanges, forkTrace, linear } from '../core/forcing/fork';
import { type ForkNode, forkTree, wordsBeforeFork } from '../core/lab/forkTree';
import { addNote, readNotes } from '../core/lab/notes';
import { offsetOfPlace, type TextPlace } from '../core/lab/place';
import { type ProbeRecord, probeTrace } from '../core/lab/probe';
import { appendProbes, readProbes } from '../core/lab/probeFile';
import { type ProbeAt, probePlaces, usualProbeTokens } from '../core/lab/probePlaces';
import { trainingRow } from '../core/lab/trainingRow';
import type { Connection } from '../core/servers/connect';
import { ancestorsOf, forkStore, forksOfRun } from '../core/traces/forkStore';
import { setForkRemoved } from '../core/traces/removedForks';
import { RunStore } from '../core/traces/runStore';
import { type Trace, thinkingTokens } from '../core/traces/trace';
import type { EngineRequest, Laboratory } from '../protocol/engine';

/** What the trace viewer's laboratory asks of the engine. */
type Ask<Type extends EngineRequest['type']> = Extract<EngineRequest, { type: Type }>;

export async function forksOf(request: Ask<'fork'>, { client }: Connection): Promise<Trace[]> {
  const { parent, place, step, samples, temperature } = request;
  const offset = await offsetOfPlace(linear(parent), place, client);
  const changes: ForkChanges = temperature === undefined ? {} : { sampling: { temperature } };
  const forks: Trace[] = [];
  for (let index = 0; index < samples; index++) {
    const sample = samples === 1 ? parent.sample : index;
    forks.push(await forkTrace(parent, { offset, step, changes, sample }, client, systemClock));
  }
  return forks;
}

export async function probesOf(
  { trace: given }: Ask<'probeTrace'>,
  connection: Connection,
  folder: string,
  signal: AbortSignal,
): Promise<ProbeRecord> {
  const trace = linear(given);
  const client = connection.clientFor(trace.id);
  const at: ProbeAt = { kind: 'even' };
  const places = await probePlaces(trace, at, usualProbeTokens, client);
  const setting = JSON.stringify([at, usualProbeTokens]);
  const record = await probeTrace(trace, places, { client, clock: systemClock, signal, setting });
  await appendProbes(folder, record);
  return record;
}

export async function writeNote(request: Ask<'note'>, { client }: Connection, folder: string) {
  const { trace, label, text } = request;
  const offset = (place: TextPlace | undefined) => place && offsetOfPlace(trace, place, client);
  const parts = { from: await offset(request.from), to: await offset(request.to), label, text };
  const isEmpty = parts.from !== undefined && parts.from === parts.to;
  const given = Object.entries({ ...parts, ...(isEmpty ? { to: undefined } : {}) });
  const note = Object.fromEntries(given.filter(([, value]) => value !== undefined));
  return addNote(folder, { traceId: trace.id, ...note }, systemClock);
}

export async function keepAsRow({ trace, until, file }: Ask<'trainingRow'>, { client }: Connection): Promise<void> {
  const offset = until && (await offsetOfPlace(trace, until, client));
  await appendJsonLine(file, await trainingRow(trace, client, offset));
}

/** A fork of the window's own run, or one that the command line made of a trace of a study. */
export async function removeFork(request: Ask<'removeFork'>, scratch: RunStore, clock: Clock): Promise<void> {
  const { traceId, isRemoved, run } = request;
  const isOurs = run === undefined || (await scratch.has(traceId)) || (await isLive(scratch, traceId));
  const store = isOurs ? scratch : await forkStore(RunStore.at(run, clock), clock);
  await setForkRemoved(store, await store.find(traceId), isRemoved, clock);
}

const isLive = async (store: RunStore, traceId: string) => (await store.live()).some(({ id }) => id === traceId);

/** @param run folder of the study that the trace is of; undefined: it is of the scratch run */
export async function laboratoryOf(trace: Trace, run: string | undefined, scratch: RunStore): Promise<Laboratory> {
  const folder = run ?? scratch.folder;
  const ofStudy = run === undefined ? [] : await familyIn(RunStore.at(run, systemClock), trace);
  const all = [readProbes(folder), readNotes(folder), familyIn(scratch, trace)] as const;
  const [probes, notes, family] = await Promise.all(all);
  return {
    probes: probes.findLast(({ traceId }) => traceId === trace.id) ?? null,
    notes: notes.filter(({ traceId }) => traceId === trace.id),
    family: [...lines(forkTree([...ofStudy, ...family], trace), 0)],
  };
}

/** The forks that a run has, and what the trace was forked from. */
async function familyIn(run: RunStore, trace: Trace): Promise<Trace[]> {
  const [forks, ancestors] = await Promise.all([forksOfRun(run, systemClock), ancestorsOf(trace, run, systemClock)]);
  return [...forks, ...ancestors];
}

function* lines({ trace, divergesAt, children }: ForkNode, depth: number): Iterable<Laboratory['family'][number]> {
  const { outcome, extracted } = gradeTrace(trace);
  const { id, status, fork = null } = trace;
  const about = { id, depth, fork, divergesAt, status, outcome, answer: extracted };
  yield { ...about, wordsBefore: wordsBeforeFork(trace), thinkingTokens: thinkingTokens(trace) };
  for (const child of children) yield* lines(child, depth + 1);
}
