import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { gradeTrace } from '../../core/evaluate/outcome';
import { describeCondition } from '../../core/forcing/condition';
import { type Trace, thinkingTokens } from '../../core/traces/trace';
import type { TraceAction } from '../../protocol/traceViewer';
import { configuredServer } from '../config';
import type { UiContext } from '../context';
import { traceCommand, traceText } from '../traceViewer/toWire';
import { showTrace, withProgress } from './forceThinking';

/** What can be done with a trace: by button, by command, by keyboard. */
export async function actOnTrace(ui: UiContext, action: TraceAction, trace: Trace): Promise<void> {
  switch (action) {
    case 'stop':
      await ui.engine.ask({ type: 'stop', traceId: trace.id });
      return;
    case 'stopAndAnswer':
      await ui.engine.ask({ type: 'answerNow', traceId: trace.id });
      return;
    case 'waitAgain':
      return waitAgain(ui, trace);
    case 'continue':
      return continueTrace(ui, trace);
    case 'copyText':
      return vscode.env.clipboard.writeText(traceText(trace));
    case 'copyCommand':
      return vscode.env.clipboard.writeText(traceCommand(trace));
    default:
      action satisfies never;
  }
}

/** Runs an action on the trace of the active viewer, else on the latest one. */
export async function actOnActiveTrace(ui: UiContext, action: TraceAction): Promise<void> {
  const trace = ui.activeTrace() ?? ui.traces.latest;
  if (!trace) {
    throw new SecondThoughtError('bad-usage', 'No trace is open.', { remedy: 'Use Force Thinking to make one.' });
  }
  await actOnTrace(ui, action, trace);
}

async function waitAgain(ui: UiContext, parent: Trace): Promise<void> {
  const server = await configuredServer(ui.secrets);
  const { trace } = await withProgress('Waiting again…', () =>
    ui.engine.ask({ type: 'waitAgain', traceId: parent.id, server }),
  );
  if (trace) await showTrace(ui.traces.began(trace));
}

async function continueTrace(ui: UiContext, trace: Trace): Promise<void> {
  const server = await configuredServer(ui.secrets);
  // The replica stays as it is: the events that follow, from "continued" on, apply to it. The command is done when the
  // first of them is there, so that whoever waits for the end does not meet the old one.
  const resumed = ui.traces.nextChange(trace);
  await withProgress('Continuing…', () => ui.engine.ask({ type: 'continue', traceId: trace.id, server }));
  await resumed;
}

/** Open Trace: a list of the scratch run, newest first. */
export async function openTrace(ui: UiContext): Promise<void> {
  const { traces = [] } = await ui.engine.ask({ type: 'list' });
  if (traces.length === 0) {
    throw new SecondThoughtError('file-not-found', 'There are no traces yet.', {
      remedy: 'Use Force Thinking to make one.',
    });
  }
  const items = traces.reverse().map((trace) => ({
    trace,
    label: trace.problem.question.split('\n')[0] ?? '',
    description: gradeTrace(trace).outcome ?? trace.status,
    detail: `${describeCondition(trace.condition)} · ${thinkingTokens(trace)} thinking tokens · ${new Date(trace.createdAt).toLocaleString()}`,
  }));
  const chosen = await vscode.window.showQuickPick(items, {
    title: 'Open Trace',
    matchOnDescription: true,
    matchOnDetail: true,
  });
  if (chosen) await showTrace(chosen.trace);
}
