import { appendFileSync } from 'node:fs';
import { performance } from 'node:perf_hooks';
import * as vscode from 'vscode';
import { forceFirstProblem } from './ui/commands/forceThinking';
import { registerCommands } from './ui/commands/table';
import { actOnTrace } from './ui/commands/traceActions';
import type { UiContext } from './ui/context';
import { EngineClient } from './ui/engineClient';
import { traceScheme } from './ui/ids';
import { LiveTraces } from './ui/liveTraces';
import { presentError } from './ui/presentError';
import { createStatusItem } from './ui/statusItem';
import { provideTerminalCommand } from './ui/terminalCommand';
import { registerTraceTextLanguage } from './ui/traceText/outline';
import { TraceFiles } from './ui/traceViewer/traceFiles';
import { TraceViewerProvider } from './ui/traceViewer/traceViewer';

/** Builds the objects and hands them over. Nothing starts, and nothing is sent, before a command. */
export function activate(context: vscode.ExtensionContext): UiContext {
  const startedAt = performance.now();
  const log = vscode.window.createOutputChannel('Second Thought', { log: true });
  const storage = context.storageUri ?? context.globalStorageUri;
  const engine = new EngineClient(context.extensionPath, vscode.Uri.joinPath(storage, 'scratch').fsPath, log);
  const traces = new LiveTraces(engine);
  const traceFiles = new TraceFiles(traces);
  const viewer = new TraceViewerProvider(context.extensionUri, traces, (action, trace) => {
    actOnTrace(ui, action, trace).catch((error) => presentError(error, log));
  });
  const ui: UiContext = {
    engine,
    traces,
    log,
    secrets: context.secrets,
    starting: new Map(),
    activeTrace: () => viewer.active,
    traceFiles,
    extensionUri: context.extensionUri,
    terminalCommand: provideTerminalCommand(context, log),
  };
  context.subscriptions.push(
    log,
    engine,
    traces,
    TraceViewerProvider.register(viewer),
    traceFiles,
    vscode.workspace.registerFileSystemProvider(traceScheme, traceFiles, { isReadonly: true }),
    registerTraceTextLanguage(),
    createStatusItem(traces),
    ...registerCommands(ui),
  );
  log.debug(`activated in ${(performance.now() - startedAt).toFixed(1)} ms`);
  if (process.env.SECOND_THOUGHT_ACTIVATION_REPORT) {
    appendFileSync(process.env.SECOND_THOUGHT_ACTIVATION_REPORT, `${performance.now() - startedAt}\n`); // npm run bench
  }
  if (process.env.SECOND_THOUGHT_START === 'force-first-problem') {
    process.env.SECOND_THOUGHT_START = ''; // once: a reloaded window does not start over
    forceFirstProblem(ui).catch((error) => presentError(error, log));
  }
  return ui;
}
