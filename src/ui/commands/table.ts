import * as vscode from 'vscode';
import type { UiContext } from '../context';
import { commandIds } from '../ids';
import { presentError } from '../presentError';
import { clearApiKey, setApiKey } from './apiKeys';
import { evaluateProblem } from './evaluateProblem';
import { forceThinking } from './forceThinking';
import { getStarted, openSamples } from './samples';
import { actOnActiveTrace, openTrace } from './traceActions';
import { compareTraces, openTraceText } from './traceTexts';

type Handler = (ui: UiContext) => unknown;

/** Every command there is. */
export const commandTable: Record<keyof typeof commandIds, Handler> = {
  forceThinking,
  evaluateProblem,
  waitAgain: (ui) => actOnActiveTrace(ui, 'waitAgain'),
  continueTrace: (ui) => actOnActiveTrace(ui, 'continue'),
  stopThinking: (ui) => actOnActiveTrace(ui, 'stop'),
  stopAndAnswer: (ui) => actOnActiveTrace(ui, 'stopAndAnswer'),
  openTrace,
  setApiKey,
  clearApiKey,
  showLog: (ui) => ui.log.show(),
  openTraceText,
  compareTraces,
  openSamples,
  getStarted,
};

/** Registers them; a failure is shown once, and the command then gives undefined. */
export function registerCommands(ui: UiContext): vscode.Disposable[] {
  return Object.entries(commandTable).map(([name, handler]) =>
    vscode.commands.registerCommand(commandIds[name as keyof typeof commandIds], async () => {
      try {
        return await handler(ui);
      } catch (error) {
        presentError(error, ui.log);
        return undefined;
      }
    }),
  );
}
