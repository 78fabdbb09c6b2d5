import { randomUUID } from 'node:crypto';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { appendJsonLine, parseJsonLines, readTextFile } from '../base/files';

/** A note or a label on a trace, a part of it, or a problem: a line of `notes.jsonl` of the run. The last line of an id counts. */
export const noteSchema = z.object({
  schemaVersion: z.literal(1),
  id: z.string(),
  at: z.string(),
  traceId: z.string().optional(),
  problemKey: z.string().optional(),
  /** Ids of the context from the first to before the last; without them the whole trace is meant. */
  from: z.int().nonnegative().optional(),
  to: z.int().nonnegative().optional(),
  label: z.string().max(80).optional(),
  text: z.string().max(10_000).optional(),
  isRemoved: z.literal(true).optional(),
});
export type Note = z.infer<typeof noteSchema>;

const fileOf = (runFolder: string) => path.join(runFolder, 'notes.jsonl');

/** The notes of a run, oldest first, without those that were removed. */
export async function readNotes(runFolder: string): Promise<Note[]> {
  return [...(await latest(runFolder)).values()].filter(({ isRemoved }) => !isRemoved);
}

/** The traces of a run that have a note with this label, in whatever case. */
export async function labelledTraces(runFolder: string, label: string): Promise<ReadonlySet<string>> {
  const isMeant = (note: Note) => note.label?.toLowerCase() === label.toLowerCase();
  return new Set((await readNotes(runFolder)).filter(isMeant).flatMap(({ traceId }) => traceId ?? []));
}

/** @throws SecondThoughtError `bad-usage` for an empty note, `file-not-written` */
export async function addNote(
  runFolder: string,
  note: Omit<Note, 'schemaVersion' | 'id' | 'at' | 'isRemoved'>,
  clock: Clock,
): Promise<Note> {
  const { label, text, from = 0, to } = note;
  if (!label?.trim() && !text?.trim()) {
    throw new SecondThoughtError('bad-usage', 'A note needs a text or a label.', { remedy: 'Give one of them.' });
  }
  if (to !== undefined && to <= from) {
    throw new SecondThoughtError('bad-usage', `The part from ${from} to ${to} is empty.`, {
      remedy: 'The end comes behind the beginning.',
    });
  }
  const whole = noteSchema.parse({
    schemaVersion: 1,
    id: randomUUID(),
    at: new Date(clock.now()).toISOString(),
    ...note,
  });
  await append(runFolder, whole);
  return whole;
}

/** Takes a note away; the same call with `isRemoved: false` brings it back. @throws SecondThoughtError `bad-usage` */
export async function setRemoved(runFolder: string, idPrefix: string, isRemoved: boolean): Promise<Note> {
  const found = [...(await latest(runFolder)).values()].filter(({ id }) => id.startsWith(idPrefix));
  const [note, ...more] = found;
  if (!note || more.length > 0) {
    throw new SecondThoughtError('bad-usage', `${found.length} notes begin with "${idPrefix}".`, {
      remedy: 'List them with: second-thought notes.',
    });
  }
  const { isRemoved: _, ...rest } = note;
  const changed: Note = isRemoved ? { ...rest, isRemoved: true } : rest;
  await append(runFolder, changed);
  return changed;
}

async function latest(runFolder: string): Promise<Map<string, Note>> {
  const text = await readTextFile(fileOf(runFolder)).catch(() => '');
  const notes = parseJsonLines(text).flatMap((line) => noteSchema.safeParse(line).data ?? []);
  return new Map(notes.map((note) => [note.id, note]));
}

const append = (runFolder: string, note: Note) => appendJsonLine(fileOf(runFolder), note);
