import * as vscode from 'vscode';
import type { UiContext } from '../context';
import { commandIds } from '../ids';
import { presentError } from '../presentError';
import { curateDataSet, openCuration, planCuration, runCuration } from './curations';
import { evaluateProblem } from './evaluateProblem';
import { clearOutcomes, evaluateProblemSet } from './evaluateProblemSet';
import { exportRun } from './exportRun';
import { forceAgain, forceThinking } from './forceThinking';
import { addHost, checkHost, connectHost, removeHost } from './hosts';
import {
  adoptJobs,
  cancelJob,
  cloneJob,
  connectServer,
  copyJobCommand,
  fetchJob,
  openJob,
  openJobLog,
  openJobTerminal,
  refreshJobs,
  requeueJob,
} from './jobs';
import { openNotes } from './notes';
import { probeRun } from './probeRun';
import { deleteRun, renameRun, revealRun } from './runs';
import { getStarted, openSamples } from './samples';
import { openFound, searchTraces } from './search';
import { addServer, checkServer, clearApiKey, editServer, removeServer, selectServer, setApiKey } from './servers';
import { dryRunStudy, newStudy, openRun, pauseRun, resumeRun, runStudy } from './studies';
import { fineTune, reproduceMiniature, serveOnHost, submitJob } from './submitJob';
import { actOnTraces, dismissTrace, openInTraceViewer, openParent, openTrace, sendToCuration } from './traceActions';
import { compareTraces, openTraceText } from './traceTexts';

/** `from`: what the place hands over where the command was called: a file, a comment thread, a row of a view. */
type Handler = (ui: UiContext, from: unknown) => unknown;

/** Every command there is. */
export const commandTable: Record<keyof typeof commandIds, Handler> = {
  forceThinking,
  forceAgain,
  evaluateProblem,
  evaluateProblemSet,
  clearOutcomes,
  waitAgain: (ui, from) => actOnTraces(ui, 'waitAgain', from),
  continueTrace: (ui, from) => actOnTraces(ui, 'continue', from),
  stopThinking: (ui, from) => actOnTraces(ui, 'stop', from),
  stopAndAnswer: (ui, from) => actOnTraces(ui, 'stopAndAnswer', from),
  forkTrace: (ui, from) => actOnTraces(ui, 'fork', from),
  probeTrace: (ui, from) => actOnTraces(ui, 'probe', from),
  sendToCuration,
  searchTraces,
  openFound,
  openNotes,
  openTrace,
  openInTraceViewer,
  dismissTrace,
  dismissAllTraces: (ui) => ui.inline.dismissAll(),
  addServer,
  editServer,
  removeServer,
  selectServer,
  checkServer,
  setApiKey,
  clearApiKey,
  newStudy,
  runStudy,
  dryRunStudy,
  resumeRun,
  pauseRun,
  openRun,
  exportRun,
  probeRun,
  renameRun,
  deleteRun,
  revealRun,
  fineTune,
  serveOnHost,
  submitJob,
  reproduceMiniature,
  addHost,
  checkHost,
  connectHost,
  removeHost,
  adoptJobs,
  refreshJobs,
  openJob,
  openJobLog,
  cancelJob,
  requeueJob,
  fetchJob,
  copyJobCommand,
  openJobTerminal,
  cloneJob,
  connectServer,
  curateDataSet,
  planCuration,
  runCuration,
  openCuration,
  showLog: (ui) => ui.log.show(),
  openTraceText,
  openParent,
  compareTraces,
  openSamples,
  getStarted,
};

/** Registers them; a failure is shown once, and the command then gives undefined. */
export function registerCommands(ui: UiContext): vscode.Disposable[] {
  return Object.entries(commandTable).map(([name, handler]) =>
    vscode.commands.registerCommand(commandIds[name as keyof typeof commandIds], async (from: unknown) => {
      try {
        return await handler(ui, from);
      } catch (error) {
        presentError(error, ui.log);
        return undefined;
      }
    }),
  );
}
