import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import type { ForkStep } from '../../core/forcing/fork';
import type { TextPlace } from '../../core/lab/place';
import type { Trace } from '../../core/traces/trace';
import { showTrace, withProgress } from '../commands/forceThinking';
import type { UiContext } from '../context';
import { judgeField, serverOfTrace } from '../servers/knownServers';

/** A trace, the run that it is of (undefined: the window's own), and what the reader points at. */
export interface Pointed {
  trace: Trace;
  run: string | undefined;
  at: TextPlace;
  /** Where the part begins that is pointed at; undefined: only a place. */
  from?: TextPlace | undefined;
}

interface PlaceAction extends vscode.QuickPickItem {
  run(ui: UiContext, pointed: Pointed): Promise<void>;
}

/** What can be done at a place of a trace: one list, for the mouse and the keyboard. */
export async function actAtPlace(ui: UiContext, pointed: Pointed): Promise<void> {
  refuseRunning(pointed.trace);
  const isThinking = pointed.trace.spans[pointed.at.span]?.phase === 'thinking';
  const items = [...(isThinking ? thinkingActions : []), ...anywhereActions];
  const text = excerpt(pointed);
  const chosen = await vscode.window.showQuickPick(items, {
    title: text === '' ? 'At This Place' : `After “…${text}”`,
    placeHolder: 'Fork here, or keep what you see',
    matchOnDescription: true,
  });
  await chosen?.run(ui, pointed);
}

const cueAction = (cue: string): PlaceAction => ({
  label: `$(debug-continue) Add “${cue}” and think on`,
  run: (ui, pointed) => fork(ui, pointed, { kind: 'cue', text: cue }),
});

const thinkingActions: PlaceAction[] = [
  cueAction('Wait'),
  cueAction('Hmm'),
  {
    label: '$(quote) Add another cue…',
    async run(ui, pointed) {
      const text = await ask('Fork: the cue', 'Alternatively');
      if (text) await fork(ui, pointed, { kind: 'cue', text });
    },
  },
  { label: '$(stop-circle) End the thinking and answer', run: (ui, pointed) => fork(ui, pointed, { kind: 'end' }) },
];

const anywhereActions: PlaceAction[] = [
  {
    label: '$(edit) Go on with words of my own…',
    async run(ui, pointed) {
      const text = await ask('Fork: your words, then the model goes on', '');
      if (text) await fork(ui, pointed, { kind: 'edit', text });
    },
  },
  { label: '$(refresh) Ask the model again from here…', run: askAgain },
  { label: '$(note) Write a note…', run: writeNote },
  { label: '$(tag) Label…', run: label },
  {
    label: '$(database) Keep as a training row up to here…',
    run: (ui, { trace, at }) => keepAsRow(ui, trace, at),
  },
];

