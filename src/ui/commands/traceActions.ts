import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import { gradeTrace } from '../../core/evaluate/outcome';
import { contextIds, describeTrace, type Trace, thinkingTokens } from '../../core/traces/trace';
import { writeTraceFile } from '../../core/traces/traceFile';
import { placeInText } from '../../core/traces/traceText';
import type { TraceAction } from '../../protocol/traceViewer';
import { scorerServerOf } from '../config';
import type { UiContext } from '../context';
import { actAtPlace, keepAsRow, type Pointed, pickPlace, probe } from '../laboratory/actions';
import { relativeOf } from '../laboratory/relatives';
import { judgeField, serverOfTrace } from '../servers/knownServers';
import { traceCommand, traceMarkdown, traceText } from '../traceViewer/toWire';
import { runOf, traceFileName, traceTextUri } from '../traceViewer/traceUri';
import { showTrace, withProgress } from './forceThinking';
import { problemLines } from './problemInEditor';

/** What can be done with a trace: by button, by command, by keyboard. */
export async function actOnTrace(ui: UiContext, action: TraceAction, trace: Trace): Promise<void> {
  switch (action) {
    case 'stop':
      await ui.engine.ask({ type: 'stop', traceId: trace.id });
      return;
    case 'stopAndAnswer':
      await ui.engine.ask({ type: 'answerNow', traceId: trace.id });
      return;
    case 'waitAgain':
      return waitAgain(ui, trace);
    case 'continue':
      return continueTrace(ui, trace);
    case 'copyText':
      return vscode.env.clipboard.writeText(traceText(trace));
    case 'copyMarkdown':
      return vscode.env.clipboard.writeText(traceMarkdown(trace));
    case 'copyIds':
      return vscode.env.clipboard.writeText(JSON.stringify(contextIds(trace)));
    case 'copyCommand':
      return vscode.env.clipboard.writeText(traceCommand(trace));
    case 'save':
      return saveTrace(ui, trace);
    case 'probe':
      return probe(ui, trace, runOfTrace(ui, trace));
    case 'fork':
      return forkAtLine(ui, trace);
    default:
      action satisfies never;
  }
}

/** The trace of the active viewer, or of the text at hand, may be of a study. */
function runOfTrace(ui: UiContext, trace: Trace): string | undefined {
  if (ui.activeTrace() === trace) return ui.activeTraceRun();
  const editor = vscode.window.activeTextEditor;
  return editor && ui.traceFiles.shownIn(editor) === trace ? runOf(editor.document.uri) : undefined;
}

/** In the text of a trace the cursor or the selection tells the place; elsewhere a line is chosen. */
async function forkAtLine(ui: UiContext, trace: Trace): Promise<void> {
  const run = runOfTrace(ui, trace);
  const editor = vscode.window.activeTextEditor;
  if (editor && ui.traceFiles.shownIn(editor) === trace)
    return actAtPlace(ui, { trace, run, ...placesIn(editor, trace) });
  const at = await pickPlace(trace);
  if (at) await actAtPlace(ui, { trace, run, at });
}

function placesIn({ selection }: vscode.TextEditor, trace: Trace): Pick<Pointed, 'at' | 'from'> {
  const placeOf = ({ line, character }: vscode.Position) => placeInText(trace, line, character);
  const at = placeOf(selection.end);
  if (at) return { at, from: selection.isEmpty ? undefined : placeOf(selection.start) };
  throw new SecondThoughtError('bad-usage', 'This line tells something about the trace and is not a part of it.', {
    remedy: 'Put the cursor into the thinking or the answer.',
  });
}

/** Go to Parent Trace: what the trace at hand was forked from, as text where it is read as text. */
export async function openParent(ui: UiContext, from: unknown): Promise<void> {
  const [trace] = tracesMeant(ui, from);
  if (!trace?.fork) {
    throw new SecondThoughtError('bad-usage', 'This trace was not forked from another one.', {
      remedy: 'Open a fork first.',
    });
  }
  const run = runOfTrace(ui, trace);
  const isText = ui.traceFiles.shownIn(vscode.window.activeTextEditor) === trace;
  const parent = await relativeOf(ui, trace.fork.parent, run);
  if (!isText) return showTrace(parent.trace, parent.run);
  await vscode.window.showTextDocument(traceTextUri(parent.trace, parent.run), { preview: false });
}

/** Send to Curation: the traces at hand become training rows. */
export async function sendToCuration(ui: UiContext, from: unknown): Promise<void> {
  const [trace] = tracesMeant(ui, from);
  if (!trace)
    throw new SecondThoughtError('bad-usage', 'No trace is open.', { remedy: 'Use Force Thinking to make one.' });
  await keepAsRow(ui, trace);
}

/** Save: a self-contained file, written whole or not at all. */
async function saveTrace(ui: UiContext, trace: Trace): Promise<void> {
  const [folder] = vscode.workspace.workspaceFolders ?? [];
  const name = traceFileName(trace);
  const uri = await vscode.window.showSaveDialog({
    title: 'Save Trace',
    filters: { Trace: ['trace.json'] },
    ...(folder ? { defaultUri: vscode.Uri.joinPath(folder.uri, name) } : {}),
  });
  if (!uri) return;
  const run = runOfTrace(ui, trace);
  const { logprobs } = await ui.engine.ask({ type: 'logprobs', trace, ...(run === undefined ? {} : { run }) });
  await writeTraceFile(uri.fsPath, trace, logprobs);
}

