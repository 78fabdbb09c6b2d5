import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { gradeTrace } from '../../core/evaluate/outcome';
import { type Trace, thinkingTokens } from '../../core/traces/trace';
import type { UiContext } from '../context';
import { showTrace, startTrace } from './forceThinking';
import { problemInEditor } from './problemInEditor';

/** Evaluate Problem: runs the problem under the cursor and says whether the answer is right. */
export async function evaluateProblem(ui: UiContext): Promise<Trace> {
  const problem = problemInEditor(vscode.window.activeTextEditor);
  if (!problem) {
    throw new SecondThoughtError('empty-problem', 'There is no problem under the cursor.', {
      remedy: 'Put the cursor on a row of a problem file, or select a question.',
    });
  }
  const trace = await startTrace(ui, problem);
  await ui.traces.ended(trace);
  const open = 'Open Trace';
  const { code, message, remedy } = trace.interruption ?? {};
  if (code === 'cancelled') return trace;
  const show = message ? vscode.window.showWarningMessage : vscode.window.showInformationMessage;
  const text = message ? `${message}${remedy ? ` ${remedy}` : ''}` : outcomeSentence(trace);
  void show(text, open).then((choice) => {
    if (choice === open) void showTrace(trace);
  });
  return trace;
}

/** "Wrong: 2, expected 3 (31 thinking tokens)" */
export function outcomeSentence(trace: Trace): string {
  const { outcome, extracted } = gradeTrace(trace);
  const answer = extracted ?? 'no answer';
  const tokens = `${thinkingTokens(trace).toLocaleString('en')} thinking tokens`;
  switch (outcome) {
    case 'correct':
      return `Correct: ${answer} (${tokens})`;
    case 'wrong':
      return `Wrong: ${answer}, expected ${trace.problem.answer} (${tokens})`;
    case 'truncated':
      return `Truncated: the answer did not fit (${tokens})`;
    case 'no-answer':
      return `No answer was given, expected ${trace.problem.answer} (${tokens})`;
    default:
      return `Answer: ${answer} (${tokens}; there is no reference answer)`;
  }
}
