import * as vscode from 'vscode';
import { thinkingTokens } from '../core/traces/trace';
import { showTrace } from './commands/forceThinking';
import { commandIds, statusClickId, statusItemId } from './ids';
import type { LiveTraces } from './liveTraces';

/** The status bar says what runs; a click shows it, or the last trace, and forces thinking where there is none. */
export function createStatusItem(traces: LiveTraces): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(statusItemId, vscode.StatusBarAlignment.Left);
  item.name = 'Second Thought';
  const show = () => {
    const { running } = traces;
    const trace = shown(traces);
    const tokens = running.reduce((sum, trace) => sum + thinkingTokens(trace), 0);
    item.text = running.length > 0 ? `$(loading~spin) Thinking: ${tokens} tokens` : '$(lightbulb) Second Thought';
    item.tooltip = trace ? `Open Trace: ${trace.problem.question.split('\n')[0]}` : 'Force Thinking';
  };
  item.command = statusClickId;
  const click = vscode.commands.registerCommand(statusClickId, () => {
    const trace = shown(traces);
    return trace ? showTrace(trace) : vscode.commands.executeCommand(commandIds.forceThinking);
  });
  show();
  item.show();
  const timer = { handle: undefined as NodeJS.Timeout | undefined };
  const soon = () => {
    timer.handle ??= setTimeout(() => {
      timer.handle = undefined;
      show();
    }, 200);
  };
  const subscription = traces.onDidChange(soon);
  return vscode.Disposable.from(item, click, subscription, new vscode.Disposable(() => clearTimeout(timer.handle)));
}

/** What a click opens: what runs, else the last trace. */
const shown = (traces: LiveTraces) => traces.running.at(-1) ?? traces.latest;
