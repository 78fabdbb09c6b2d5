import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { parseSearch, searchFilters } from '../../core/lab/searchWords';
import type { UiContext } from '../context';
import { hasSearchedKey, searchViewId, traceViewType } from '../ids';
import type { SearchNode } from '../search/searchTree';
import { traceUri } from '../traceViewer/traceUri';
import { withProgress } from './forceThinking';

/** Search Traces: words in the thinking and the answers of this window's run and of all studies it knows. */
export async function searchTraces(ui: UiContext): Promise<void> {
  const text = await vscode.window.showInputBox({
    title: 'Search Traces',
    prompt: `Words in what models thought and answered; /…/ is a regular expression. Filters: ${searchFilters.map((name) => `${name}:`).join(' ')}`,
    placeHolder: 'let me check in:thinking outcome:wrong tokens:>500',
  });
  if (!text) return;
  const query = parseSearch(text);
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
  await vscode.commands.executeCommand('setContext', hasSearchedKey, true); // the view is not there before
  await vscode.commands.executeCommand(`${searchViewId}.focus`);
  await withProgress('Searching…', () => ui.search.search({ line: text, query, runs }));
}

/** A row of the Search view: its trace. */
export async function openFound(ui: UiContext, node: unknown): Promise<void> {
  const { hit } = node as Extract<SearchNode, { kind: 'hit' }>;
  const run = hit.run === ui.scratchFolder ? undefined : hit.run;
  const uri = traceUri({ id: hit.traceId, problem: { question: hit.question } }, run);
  await vscode.commands.executeCommand('vscode.openWith', uri, traceViewType, { preview: true });
}
