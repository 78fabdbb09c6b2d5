import { printable } from '../base/untrustedText';
import type { HostSpec } from './hostSpec';
import type { JobRecord } from './jobSpec';
import { type FolderFacts, type JobStatus, stateOf } from './jobState';
import { parseHistoryRow, parseQueueRow, type SlurmAnswer } from './slurm';
import type { SubmitEvent } from './submitOnce';

/** What st_submit and st_look_up print. Everything else teaches nothing. */
export function submitEvent(text: string): SubmitEvent {
  const [first = '', ...rest] = text.trim().split('\n');
  const number = /^accepted (\d+)$/.exec(first)?.[1];
  if (number) return { kind: 'accepted', number };
  if (first === 'refused') return { kind: 'refused', reason: rest.join('\n').trim() || 'no reason given' };
  return first === 'absent' || first === 'busy' ? { kind: first } : { kind: 'unknown' };
}

/** What st_states prints, as states. Jobs of which nothing is said are unknown. */
export function readStates(
  text: string,
  records: readonly JobRecord[],
  scheduler: HostSpec['scheduler'],
): Map<string, JobStatus> {
  const lines = text.split('\n').map((line): [string, string] => {
    const at = line.indexOf('|');
    return at < 0 ? ['', ''] : [line.slice(0, at), line.slice(at + 1)];
  });
  const of = (kind: string) => lines.filter(([name]) => name === kind).map(([, rest]) => rest);
  const queue = of('queue').flatMap((line) => parseQueueRow(line) ?? []);
  const known = new Set(queue.map(({ number }) => number));
  const history = of('history').flatMap((line) => parseHistoryRow(line) ?? []);
  const [failure] = of('queue-failed');
  const isGarbage = scheduler === 'slurm' && failure === undefined && of('queue-ok').length === 0;
  const slurm: SlurmAnswer = { rows: [...queue, ...history.filter(({ number }) => !known.has(number))] };
  if (failure !== undefined) slurm.failure = printable(failure).slice(0, 200) || 'no answer';
  else if (isGarbage) slurm.failure = 'its answer could not be read';
  const now = Number(of('now')[0]) || 0;
  const gone = new Set(of('gone'));
  const facts = new Map(of('job').map((line) => [line.split('|')[0] ?? '', factsOf(line)]));
  return new Map(
    records.map((record): [string, JobStatus] => {
      const folder = facts.get(record.id);
      if (gone.has(record.id)) return [record.id, { state: 'gone', sentence: 'Its folder is no longer on the host.' }];
      if (!folder) return [record.id, { state: 'unknown', sentence: 'The host could not say.' }];
      const status = stateOf({ folder, now, tasks: record.tasks, ...(scheduler === 'slurm' ? { slurm } : {}) });
      const progress = progressOf(folder.said);
      return [record.id, progress ? { ...status, progress } : status];
    }),
  );
}

function factsOf(line: string): FolderFacts {
  const [id = '', number = '', started = '', heartbeat = '', exit = '', ended = '', waiting = '', ...rest] = line
    .split('|')
    .map(printable);
  const [cancel = '', stop = '', requeued = '', alive = '', restarts = '', tasks = '', said = ''] = rest;
  return { id, number, started, heartbeat, exit, ended, waiting, cancel, stop, requeued, alive, restarts, tasks, said };
}

/** `{"step": 3, "of": 315, …}` of metrics, `{"planned": 180, "finished": 34, …}` of a run; it may be cut in the middle. */
function progressOf(said: string): JobStatus['progress'] {
  const step = /"(?:step|finished)":\s*(\d{1,12})\b/.exec(said)?.[1];
  const of = /"(?:of|planned)":\s*(\d{1,12})\b/.exec(said)?.[1];
  return step && Number(of) > 0 ? { step: Math.min(Number(step), Number(of)), of: Number(of) } : undefined;
}

/** What a job's folder holds, and what the GPUs of its host do now. */
export interface JobDetails {
  /** Paths from the job's folder, with their sizes. */
  files: { path: string; bytes: number }[];
  gpus: { index: number; percent: number; usedMiB: number; totalMiB: number }[];
}

/** What st_about prints. A line that cannot be read is left out. */
export function readDetails(text: string): JobDetails {
  const details: JobDetails = { files: [], gpus: [] };
  for (const line of text.split('\n')) {
    const [, size, name = ''] = /^file\|(\d+)\|(.+)$/.exec(line) ?? [];
    if (size) details.files.push({ path: printable(name), bytes: Number(size) });
    const [, gpu] = /^gpu\|([\d, ]+)$/.exec(line) ?? [];
    const [index, percent, usedMiB, totalMiB] = gpu?.split(',').map(Number) ?? [];
    if (index !== undefined && percent !== undefined && usedMiB !== undefined && totalMiB !== undefined)
      details.gpus.push({ index, percent, usedMiB, totalMiB });
  }
  return details;
}
