import * as vscode from 'vscode';

/** What the window remembers of the laboratory, and who has to look again. */
export class LaboratoryState implements vscode.Disposable {
  /** Suggested for the next label, and the file of the last training row. */
  lastLabel = '';
  lastRows: vscode.Uri | undefined;
  readonly #changed = new vscode.EventEmitter<string>();

  /** Something is new about a trace, or about one of its forks. */
  readonly onDidChange = this.#changed.event;

  changed(traceId: string): void {
    this.#changed.fire(traceId);
  }

  dispose(): void {
    this.#changed.dispose();
  }
}
