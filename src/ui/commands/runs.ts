import * as vscode from 'vscode';
import { systemClock } from '../../core/base/clock';
import { SecondThoughtError } from '../../core/base/errors';
import { folderHolder } from '../../core/base/folderLock';
import { RunStore } from '../../core/traces/runStore';
import type { UiContext } from '../context';
import { folderOf } from './studies';

/** The run of a row of the view, else the scratch run. */
async function runMeant(ui: UiContext, from: unknown): Promise<RunStore> {
  const store = RunStore.at(folderOf(from) ?? ui.scratchFolder, systemClock);
  if (await store.exists()) return store;
  throw new SecondThoughtError('file-not-found', 'There is no run yet.', { remedy: 'Use Force Thinking to make one.' });
}

export async function renameRun(ui: UiContext, from: unknown): Promise<void> {
  const store = await runMeant(ui, from);
  const { title } = await store.describe();
  const chosen = await vscode.window.showInputBox({
    title: 'Rename Run',
    value: title ?? 'Scratch run',
    validateInput: (value) => (value.trim() === '' ? 'The name is empty' : undefined),
  });
  if (chosen === undefined) return;
  await store.rename(chosen.trim());
  ui.runs.refreshSoon();
}

/** Delete Run: to the trash. The engine is ended first, so that nothing writes into a folder that is not there. */
export async function deleteRun(ui: UiContext, from: unknown): Promise<void> {
  const store = await runMeant(ui, from);
  const isScratch = store.folder === ui.scratchFolder;
  const running = ui.traces.running.length;
  if (isScratch && running > 0) {
    throw new SecondThoughtError('busy', `The run cannot be deleted while ${running} of its traces still run.`, {
      remedy: 'Stop them first.',
    });
  }
  const holder = await folderHolder(store.folder);
  if (holder) {
    throw new SecondThoughtError('busy', `The run cannot be deleted while process ${holder.pid} works on it.`, {
      remedy: 'Use Pause Run first.',
    });
  }
  const toTrash = 'Move to Trash';
  const choice = await vscode.window.showWarningMessage(
    'Delete this run with all its traces?',
    { modal: true, detail: store.folder },
    toTrash,
  );
  if (choice !== toTrash) return;
  if (isScratch) await ui.engine.stop();
  await moveToTrash(vscode.Uri.file(store.folder));
  if (isScratch) {
    ui.inline.dismissAll();
    ui.traces.forgetAll();
  }
  ui.runs.refreshSoon();
}

/** Remote machines have no trash: then the user decides again. */
async function moveToTrash(folder: vscode.Uri): Promise<void> {
  try {
    await vscode.workspace.fs.delete(folder, { recursive: true, useTrash: true });
  } catch {
    const forEver = 'Delete for Ever';
    const choice = await vscode.window.showWarningMessage('This machine has no trash.', { modal: true }, forEver);
    if (choice !== forEver) throw new SecondThoughtError('cancelled', 'Stopped.');
    await vscode.workspace.fs.delete(folder, { recursive: true, useTrash: false });
  }
}

export async function revealRun(ui: UiContext, from: unknown): Promise<void> {
  const store = await runMeant(ui, from);
  if (vscode.env.remoteName === undefined && vscode.env.uiKind === vscode.UIKind.Desktop) {
    await vscode.commands.executeCommand('revealFileInOS', vscode.Uri.file(store.folder));
    return;
  }
  await vscode.env.clipboard.writeText(store.folder);
  void vscode.window.showInformationMessage(`The folder of the run is on the clipboard: ${store.folder}`);
}
