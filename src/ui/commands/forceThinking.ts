import * as vscode from 'vscode';
import { type Condition, conditionKey } from '../../core/forcing/condition';
import { type Problem, problemKey } from '../../core/problems/problem';
import type { Trace } from '../../core/traces/trace';
import { gradedBy, type RunSettings, runSettings } from '../config';
import type { UiContext } from '../context';
import { settingsSection, traceViewType } from '../ids';
import { traceUri } from '../traceViewer/traceUri';
import { firstProblemOfWorkspace, type Place, pickTarget, type Target, targetInEditor } from './problemInEditor';
import { askQuickSettings } from './quickSettings';

/** Force Thinking: the problem at hand, under a condition that is shown and can be changed before it starts. */
export async function forceThinking(ui: UiContext): Promise<Trace[]> {
  const target = targetInEditor(ui) ?? targetInViewer(ui) ?? (await pickTarget());
  if (!target) return [];
  const settings = await askQuickSettings(ui, target.problem);
  return settings ? runTarget(ui, target, settings) : [];
}

/** Force Again: the same with the last settings, at once. */
export async function forceAgain(ui: UiContext): Promise<Trace[]> {
  const target = targetInEditor(ui) ?? targetInViewer(ui) ?? lastTarget(ui) ?? (await pickTarget());
  return target ? runTarget(ui, target, await runSettings(ui)) : [];
}

/** The problem of the trace that the active viewer shows. */
function targetInViewer(ui: UiContext): Target | undefined {
  const problem = ui.activeTrace()?.problem;
  return problem && { problem, place: undefined };
}

function lastTarget({ traces }: UiContext): Target | undefined {
  const problem = traces.latest?.problem;
  return problem && { problem, place: undefined };
}

/** Runs a problem and shows it: below its text where it has one, else in the trace viewer. */
export async function runTarget(ui: UiContext, { problem, place }: Target, settings: RunSettings): Promise<Trace[]> {
  const traces = await startTraces(ui, problem, settings);
  if (place) {
    ui.inline.show(place, traces);
    await reveal(place);
  }
  const [first] = traces;
  const where = vscode.workspace.getConfiguration(settingsSection).get('showTraces', 'inline');
  if (first && (!place || where !== 'inline')) await showTrace(first);
  return traces;
}

/** A problem that was chosen from a list may stand in a file that nobody sees. */
async function reveal({ uri, line }: Place): Promise<void> {
  if (vscode.window.visibleTextEditors.some(({ document }) => document.uri.toString() === uri.toString())) return;
  await vscode.window.showTextDocument(uri, { preview: false, selection: new vscode.Range(line, 0, line, 0) });
}

/** Starts as many traces as there are samples, or gives those that already start or run for this problem. */
export function startTraces(ui: UiContext, problem: Problem, settings: RunSettings): Promise<Trace[]> {
  const samples = Array.from({ length: settings.samples }, (_, sample) => sample);
  const started = withProgress('Starting…', (signal) =>
    Promise.all(samples.map((sample) => startTrace(ui, problem, settings, sample, signal))),
  );
  return started.catch((error) => {
    ui.servers.failed(settings.server.id, error);
    throw error;
  });
}

async function startTrace(
  ui: UiContext,
  problem: Problem,
  settings: RunSettings,
  sample: number,
  signal: AbortSignal,
): Promise<Trace> {
  const { condition } = settings;
  const keyOf = (name: string, value: Condition, index: number) => `${name} ${conditionKey(value)} ${index}`;
  const key = keyOf(problemKey(problem), condition, sample);
  const same = ui.traces.running.find((trace) => keyOf(trace.problemKey, trace.condition, trace.sample) === key);
  if (same) return same;
  const begin = async () => {
    const { server, seed, logprobs } = settings;
    const graded = gradedBy(settings);
    const order = { type: 'force' as const, problem, condition, server, seed, sample, logprobs, ...graded };
    const { trace } = await ui.engine.ask(order, signal);
    if (!trace) throw new Error('the engine gave no trace');
    return ui.traces.began(trace);
  };
  const starting = ui.starting.get(key) ?? begin().finally(() => ui.starting.delete(key));
  ui.starting.set(key, starting);
  return starting;
}

/** Most things take less; then nothing pops up. */
const patienceMs = 2_000;

/** A wait that the user started: in the status bar at first, with a way to cancel it if it lasts. */
export async function withProgress<T>(title: string, task: (signal: AbortSignal) => Promise<T>): Promise<T> {
  const stop = new AbortController();
  const { Window: bar, Notification: notification } = vscode.ProgressLocation;
  const running = task(stop.signal);
  const ended = running.then(
    () => true,
    () => true,
  );
  void vscode.window.withProgress({ location: bar, title: `Second Thought: ${title}` }, () => ended);
  const isQuick = await Promise.race([ended, new Promise<false>((resolve) => setTimeout(resolve, patienceMs, false))]);
  if (!isQuick) {
    const shown = { location: notification, title: `Second Thought: ${title}`, cancellable: true };
    void vscode.window.withProgress(shown, (_, token) => {
      token.onCancellationRequested(() => stop.abort());
      return ended;
    });
  }
  return running;
}

/** Shows a trace where traces are shown already, else beside the problem. */
export async function showTrace(trace: Pick<Trace, 'id' | 'problem'>, run?: string): Promise<void> {
  const isTrace = ({ input }: vscode.Tab) => input instanceof vscode.TabInputCustom && input.viewType === traceViewType;
  const group = vscode.window.tabGroups.all.find((candidate) => candidate.tabs.some(isTrace));
  const viewColumn = group?.viewColumn ?? vscode.ViewColumn.Beside;
  await vscode.commands.executeCommand('vscode.openWith', traceUri(trace, run), traceViewType, {
    viewColumn,
    preview: false,
  });
}

/** What `npm start` asks for: the first sample problem, forced, without a click. */
export async function forceFirstProblem(ui: UiContext): Promise<void> {
  const { target, uri, line } = await firstProblemOfWorkspace();
  const selection = new vscode.Range(line, 0, line, 0);
  await vscode.window.showTextDocument(uri, { selection, preview: false });
  const [trace] = await runTarget(ui, target, await runSettings(ui));
  if (trace) await showTrace(trace);
}