async function askAgain(ui: UiContext, pointed: Pointed): Promise<void> {
  const isGreedy = pointed.trace.condition.sampling.temperature === 0;
  const items = [1, 4, 8, 16].map((count) => ({
    label: `${count} ${count === 1 ? 'continuation' : 'continuations'}`,
    count,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Fork: Ask Again',
    placeHolder: isGreedy ? 'at temperature 1: greedy, they would all be the same' : 'how many',
  });
  if (chosen) await fork(ui, pointed, { kind: 'sample' }, chosen.count, isGreedy ? 1 : undefined);
}

async function fork(
  ui: UiContext,
  { trace: parent, at: place }: Pointed,
  step: ForkStep,
  samples = 1,
  temperature?: number,
): Promise<void> {
  const server = await serverOfTrace(ui, parent);
  const judge = await judgeField(ui, parent);
  const order = { type: 'fork', server, parent, place, step, samples, ...judge } as const;
  const { forks = [] } = await withProgress('Forking…', (signal) =>
    ui.engine.ask(temperature === undefined ? order : { ...order, temperature }, signal),
  );
  const begun = forks.map((trace) => ui.traces.began(trace));
  const [first] = begun;
  if (first && begun.length === 1) await showTrace(first);
  ui.laboratory.changed(parent.id);
  await Promise.all(begun.map((trace) => ui.traces.ended(trace)));
  ui.laboratory.changed(parent.id);
}

async function writeNote(ui: UiContext, pointed: Pointed): Promise<void> {
  const text = await ask('Note', '');
  if (text) await note(ui, pointed, { text });
}

async function label(ui: UiContext, pointed: Pointed): Promise<void> {
  const text = await ask('Label: one word or two, the same for all that is alike', ui.laboratory.lastLabel);
  if (!text) return;
  ui.laboratory.lastLabel = text.slice(0, 80);
  await note(ui, pointed, { label: ui.laboratory.lastLabel });
}

async function note(
  ui: UiContext,
  { trace, run, at, from }: Pointed,
  what: { text?: string; label?: string },
): Promise<void> {
  const server = await serverOfTrace(ui, trace);
  const part = from ? { from, to: at } : { from: at };
  await ui.engine.ask({ type: 'note', server, trace, ...(run === undefined ? {} : { run }), ...part, ...what });
  ui.laboratory.changed(trace.id);
}

/** Takes a note away; the message that says so can bring it back. */
export async function removeNote(ui: UiContext, trace: Trace, run: string | undefined, noteId: string): Promise<void> {
  const set = async (isRemoved: boolean) => {
    await ui.engine.ask({ type: 'removeNote', noteId, isRemoved, ...(run === undefined ? {} : { run }) });
    ui.laboratory.changed(trace.id);
  };
  await set(true);
  void vscode.window.showInformationMessage('The note was removed.', 'Undo').then((answer) => answer && set(false));
}

/** Probe: asks along the thinking what the answer would have been. */
export async function probe(ui: UiContext, trace: Trace, run: string | undefined): Promise<void> {
  refuseRunning(trace);
  const server = await serverOfTrace(ui, trace);
  const order = { type: 'probeTrace', server, trace, ...(run === undefined ? {} : { run }) } as const;
  await withProgress('Probing…', (signal) => ui.engine.ask(order, signal));
  ui.laboratory.changed(trace.id);
}

/** Send to Curation: the trace becomes a row of a file that a curation reads as a source. */
export async function keepAsRow(ui: UiContext, trace: Trace, until?: TextPlace): Promise<void> {
  refuseRunning(trace);
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const last = ui.laboratory.lastRows ?? (folder && vscode.Uri.joinPath(folder.uri, 'training-rows.jsonl'));
  const uri = await vscode.window.showSaveDialog({
    title: 'Send to Curation: the file of rows that it is added to',
    saveLabel: 'Add Row',
    filters: { 'JSON lines': ['jsonl'] },
    ...(last ? { defaultUri: last } : {}),
  });
  if (!uri) return;
  ui.laboratory.lastRows = uri;
  const server = await serverOfTrace(ui, trace);
  const order = { type: 'trainingRow', server, trace, file: uri.fsPath } as const;
  await ui.engine.ask(until === undefined ? order : { ...order, until });
  const name = vscode.workspace.asRelativePath(uri);
  const answer = await vscode.window.showInformationMessage(`The trace was added to ${name} as a row.`, 'Open File');
  if (answer) await vscode.window.showTextDocument(uri);
}

/** A place without a pointer: a line of the thinking or the answer, by its text. */
export async function pickPlace(trace: Trace): Promise<TextPlace | undefined> {
  refuseRunning(trace);
  const items = trace.spans.flatMap((span, index) => {
    if (span.phase === 'prompt' || span.fate !== 'kept' || span.delimiter) return [];
    const ends = span.origin === 'model' ? [...span.text.matchAll(/\S[^\n]*/g)] : [];
    const lines = ends.map(({ 0: text, index: at }) => ({ label: toLabel(text, 80), characters: at + text.length }));
    const all = lines.length > 0 ? lines : [{ label: toLabel(span.text, 80), characters: span.text.length }];
    return all.map(({ label: text, characters }) => ({
      label: text,
      description: span.origin === 'forced-cue' ? 'forced cue' : span.phase,
      place: { span: index, characters },
    }));
  });
  const options = { title: 'Fork Trace: after which line?', matchOnDescription: true };
  return (await vscode.window.showQuickPick(items, options))?.place;
}

const ask = (title: string, value: string) => vscode.window.showInputBox({ title, value, ignoreFocusOut: true });

/** The words before the place. */
function excerpt({ trace, at }: Pointed): string {
  const text = trace.spans[at.span]?.text.slice(0, at.characters) ?? '';
  return toLabel(text.slice(-40).trim(), 40);
}

function refuseRunning(trace: Trace): void {
  if (trace.status !== 'running') return;
  throw new SecondThoughtError('bad-usage', 'This trace is still running.', {
    remedy: 'Stop it first, or wait for its end.',
  });
}
