import * as vscode from 'vscode';
import { traceScheme } from '../ids';

/** The address of a trace of this window's scratch run. */
export function traceUri(traceId: string): vscode.Uri {
  return vscode.Uri.from({ scheme: traceScheme, path: `/${traceId}.trace.json` });
}

/** The trace that an address of ours names. */
export function traceIdOf(uri: vscode.Uri): string | undefined {
  if (uri.scheme !== traceScheme) return undefined;
  return /^\/([0-9a-f-]{36})\.trace\.json$/.exec(uri.path)?.[1];
}
