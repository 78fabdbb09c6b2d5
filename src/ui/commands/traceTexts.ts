import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { gradeTrace } from '../../core/evaluate/outcome';
import { describeCondition } from '../../core/forcing/condition';
import { type Trace, thinkingTokens } from '../../core/traces/trace';
import type { UiContext } from '../context';
import { traceTextUri } from '../traceViewer/traceUri';

/** Open Trace as Text: the trace of the active viewer, else the latest, of this window or of an earlier one. */
export async function openTraceText(ui: UiContext): Promise<vscode.TextEditor> {
  const trace = ui.activeTrace() ?? ui.traces.latest ?? (await newestFirst(ui))[0];
  if (!trace) {
    throw new SecondThoughtError('file-not-found', 'There are no traces yet.', {
      remedy: 'Use Force Thinking to make one.',
    });
  }
  ui.traceFiles.offer(trace);
  return vscode.window.showTextDocument(traceTextUri(trace), { preview: false });
}

/** Compare Two Traces: picks two, the older one goes to the left. */
export async function compareTraces(ui: UiContext): Promise<void> {
  const traces = await newestFirst(ui);
  if (traces.length < 2) {
    throw new SecondThoughtError('bad-usage', 'There are not two traces to compare yet.', {
      remedy: 'Use Force Thinking twice, for example with another secondThought.ignore.',
    });
  }
  const first = await pick('Compare Two Traces: the first one', traces);
  if (!first) return;
  const others = traces.filter((trace) => trace.id !== first.id);
  const isSame = (trace: Trace) => trace.problemKey === first.problemKey;
  const sorted = [...others.filter(isSame), ...others.filter((trace) => !isSame(trace))];
  const second = await pick('Compare Two Traces: with which one?', sorted);
  if (second) await openDifference(first, second);
}

function openDifference(a: Trace, b: Trace): Thenable<unknown> {
  const [left, right] = a.createdAt <= b.createdAt ? [a, b] : [b, a];
  const title = `${shortName(left)} ↔ ${shortName(right)}`;
  return vscode.commands.executeCommand('vscode.diff', traceTextUri(left), traceTextUri(right), title, {
    preview: false,
  });
}

async function pick(title: string, traces: Trace[]): Promise<Trace | undefined> {
  const items = traces.map((trace) => ({
    trace,
    label: trace.problem.question.split('\n')[0] ?? '',
    description: gradeTrace(trace).outcome ?? trace.status,
    detail: `${describeCondition(trace.condition)} · ${thinkingTokens(trace)} thinking tokens · ${new Date(trace.createdAt).toLocaleString()}`,
  }));
  const chosen = await vscode.window.showQuickPick(items, { title, matchOnDescription: true, matchOnDetail: true });
  return chosen?.trace;
}

async function newestFirst(ui: UiContext): Promise<Trace[]> {
  const { traces = [] } = await ui.engine.ask({ type: 'list' });
  return traces.reverse();
}

const shortName = ({ problem, condition }: Trace) =>
  `${problem.id ?? problem.question.split('\n')[0]?.slice(0, 30)} (${describeCondition(condition)})`;
