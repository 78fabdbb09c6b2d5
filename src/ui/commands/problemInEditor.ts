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
  /** Undefined: what is typed is the question. */
  target: Target | undefined;
}

const shownProblems = 500;

/**
 * Asks for a problem where none is under the cursor: one of the folder's, or a typed question. The list never changes while
 * it is open: what Enter takes is what the user sees.
 */
export async function pickTarget(): Promise<Target | undefined> {
  const picker = vscode.window.createQuickPick<Choice>();
  picker.title = 'Force Thinking';
  picker.placeholder = 'Choose a problem, or type a question';
  picker.matchOnDescription = true;
  picker.items = [...(await problemsOfWorkspace()).map(toChoice), askTyped];
  const chosen = new Promise<Target | undefined>((resolve) => {
    picker.onDidAccept(() => {
      const [choice] = picker.selectedItems;
      const question = picker.value.trim();
      if (choice?.target) resolve(choice.target);
      else if (choice && question) resolve({ problem: { question }, place: undefined });
      else return; // nothing is typed yet
      picker.hide();
    });
    picker.onDidHide(() => resolve(undefined));
  });
  picker.show();
  return chosen.finally(() => picker.dispose());
}

const askTyped: Choice = {
  label: '$(edit) Ask this question',
  description: 'as it is typed above',
  alwaysShow: true,
  target: undefined,
};

function toChoice(target: Target): Choice {
  const detail = target.place ? vscode.workspace.asRelativePath(target.place.uri) : '';
  return { label: toLabel(target.problem.question), description: toLabel(target.problem.id ?? ''), detail, target };
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
