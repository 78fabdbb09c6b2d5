import * as vscode from 'vscode';
import { toLabel, toMarkdown } from '../core/base/untrustedText';
import { bundledServer } from '../core/servers/serverSpec';
import { thinkingTokens } from '../core/traces/trace';
import { showTrace } from './commands/forceThinking';
import type { UiContext } from './context';
import { commandIds, statusClickId, statusItemId } from './ids';
import { activeServerId, knownServers } from './servers/knownServers';

const refreshAfterMs = 200;

/**
 * The status bar says which server is in use, and what runs on it; a click shows the trace that runs, or the last one, and
 * forces thinking where there is none.
 */
export function createStatusItem(ui: UiContext): vscode.Disposable {
  const item = vscode.window.createStatusBarItem(statusItemId, vscode.StatusBarAlignment.Left);
  item.name = 'Second Thought';
  item.command = statusClickId;
  const click = vscode.commands.registerCommand(statusClickId, () => {
    const trace = ui.traces.running.at(-1) ?? ui.traces.latest;
    return trace ? showTrace(trace) : vscode.commands.executeCommand(commandIds.forceThinking);
  });
  item.text = '$(lightbulb) Second Thought';
  item.show();
  const show = () => {
    update(item, ui).catch((error) => ui.log.warn(String(error)));
  };
  let timer: NodeJS.Timeout | undefined;
  const soon = () => {
    timer ??= setTimeout(() => {
      timer = undefined;
      show();
    }, refreshAfterMs);
  };
  show();
  return vscode.Disposable.from(
    item,
    click,
    ui.traces.onDidChange(soon),
    ui.servers.onDidChange(soon),
    new vscode.Disposable(() => clearTimeout(timer)),
  );
}

async function update(item: vscode.StatusBarItem, ui: UiContext): Promise<void> {
  const { running } = ui.traces;
  const id = await activeServerId(ui);
  const name = id === bundledServer.id ? 'bundled model' : toLabel(id, 30);
  const tokens = running.reduce((sum, trace) => sum + thinkingTokens(trace), 0).toLocaleString('en');
  const queued = running.reduce((most, trace) => Math.max(most, ui.traces.waitingFor(trace.id)?.waiting ?? 0), 0);
  const queue = queued > 0 ? `, ${queued} in the queue` : '';
  item.text = running.length > 0 ? `$(loading~spin) Thinking: ${tokens} tokens${queue}` : `$(lightbulb) ${name}`;
  item.tooltip = await tooltip(ui, id);
  item.accessibilityInformation = {
    label: `Second Thought, ${name}${running.length > 0 ? `, thinking, ${tokens} tokens` : ''}`,
  };
}

async function tooltip(ui: UiContext, id: string): Promise<vscode.MarkdownString> {
  const entry = (await knownServers()).find((known) => known.id === id);
  const state = ui.servers.of(id);
  const last = ui.traces.running.at(-1) ?? ui.traces.latest;
  const lines = [
    `**Second Thought** on ${entry ? toMarkdown(`${id}: ${entry.model ?? 'first model'} at ${entry.url}`) : 'the bundled model'}`,
    state ? toMarkdown(state.text) : '',
    last ? `A click opens: ${toMarkdown(toLabel(last.problem.question))}` : 'A click forces thinking.',
    `[Select Server](command:${commandIds.selectServer})`,
  ];
  const text = new vscode.MarkdownString(lines.filter(Boolean).join('\n\n'));
  text.isTrusted = { enabledCommands: [commandIds.selectServer] };
  return text;
}
