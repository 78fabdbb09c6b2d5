import type * as vscode from 'vscode';
import type { Trace } from '../core/traces/trace';
import type { EngineClient } from './engineClient';
import type { LiveTraces } from './liveTraces';
import type { TraceFiles } from './traceViewer/traceFiles';

/** What commands work with. */
export interface UiContext {
  engine: EngineClient;
  traces: LiveTraces;
  log: vscode.LogOutputChannel;
  secrets: vscode.SecretStorage;
  /** Traces that were asked for and have not begun yet, by problem and condition. */
  starting: Map<string, Promise<Trace>>;
  /** The trace of the viewer that has the focus. */
  activeTrace(): Trace | undefined;
  traceFiles: TraceFiles;
  extensionUri: vscode.Uri;
  /** The file behind `second-thought` in terminals, once it is there; undefined: it could not be written. */
  terminalCommand: Promise<string | undefined>;
}
