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
      return [record.id, stateOf({ folder, now, tasks: record.tasks, ...(scheduler === 'slurm' ? { slurm } : {}) })];
    }),
  );
}

function factsOf(line: string): FolderFacts {
  const [id = '', number = '', started = '', heartbeat = '', exit = '', ended = '', waiting = '', ...rest] = line
    .split('|')
    .map(printable);
  const [cancel = '', stop = '', requeued = '', alive = '', restarts = '', tasks = ''] = rest;
  return { id, number, started, heartbeat, exit, ended, waiting, cancel, stop, requeued, alive, restarts, tasks };
}
