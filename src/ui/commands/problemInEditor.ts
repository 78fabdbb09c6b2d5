import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import type { Problem } from '../../core/problems/problem';
import { parseProblems, problemAt } from '../../core/problems/problemFile';

/**
 * The problem that a command is about: the selected text, else the problem under the cursor. A selection inside one row
 * of a problem file means that row.
 */
export function problemInEditor(editor: vscode.TextEditor | undefined): Problem | undefined {
  if (!editor) return undefined;
  const { document, selection } = editor;
  const fileName = path.basename(document.uri.path);
  const placed = problemAt(document.getText(), fileName, selection.active.line);
  if (selection.isEmpty) return isProblemFile(fileName) ? placed?.problem : undefined;
  if (placed && fileName.endsWith('.jsonl') && selection.isSingleLine) return placed.problem;
  return { question: document.getText(selection).trim() };
}

const isProblemFile = (fileName: string) => /\.(jsonl|md)$/i.test(fileName);

/** Asks for a problem where none is under the cursor. Undefined: the user changed their mind. */
export async function askForProblem(): Promise<Problem | undefined> {
  const question = await vscode.window.showInputBox({
    title: 'Force Thinking',
    prompt: 'A question for the model. Tip: put the cursor on a problem, or select one, to skip this.',
    placeHolder: 'How many r in raspberry?',
    ignoreFocusOut: true,
  });
  return question?.trim() ? { question: question.trim() } : undefined;
}

/** The first problem of the workspace's first problem file. */
export async function firstProblemOfWorkspace(): Promise<{ problem: Problem; uri: vscode.Uri; line: number }> {
  const [uri] = await vscode.workspace.findFiles('**/*.problems.jsonl', undefined, 1);
  if (!uri) throw new SecondThoughtError('problem-not-found', 'This folder has no *.problems.jsonl file.');
  const text = Buffer.from(await vscode.workspace.fs.readFile(uri)).toString('utf8');
  const [first] = parseProblems(text, { fileName: path.basename(uri.path) });
  if (!first)
    throw new SecondThoughtError('problem-not-found', `${vscode.workspace.asRelativePath(uri)} holds no problem.`);
  return { problem: first.problem, uri, line: first.startLine };
}
