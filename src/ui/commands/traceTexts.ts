import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { toLabel } from '../../core/base/untrustedText';
import { describeCondition } from '../../core/forcing/condition';
import type { Trace } from '../../core/traces/trace';
import type { UiContext } from '../context';
import { relativeOf } from '../laboratory/relatives';
import { traceTextUri } from '../traceViewer/traceUri';
import { pickTrace, tracesMeant } from './traceActions';

/** Open Trace as Text: the trace at hand, else the latest of an earlier window. */
export async function openTraceText(ui: UiContext, from: unknown): Promise<vscode.TextEditor> {
  const trace = tracesMeant(ui, from)[0] ?? (await newestFirst(ui))[0];
  if (!trace) {
    throw new SecondThoughtError('file-not-found', 'There are no traces yet.', {
      remedy: 'Use Force Thinking to make one.',
    });
  }
  ui.traceFiles.offer(trace);
  const run = ui.activeTrace() === trace ? ui.activeTraceRun() : undefined;
  return vscode.window.showTextDocument(traceTextUri(trace, run), { preview: false });
}

/** Compare Two Traces: picks two, the older one goes to the left. */
export async function compareTraces(ui: UiContext): Promise<void> {
  const traces = await newestFirst(ui);
  if (traces.length < 2) {
    throw new SecondThoughtError('bad-usage', 'There are not two traces to compare yet.', {
      remedy: 'Use Force Thinking twice, for example with another secondThought.ignore.',
    });
  }
  const first = await pickTrace(traces, 'Compare Two Traces: the first one');
  if (!first) return;
  const others = traces.filter((trace) => trace.id !== first.id);
  const isSame = (trace: Trace) => trace.problemKey === first.problemKey;
  const sorted = [...others.filter(isSame), ...others.filter((trace) => !isSame(trace))];
  const second = await pickTrace(sorted, 'Compare Two Traces: with which one?');
  if (second) await openDifference(first, second);
}

/** A trace and a relative of it, side by side: what they share is the same line by line. */
export async function compareWith(ui: UiContext, trace: Trace, otherId: string, run?: string): Promise<void> {
  const { trace: other } = await relativeOf(ui, otherId, run);
  for (const each of [trace, other]) ui.traceFiles.offer(each);
  await openDifference(trace, other);
}

function openDifference(a: Trace, b: Trace): Thenable<unknown> {
  const [left, right] = a.createdAt <= b.createdAt ? [a, b] : [b, a];
  const title = `${shortName(left)} ↔ ${shortName(right)}`;
  return vscode.commands.executeCommand('vscode.diff', traceTextUri(left), traceTextUri(right), title, {
    preview: false,
  });
}

async function newestFirst(ui: UiContext): Promise<Trace[]> {
  const { traces = [] } = await ui.engine.ask({ type: 'list' });
  return traces.reverse();
}

const shortName = ({ problem, condition }: Trace) =>
  toLabel(`${problem.id ?? problem.question.slice(0, 30)} (${describeCondition(condition)})`);
