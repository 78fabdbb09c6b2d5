import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import { type Note, readNotes } from '../../core/lab/notes';
import type { UiContext } from '../context';
import { partOf } from '../laboratory/toWire';
import { showTrace } from './forceThinking';

interface NoteItem extends vscode.QuickPickItem {
  traceId: string;
  run: string | undefined;
}

/** Notes…: every note and label of this window's run and of all studies it knows; typing filters them, one opens its trace. */
export async function openNotes(ui: UiContext): Promise<void> {
  const studies = (await ui.studies.list()).map(({ folder }) => folder);
  const lists = await Promise.all([
    itemsOf(ui.scratchFolder, undefined, 'this window'),
    ...studies.map((folder) => itemsOf(folder, folder, path.basename(folder))),
  ]);
  const items = lists.flat();
  if (items.length === 0) {
    throw new SecondThoughtError('file-not-found', 'There are no notes yet.', {
      remedy: 'Click into a trace, choose Fork…, and write a note or a label.',
    });
  }
  const options = { title: 'Notes', placeHolder: 'a label or words', matchOnDescription: true, matchOnDetail: true };
  const chosen = await vscode.window.showQuickPick(items, options);
  if (chosen) await showTrace(await ui.traces.get(chosen.traceId, chosen.run), chosen.run);
}

/** Newest first. */
async function itemsOf(folder: string, run: string | undefined, name: string): Promise<NoteItem[]> {
  return (await readNotes(folder)).reverse().flatMap((note) => itemOf(note, run, name));
}

function itemOf(note: Note, run: string | undefined, name: string): NoteItem[] {
  const { traceId, label, text } = note;
  if (traceId === undefined) return [];
  const words = text ? toLabel(text, 100) : '';
  const where = [partOf(note), name, new Date(note.at).toLocaleString()].filter((part) => part !== '').join(' · ');
  return [
    {
      label: label ? `$(tag) ${toLabel(label, 80)}` : words,
      description: label ? words : '',
      detail: where,
      traceId,
      run,
    },
  ];
}
