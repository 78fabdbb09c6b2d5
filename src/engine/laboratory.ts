import { systemClock } from '../core/base/clock';
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
import { ancestorsOf } from '../core/traces/forkStore';
import type { RunStore } from '../core/traces/runStore';
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

export async function laboratoryOf(trace: Trace, folder: string, scratch: RunStore): Promise<Laboratory> {
  const ancestors = ancestorsOf(trace, scratch, systemClock);
  const all = [readProbes(folder), readNotes(folder), scratch.forks(), ancestors] as const;
  const [probes, notes, forks, before] = await Promise.all(all);
  return {
    probes: probes.findLast(({ traceId }) => traceId === trace.id) ?? null,
    notes: notes.filter(({ traceId }) => traceId === trace.id),
    family: [...lines(forkTree([...forks, ...before], trace), 0)],
  };
}

function* lines({ trace, divergesAt, children }: ForkNode, depth: number): Iterable<Laboratory['family'][number]> {
  const { outcome, extracted } = gradeTrace(trace);
  const { id, status, fork = null } = trace;
  const about = { id, depth, fork, divergesAt, status, outcome, answer: extracted };
  yield { ...about, wordsBefore: wordsBeforeFork(trace), thinkingTokens: thinkingTokens(trace) };
  for (const child of children) yield* lines(child, depth + 1);
}
