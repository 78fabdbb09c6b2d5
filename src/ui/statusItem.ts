import * as vscode from 'vscode';
import { thinkingTokens } from '../core/traces/trace';
import { commandIds, statusItemId } from './ids';
import type { LiveTraces } from './liveTraces';

/** The status bar says what runs; a click forces thinking. */
export function createStatusItem(traces: LiveTraces): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(statusItemId, vscode.StatusBarAlignment.Left);
  item.name = 'Second Thought';
  item.command = commandIds.forceThinking;
  const show = () => {
    const { running } = traces;
    const tokens = running.reduce((sum, trace) => sum + thinkingTokens(trace), 0);
    item.text = running.length > 0 ? `$(loading~spin) Thinking: ${tokens} tokens` : '$(lightbulb) Second Thought';
    item.tooltip = running.length > 0 ? `${running.length} running` : 'Force Thinking';
  };
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
  return vscode.Disposable.from(item, subscription, new vscode.Disposable(() => clearTimeout(timer.handle)));
}
