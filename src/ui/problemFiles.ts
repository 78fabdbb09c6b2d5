import path from 'node:path';
import * as vscode from 'vscode';
import { type PlacedProblem, parseProblems, problemOfRow } from '../core/problems/problemFile';
import { settingsSection } from './ids';
import type { WorkspaceMemory } from './memory';

/** Larger documents get nothing of ours: reading them anew at every change would be felt. */
const maxDocumentCharacters = 20 * 2 ** 20;

/**
 * Problem files are those that the setting's patterns name, those that Evaluate Problem Set was used on, and JSON lines
 * whose first row has a question.
 */
export function isProblemFile(document: vscode.TextDocument, memory: WorkspaceMemory): boolean {
  const patterns = problemPatterns().map((pattern) => ({ pattern }));
  if (vscode.languages.match(patterns, document) > 0) return true;
  if (memory.problemFiles.includes(document.uri.toString())) return true;
  if (path.extname(document.uri.path) !== '.jsonl' || document.lineCount === 0) return false;
  return problemOfRow(document.lineAt(0).text) !== undefined;
}

export function problemPatterns(): string[] {
  return vscode.workspace.getConfiguration(settingsSection).get<string[]>('problemFiles', []);
}

interface Parsed {
  version: number;
  problems: PlacedProblem[];
}

const parsed = new WeakMap<vscode.TextDocument, Parsed>();

/** The problems of an open document, read once per version of it; none of one that is too large. */
export function problemsOf(document: vscode.TextDocument): PlacedProblem[] {
  const before = parsed.get(document);
  if (before?.version === document.version) return before.problems;
  const isTooLarge = document.offsetAt(document.lineAt(document.lineCount - 1).range.end) > maxDocumentCharacters;
  const fileName = path.basename(document.uri.path);
  const problems = isTooLarge ? [] : parseProblems(document.getText(), { fileName });
  parsed.set(document, { version: document.version, problems });
  return problems;
}
