import * as vscode from 'vscode';
import { tracesMeant } from './commands/traceActions';
import type { UiContext } from './context';
import { isProblemFileKey, traceStateKey } from './ids';
import { isProblemFile } from './problemFiles';

/** Keeps the keys that menus and the palette ask for up to date. */
export function followContextKeys(ui: UiContext, onDidChangeActiveTrace: vscode.Event<unknown>): vscode.Disposable {
  const set = new Map<string, unknown>();
  const update = (key: string, value: unknown) => {
    if (set.has(key) && set.get(key) === value) return;
    set.set(key, value);
    void vscode.commands.executeCommand('setContext', key, value);
  };
  const follow = () => {
    const document = vscode.window.activeTextEditor?.document;
    update(traceStateKey, tracesMeant(ui, undefined)[0]?.status);
    update(isProblemFileKey, document !== undefined && isProblemFile(document, ui.memory));
  };
  follow();
  return vscode.Disposable.from(
    onDidChangeActiveTrace(follow),
    vscode.window.onDidChangeActiveTextEditor(follow),
    vscode.window.onDidChangeTextEditorSelection(follow),
    ui.traces.onDidChange(({ event }) => event?.type !== 'received' && follow()),
  );
}
