import path from 'node:path';
import * as vscode from 'vscode';
import * as z from 'zod';
import { askCli } from '../commandLine';
import type { UiContext } from '../context';
import { chosenRun } from './studies';

const filters = { 'Page that needs no network': ['html'], Parquet: ['parquet'], CSV: ['csv'], 'JSON lines': ['jsonl'] };
const writtenSchema = z.object({ file: z.string() });

/** Export Run…: its samples as a table for other programs, or the whole run as a page to send around. */
export async function exportRun(ui: UiContext, from: unknown): Promise<string | undefined> {
  const { folder } = await chosenRun(ui, from, () => true);
  const defaultUri = vscode.Uri.file(path.join(path.dirname(path.dirname(folder)), `${path.basename(folder)}.html`));
  const chosen = await vscode.window.showSaveDialog({ title: 'Export Run', defaultUri, filters });
  if (!chosen) return undefined;
  const progress = { location: vscode.ProgressLocation.Notification, title: 'Exporting the run …', cancellable: true };
  const { file } = await vscode.window.withProgress(progress, (_, token) => {
    const abort = new AbortController();
    token.onCancellationRequested(() => abort.abort());
    const words = ['export', folder, '--out', chosen.fsPath];
    return askCli({ extensionPath: ui.extensionUri.fsPath }, words, writtenSchema, { signal: abort.signal });
  });
  void offerToOpen(file);
  return file;
}

async function offerToOpen(file: string): Promise<void> {
  const choice = await vscode.window.showInformationMessage(`The run is in ${path.basename(file)}.`, 'Open');
  if (choice) await vscode.env.openExternal(vscode.Uri.file(file));
}
