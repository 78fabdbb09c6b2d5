import type { Command } from 'commander';
import { systemClock } from '../core/base/clock';
import { SecondThoughtError } from '../core/base/errors';
import { printable } from '../core/base/untrustedText';
import { addNote, type Note, readNotes, setRemoved } from '../core/lab/notes';
import { parseAddress } from '../core/traces/address';
import { findWithForks } from '../core/traces/forkStore';
import { RunStore } from '../core/traces/runStore';
import { count } from './numbers';
import { printJson } from './output';
import { textTable } from './textTable';
import { openRun } from './tracePlace';

interface NotesFlags {
  add?: string;
  label?: string;
  to?: number;
  remove?: string;
  restore?: string;
  json?: boolean;
}

const example = `
Example:
  second-thought notes runs/cues-20260102T030405#9c07@120 --to 140 --label slip --add "forgets the carry"
  second-thought notes runs/cues-20260102T030405 --label slip
  second-thought notes runs/cues-20260102T030405 --remove 5f2a`;

/** `second-thought notes`: notes and labels on traces and parts of them, kept with the run. */
export function addNotes(program: Command): void {
  program
    .command('notes')
    .argument('[place]', 'the folder of a run, RUN#ID or RUN#ID@OFFSET; without it: the traces that "force" made')
    .description('List, add and remove notes and labels on traces and parts of them.')
    .option('--add <text>', 'write this note on the trace, or on the part from @OFFSET on')
    .option('--label <name>', 'with a trace and no such label yet: put it there; with a run: only notes with it')
    .option('--to <n>', 'end of the part that a new note is on', count)
    .option('--remove <id>', 'remove the note with this id, or its beginning')
    .option('--restore <id>', 'bring a removed note back')
    .option('--json', 'print one JSON document')
    .addHelpText('after', example)
    .action(notes);
}

async function notes(place: string | undefined, flags: NotesFlags): Promise<void> {
  const { store, traceId, from } = await placeOf(place);
  const { add: text, label, to } = flags;
  if (flags.remove !== undefined) return print([await setRemoved(store.folder, flags.remove, true)], flags);
  if (flags.restore !== undefined) return print([await setRemoved(store.folder, flags.restore, false)], flags);
  if (traceId !== undefined && (text !== undefined || label !== undefined)) {
    const parts = { traceId, from, to, label, text };
    const given = Object.fromEntries(Object.entries(parts).filter(([, value]) => value !== undefined));
    return print([await addNote(store.folder, given, systemClock)], flags);
  }
  if (text !== undefined) {
    throw new SecondThoughtError('bad-usage', 'A note is on a trace, and none is named.', { remedy: 'Give RUN#ID.' });
  }
  const all = await readNotes(store.folder);
  const isMeant = (note: Note) =>
    (traceId === undefined || note.traceId === traceId) && (label === undefined || note.label === label);
  print(all.filter(isMeant), flags);
}

async function placeOf(place: string | undefined): Promise<{ store: RunStore; traceId?: string; from?: number }> {
  if (place === undefined) return { store: await openRun(undefined) };
  if (!place.includes('#') && (await RunStore.at(place, systemClock).exists())) return { store: await openRun(place) };
  const { run, trace, offset } = parseAddress(place);
  const store = await openRun(run);
  const { id: traceId } = await findWithForks(store, trace, systemClock);
  return offset === undefined ? { store, traceId } : { store, traceId, from: offset };
}

function print(list: Note[], { json }: NotesFlags): void {
  if (json) printJson(list);
  else if (list.length === 0) process.stdout.write('No notes.\n');
  else process.stdout.write(`${textTable(['note', 'trace', 'part', 'label', 'text'], list.map(cells))}\n`);
}

function cells({ id, traceId, problemKey, from, to, label, text, isRemoved }: Note): string[] {
  const part = from === undefined ? '' : `@${from}${to === undefined ? '' : `–${to}`}`;
  const on = traceId?.slice(0, 8) ?? problemKey ?? '';
  return [id.slice(0, 8), on, part, printable(label ?? ''), `${isRemoved ? '(removed) ' : ''}${printable(text ?? '')}`];
}