/** The state that a trace has to be in for an action to mean something. */
const wanted: Partial<Record<TraceAction, Trace['status']>> = {
  stop: 'running',
  stopAndAnswer: 'running',
  waitAgain: 'complete',
  continue: 'interrupted',
};

/**
 * Runs an action on the traces meant: those of the comment thread whose button it was, else the one of the active viewer
 * or of the text at hand, else those below the problem under the cursor, else the latest.
 */
export async function actOnTraces(ui: UiContext, action: TraceAction, from: unknown): Promise<void> {
  const traces = tracesMeant(ui, from);
  if (traces.length === 0) {
    throw new SecondThoughtError('bad-usage', 'No trace is open.', { remedy: 'Use Force Thinking to make one.' });
  }
  const fitting = traces.filter((trace) => wanted[action] === undefined || trace.status === wanted[action]);
  if (fitting.length === 0) throw notNow(action, traces[0] as Trace);
  await Promise.all(fitting.map((trace) => actOnTrace(ui, action, trace)));
}

function notNow(action: TraceAction, { status }: Trace): SecondThoughtError {
  const state = status === 'running' ? 'still running' : status;
  return new SecondThoughtError('bad-usage', `This trace is ${state}: that works on one that is ${wanted[action]}.`);
}

export function tracesMeant(ui: UiContext, from: unknown): Trace[] {
  if (isThread(from)) return ui.inline.tipsOf(from);
  const inViewer = ui.activeTrace();
  if (inViewer) return [inViewer];
  const editor = vscode.window.activeTextEditor;
  const asText = ui.traceFiles.shownIn(editor);
  if (asText) return [asText];
  const below = editor ? ui.inline.tipsAt(editor.document.uri, problemLines(ui, editor)) : [];
  if (below.length > 0) return below;
  return ui.traces.latest ? [ui.traces.latest] : [];
}

/** What a button of a comment thread hands over. */
function isThread(value: unknown): value is vscode.CommentThread {
  return typeof value === 'object' && value !== null && 'comments' in value && 'canReply' in value;
}

async function waitAgain(ui: UiContext, parent: Trace): Promise<void> {
  const server = await serverOfTrace(ui, parent);
  const judge = await judgeField(ui, parent);
  const { trace } = await withProgress('Waiting again…', () =>
    ui.engine.ask({ type: 'waitAgain', traceId: parent.id, server, ...judge }),
  );
  if (!trace) return;
  const child = ui.traces.began(trace);
  const isInEditor = ui.inline.follow(parent.id, child);
  if (!isInEditor || ui.activeTrace() === parent) await showTrace(child);
}

async function continueTrace(ui: UiContext, trace: Trace): Promise<void> {
  const server = await serverOfTrace(ui, trace);
  // The replica stays as it is: the events that follow, from "continued" on, apply to it. The command is done when the
  // first of them is there, so that whoever waits for the end does not meet the old one.
  const resumed = ui.traces.nextChange(trace);
  const asked = { ...(await scorerServerOf(ui, trace.condition)), ...(await judgeField(ui, trace)) };
  await withProgress('Continuing…', () => ui.engine.ask({ type: 'continue', traceId: trace.id, server, ...asked }));
  await resumed;
}

/** Open in Trace Viewer: of a thread with several samples, one is chosen. */
export async function openInTraceViewer(ui: UiContext, from: unknown): Promise<void> {
  const traces = tracesMeant(ui, from);
  if (traces.length === 0) return openTrace(ui);
  const chosen = traces.length === 1 ? traces[0] : await pickTrace(traces, 'Open in Trace Viewer');
  if (chosen) await showTrace(chosen);
}

/** Dismiss: the thread whose button it was, else the one below the problem under the cursor. */
export function dismissTrace(ui: UiContext, from: unknown): void {
  const editor = vscode.window.activeTextEditor;
  if (isThread(from)) ui.inline.dismiss(from);
  else if (editor) ui.inline.dismissAt(editor.document.uri, problemLines(ui, editor));
}

/** Open Trace: the one that is named, else a list of the scratch run, newest first. */
export async function openTrace(ui: UiContext, traceId?: unknown): Promise<void> {
  if (typeof traceId === 'string') return showTrace(await ui.traces.get(traceId));
  const { traces = [] } = await ui.engine.ask({ type: 'list' });
  if (traces.length === 0) {
    throw new SecondThoughtError('file-not-found', 'There are no traces yet.', {
      remedy: 'Use Force Thinking to make one.',
    });
  }
  const chosen = await pickTrace(traces.reverse(), 'Open Trace');
  if (chosen) await showTrace(chosen);
}

/** A choice among traces. */
export async function pickTrace(traces: Trace[], title: string): Promise<Trace | undefined> {
  const items = traces.map((trace) => ({
    trace,
    label: toLabel(trace.problem.question),
    description: gradeTrace(trace).outcome ?? trace.status,
    detail: `${toLabel(describeTrace(trace))} · ${thinkingTokens(trace)} thinking tokens · ${new Date(trace.createdAt).toLocaleString()}`,
  }));
  const options = { title, matchOnDescription: true, matchOnDetail: true };
  return (await vscode.window.showQuickPick(items, options))?.trace;
}
