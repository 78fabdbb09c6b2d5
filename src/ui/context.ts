import type * as vscode from 'vscode';
import type { Trace } from '../core/traces/trace';
import type { CommandLine } from './commandLine';
import type { EngineClient } from './engineClient';
import type { InlineTraces } from './inlineTrace/inlineTraces';
import type { JobList } from './jobs/jobList';
import type { JobLogs } from './jobs/jobLog';
import type { JobPages } from './jobs/jobPages';
import type { ServedModels } from './jobs/servedModels';
import type { LaboratoryState } from './laboratory/laboratory';
import type { LiveTraces } from './liveTraces';
import type { WorkspaceMemory } from './memory';
import type { OutcomeStore } from './outcomes/outcomeStore';
import type { RunTree } from './runs/runTree';
import type { SearchTree } from './search/searchTree';
import type { ServerStates } from './servers/serverStates';
import type { StudyRuns } from './studies/studyRuns';
import type { TraceFiles } from './traceViewer/traceFiles';

/** What commands work with. */
export interface UiContext {
  engine: EngineClient;
  traces: LiveTraces;
  inline: InlineTraces;
  outcomes: OutcomeStore;
  servers: ServerStates;
  runs: RunTree;
  studies: StudyRuns;
  /** Folder of the run whose viewer has the focus. */
  activeRun(): string | undefined;
  memory: WorkspaceMemory;
  log: vscode.LogOutputChannel;
  secrets: vscode.SecretStorage;
  /** Folder of this workspace's scratch run. */
  scratchFolder: string;
  /** Traces that were asked for and have not begun yet, by problem and condition. */
  starting: Map<string, Promise<Trace>>;
  /** The trace of the viewer that has the focus. */
  activeTrace(): Trace | undefined;
  /** The folder of the study that it is of; undefined: the window's own run. */
  activeTraceRun(): string | undefined;
  traceFiles: TraceFiles;
  laboratory: LaboratoryState;
  search: SearchTree;
  extensionUri: vscode.Uri;
  /** The command line, as processes of their own. */
  cli: CommandLine;
  jobs: JobList;
  jobLogs: JobLogs;
  jobPages: JobPages;
  servedModels: ServedModels;
  /** The file behind `second-thought` in terminals, once it is there; undefined: it could not be written. */
  terminalCommand: Promise<string | undefined>;
}
