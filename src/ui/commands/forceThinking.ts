import * as vscode from 'vscode';
import { type Condition, conditionKey } from '../../core/forcing/condition';
import type { Problem } from '../../core/problems/problem';
import { problemKey } from '../../core/problems/problem';
import type { Trace } from '../../core/traces/trace';
import { configuredCondition, configuredSeed, configuredServer } from '../config';
import type { UiContext } from '../context';
import { traceViewType } from '../ids';
import { traceUri } from '../traceViewer/traceUri';
import { askForProblem, firstProblemOfWorkspace, problemInEditor } from './problemInEditor';

/** Force Thinking: the problem at hand, under the condition of the settings, streamed into the trace viewer. */
export async function forceThinking(ui: UiContext): Promise<Trace | undefined> {
  const problem = problemInEditor(vscode.window.activeTextEditor) ?? (await askForProblem());
  if (!problem) return undefined;
  const trace = await startTrace(ui, problem);
  await showTrace(trace);
  return trace;
}

/** Starts a trace, or gives the one that already starts or runs for this problem under this condition. */
export async function startTrace(ui: UiContext, problem: Problem): Promise<Trace> {
  const condition = configuredCondition();
  const keyOf = (name: string, value: Condition) => `${name} ${conditionKey(value)}`;
  const key = keyOf(problemKey(problem), condition);
  const same = ui.traces.running.find((trace) => keyOf(trace.problemKey, trace.condition) === key);
  if (same) return same;
  const starting = ui.starting.get(key) ?? start(ui, problem, condition).finally(() => ui.starting.delete(key));
  ui.starting.set(key, starting);
  return starting;
}

async function start(ui: UiContext, problem: Problem, condition: Condition): Promise<Trace> {
  const server = await configuredServer(ui.secrets);
  const request = { type: 'force' as const, problem, condition, server, seed: configuredSeed() };
  const { trace } = await withProgress('Starting…', () => ui.engine.ask(request));
  if (!trace) throw new Error('the engine gave no trace');
  return ui.traces.began(trace);
}

/** A wait that the user started; shown only if it lasts. */
export function withProgress<T>(title: string, task: () => Promise<T>): Thenable<T> {
  return vscode.window.withProgress(
    { location: vscode.ProgressLocation.Window, title: `Second Thought: ${title}` },
    task,
  );
}

/** Shows a trace where traces are shown already, else beside the problem. */
export async function showTrace(trace: Pick<Trace, 'id' | 'problem'>): Promise<void> {
  const isTrace = ({ input }: vscode.Tab) => input instanceof vscode.TabInputCustom && input.viewType === traceViewType;
  const group = vscode.window.tabGroups.all.find((candidate) => candidate.tabs.some(isTrace));
  const viewColumn = group?.viewColumn ?? vscode.ViewColumn.Beside;
  await vscode.commands.executeCommand('vscode.openWith', traceUri(trace), traceViewType, {
    viewColumn,
    preview: false,
  });
}

/** What `npm start` asks for: the first sample problem, forced, without a click. */
export async function forceFirstProblem(ui: UiContext): Promise<void> {
  const { problem, uri, line } = await firstProblemOfWorkspace();
  const selection = new vscode.Range(line, 0, line, 0);
  await vscode.window.showTextDocument(uri, { selection, preview: false });
  await showTrace(await startTrace(ui, problem));
}
