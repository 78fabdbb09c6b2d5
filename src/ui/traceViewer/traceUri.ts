import * as vscode from 'vscode';
import type { Trace } from '../../core/traces/trace';
import { traceScheme } from '../ids';

/**
 * The address of a trace: of this window's scratch run, or of the run in a folder. The last part is only a name for the
 * tab.
 */
export const traceUri = (trace: Pick<Trace, 'id' | 'problem'>, run?: string) => uriOf(trace, 'trace.json', run);

/** The folder of the run that an address names; undefined: the scratch run. */
export const runOf = (uri: vscode.Uri): string | undefined => new URLSearchParams(uri.query).get('run') ?? undefined;

/** The address of its text form. */
export const traceTextUri = (trace: Pick<Trace, 'id' | 'problem'>, run?: string) => uriOf(trace, 'trace', run);

function uriOf(trace: Pick<Trace, 'id' | 'problem'>, extension: string, run: string | undefined): vscode.Uri {
  const query = run === undefined ? '' : new URLSearchParams({ run }).toString();
  return vscode.Uri.from({ scheme: traceScheme, path: `/${trace.id}/${nameOf(trace)}.${extension}`, query });
}

/** The name under which a trace is saved. */
export const traceFileName = (trace: Pick<Trace, 'problem'>) => `${nameOf(trace)}.trace.json`;

/** The first words of its question: letters and digits only. */
function nameOf({ problem }: Pick<Trace, 'problem'>): string {
  const words = problem.question.slice(0, 200).match(/[\p{L}\p{N}+]+/gu) ?? ['trace'];
  return words.join(' ').slice(0, 40).trim();
}

export const isTextUri = (uri: vscode.Uri) => uri.path.endsWith('.trace');

/** The trace that an address of ours names. */
export function traceIdOf(uri: vscode.Uri): string | undefined {
  if (uri.scheme !== traceScheme) return undefined;
  return /^\/([0-9a-f-]{36})\//.exec(uri.path)?.[1];
}
