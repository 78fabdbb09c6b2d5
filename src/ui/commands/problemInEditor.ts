import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import type { Problem } from '../../core/problems/problem';
import { parseProblems } from '../../core/problems/problemFile';
import type { UiContext } from '../context';
import { isProblemFile, problemPatterns, problemsOf } from '../problemFiles';

/** A problem and where it stands in an editor: what is shown about it goes below `line`. */
export interface Target {
  problem: Problem;
  place: Place | undefined;
}

export interface Place {
  uri: vscode.Uri;
  line: number;
}

/**
 * The problem that a command is about: the selected text, else the problem under the cursor. A selection inside one row
 * of a problem file means that row.
 */
export function targetInEditor(ui: UiContext, editor = vscode.window.activeTextEditor): Target | undefined {
  if (!editor) return undefined;
  const { document, selection } = editor;
  const isRows = document.uri.path.endsWith('.jsonl');
  if (selection.isEmpty || (isRows && selection.isSingleLine)) {
    const placed = targetAtLine(ui, document, selection.active.line);
    if (placed || selection.isEmpty) return placed;
  }
  const question = document.getText(selection).trim();
  return question ? { problem: { question }, place: { uri: document.uri, line: selection.end.line } } : undefined;
}

/** The problem of a problem file that holds a line. */
function targetAtLine({ memory }: UiContext, document: vscode.TextDocument, line: number): Target | undefined {
  if (!isProblemFile(document, memory)) return undefined;
  const placed = problemsOf(document).find(({ startLine, endLine }) => startLine <= line && line <= endLine);
  if (!placed) return undefined;
  return { problem: placed.problem, place: { uri: document.uri, line: lastLineWithText(document, placed.endLine) } };
}

/** A Markdown section ends with empty lines; what is shown about it belongs right below its text. */
function lastLineWithText(document: vscode.TextDocument, line: number): number {
  let last = line;
  while (last > 0 && document.lineAt(last).isEmptyOrWhitespace) last--;
  return last;
}

interface Choice extends vscode.QuickPickItem {
  target: Target | undefined;
}

const shownProblems = 500;

/** Asks for a problem where none is under the cursor: one of the folder's, or a typed question. */
export async function pickTarget(): Promise<Target | undefined> {
  const picker = vscode.window.createQuickPick<Choice>();
  picker.title = 'Force Thinking';
  picker.placeholder = 'Choose a problem, or type a question';
  picker.matchOnDetail = true;
  picker.busy = true;
  let known: Choice[] = [];
  const show = () => {
    picker.items = choicesFor(picker.value.trim(), known);
  };
  picker.onDidChangeValue(show);
  const chosen = new Promise<Target | undefined>((resolve) => {
    picker.onDidAccept(() => {
      resolve(picker.selectedItems[0]?.target);
      picker.hide();
    });
    picker.onDidHide(() => resolve(undefined));
  });
  picker.show();
  void problemsOfWorkspace().then((targets) => {
    known = targets.map(toChoice);
    picker.busy = false;
    show();
  });
  return chosen.finally(() => picker.dispose());
}

/** Problems that hold the text, then the text as a question: what Enter does never changes while the list still fills. */
function choicesFor(text: string, known: Choice[]): Choice[] {
  if (text === '') return known;
  const wanted = text.toLowerCase();
  const matches = known.filter(({ label, description, detail }) =>
    [label, description, detail].some((part) => part?.toLowerCase().includes(wanted)),
  );
  const target = { problem: { question: text }, place: undefined };
  return [...matches, { label: `$(edit) ${toLabel(text)}`, description: 'ask this', alwaysShow: true, target }];
}

function toChoice(target: Target): Choice {
  const file = target.place ? vscode.workspace.asRelativePath(target.place.uri) : '';
  return {
    label: toLabel(target.problem.question),
    alwaysShow: true, // the list is filtered here
    description: toLabel(target.problem.id ?? ''),
    detail: file,
    target,
  };
}

/** Problems of the folder's problem files, as far as a list can show them. */
async function problemsOfWorkspace(): Promise<Target[]> {
  const targets: Target[] = [];
  for (const pattern of problemPatterns()) {
    for (const uri of await vscode.workspace.findFiles(pattern, undefined, 20)) {
      const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
      for (const { problem, endLine } of parseProblems(text, { fileName: path.basename(uri.path) })) {
        targets.push({ problem, place: { uri, line: endLine } });
      }
      if (targets.length >= shownProblems) return targets.slice(0, shownProblems);
    }
  }
  return targets;
}

/** The first problem of the workspace's first problem file. */
export async function firstProblemOfWorkspace(): Promise<{ target: Target; uri: vscode.Uri; line: number }> {
  const [uri] = await vscode.workspace.findFiles('**/*.problems.jsonl', undefined, 1);
  if (!uri) throw new SecondThoughtError('problem-not-found', 'This folder has no *.problems.jsonl file.');
  const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
  const [first] = parseProblems(text, { fileName: path.basename(uri.path) });
  if (!first)
    throw new SecondThoughtError('problem-not-found', `${vscode.workspace.asRelativePath(uri)} holds no problem.`);
  const line = first.endLine;
  return { target: { problem: first.problem, place: { uri, line } }, uri, line };
}

/** The lines of the problem under the cursor, or of the cursor alone. */
export function problemLines({ memory }: UiContext, { document, selection }: vscode.TextEditor) {
  const line = selection.active.line;
  const placed = isProblemFile(document, memory)
    ? problemsOf(document).find(({ startLine, endLine }) => startLine <= line && line <= endLine)
    : undefined;
  return placed ?? { startLine: selection.start.line, endLine: selection.end.line };
}
