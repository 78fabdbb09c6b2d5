import * as vscode from 'vscode';
import { describeError, reportError } from '../../core/base/errors';
import { type Finding, isGood } from '../../core/servers/serverFacts';

/** What is known of a server since the window opened. */
export interface ServerState {
  kind: 'ok' | 'partly' | 'error';
  text: string;
  findings?: Finding[];
}

/** The last thing each server said, for the side bar. */
export class ServerStates implements vscode.Disposable {
  readonly #states = new Map<string, ServerState>();
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;

  of(id: string): ServerState | undefined {
    return this.#states.get(id);
  }

  set(id: string, state: ServerState): void {
    this.#states.set(id, state);
    this.#changed.fire();
  }

  failed(id: string, error: unknown): void {
    const report = reportError(error);
    if (report.code !== 'cancelled') this.set(id, { kind: 'error', text: describeError(report) });
  }

  /** The list itself changed: a server was added, chosen or removed. */
  refresh(): void {
    this.#changed.fire();
  }

  forget(id: string): void {
    this.#states.delete(id);
    this.#changed.fire();
  }

  dispose(): void {
    this.#changed.dispose();
  }
}

/** What a check found, in a line. */
export function stateOfFindings(findings: Finding[]): ServerState {
  const asked = findings.filter(({ need }) => need !== 'extra');
  const bad = asked.filter((finding) => !isGood(finding));
  const needed = bad.find(({ need }) => need === 'needed');
  if (needed) return { kind: 'error', text: `${needed.title}: ${needed.verdict}. ${needed.consequence}`, findings };
  if (bad.length === 0) return { kind: 'ok', text: `all ${asked.length} checks passed`, findings };
  return { kind: 'partly', text: `${asked.length - bad.length} of ${asked.length} checks passed`, findings };
}
