import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import type { UiContext } from '../context';
import { hasSearchedKey, searchViewId, traceViewType } from '../ids';
import type { SearchNode } from '../search/searchTree';
import { traceUri } from '../traceViewer/traceUri';
import { withProgress } from './forceThinking';

/** Search Traces: words in the thinking and the answers of this window's run and of all studies it knows. */
export async function searchTraces(ui: UiContext): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: 'Search Traces',
    prompt: 'Words in what models thought and answered; /…/ is a regular expression. Lower case finds both cases.',
    placeHolder: 'let me check',
  });
  if (!text) return;
  const expression = /^\/(.+)\/$/.exec(text)?.[1];
  const studies = (await ui.studies.list()).map(({ folder }) => folder);
  const isThere = await vscode.workspace.fs
    .stat(vscode.Uri.joinPath(vscode.Uri.file(ui.scratchFolder), 'run.json'))
    .then(
      () => true,
      () => false,
    );
  const runs = [...(isThere ? [ui.scratchFolder] : []), ...studies];
  if (runs.length === 0) {
    throw new SecondThoughtError('file-not-found', 'There are no traces yet.', {
      remedy: 'Use Force Thinking to make one.',
    });
  }
  const wish = { pattern: expression ?? text, isRegExp: expression !== undefined, runs };
  await vscode.commands.executeCommand('setContext', hasSearchedKey, true); // the view is not there before
  await vscode.commands.executeCommand(`${searchViewId}.focus`);
  await withProgress('Searching…', () => ui.search.search(wish));
}

/** A row of the Search view: its trace. */
export async function openFound(ui: UiContext, node: unknown): Promise<void> {
  const { hit } = node as Extract<SearchNode, { kind: 'hit' }>;
  const run = hit.run === ui.scratchFolder ? undefined : hit.run;
  const uri = traceUri({ id: hit.traceId, problem: { question: hit.question } }, run);
  await vscode.commands.executeCommand('vscode.openWith', uri, traceViewType, { preview: true });
}
