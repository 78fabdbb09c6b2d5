import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { summarizeRun } from '../../core/studies/findRuns';
import type { UiContext } from '../context';
import { traceViewType } from '../ids';
import type { RunRequest } from '../runViewer/runViewer';
import { traceUri } from '../traceViewer/traceUri';
import { pauseRun, resumeRun } from './studies';

/** What the page of a run asks for. */
export async function actOnRun(ui: UiContext, request: RunRequest, folder: string): Promise<void> {
  switch (request.type) {
    case 'run/openTraces':
      return openTraces(ui, request.traceIds, folder);
    case 'run/copy':
      await vscode.env.clipboard.writeText(request.text);
      return;
    case 'run/save':
      return save(request.name, Buffer.from(request.base64, 'base64'), folder);
    case 'run/action':
      return act(ui, request.action, folder);
    default:
      request satisfies never;
  }
}

async function act(ui: UiContext, action: 'pause' | 'resume' | 'openStudy' | 'copyCommand', folder: string) {
  if (action === 'pause') return pauseRun(ui, folder);
  if (action === 'resume') return resumeRun(ui, folder);
  const run = await summarizeRun(folder);
  if (!run) throw new SecondThoughtError('file-not-found', `There is no run in ${folder} any more.`);
  if (action === 'openStudy') await vscode.window.showTextDocument(vscode.Uri.file(run.about.study.file));
  else
    await vscode.env.clipboard.writeText(`second-thought run --resume '${folder.replaceAll("'", String.raw`'\''`)}'`);
}

/** One trace in the viewer; two side by side. */
async function openTraces(ui: UiContext, traceIds: string[], folder: string): Promise<void> {
  for (const [index, traceId] of traceIds.entries()) {
    const trace = await ui.traces.get(traceId, folder);
    const column = traceIds.length === 1 ? vscode.ViewColumn.Active : index + 1;
    const options = { viewColumn: column, preview: false };
    await vscode.commands.executeCommand('vscode.openWith', traceUri(trace, folder), traceViewType, options);
  }
}

async function save(name: string, bytes: Uint8Array, folder: string): Promise<void> {
  const defaultUri = vscode.Uri.file(path.join(folder, path.basename(name)));
  const uri = await vscode.window.showSaveDialog({ defaultUri });
  if (uri) await vscode.workspace.fs.writeFile(uri, bytes);
}
