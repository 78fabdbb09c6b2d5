import path from 'node:path';
import * as vscode from 'vscode';
import { describeDuration } from '../../core/evaluate/estimate';
import { type RunSummary, runsOfStudy } from '../../core/studies/findRuns';
import { commandIds } from '../ids';

const shownRuns = 3;

/** Above a study: Run, Dry Run, and its latest runs with how far they are. */
export class StudyLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #subscription: vscode.Disposable;

  /** @param onRunsChanged something happened in a folder of runs */
  constructor(onRunsChanged: vscode.Event<unknown>) {
    this.#subscription = onRunsChanged(() => this.#changed.fire());
  }

  static register(lenses: StudyLenses): vscode.Disposable {
    const selector = { pattern: '**/*.study.yaml', scheme: 'file' };
    return vscode.Disposable.from(lenses, vscode.languages.registerCodeLensProvider(selector, lenses));
  }

  dispose(): void {
    this.#subscription.dispose();
    this.#changed.dispose();
  }

  async provideCodeLenses({ uri }: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: string, argument: unknown) =>
      new vscode.CodeLens(top, { title, command, arguments: [argument] });
    const runs = (await runsOfStudy(uri.fsPath)).slice(0, shownRuns);
    return [
      lens('$(play) Run Study', commandIds.runStudy, uri),
      lens('Dry Run', commandIds.dryRunStudy, uri),
      ...runs.flatMap((run) => [
        lens(`$(graph) ${path.basename(run.folder)}: ${progressText(run)}`, commandIds.openRun, run.folder),
        ...(isPaused(run) ? [lens('Resume', commandIds.resumeRun, run.folder)] : []),
        ...(run.status?.state === 'running' ? [lens('Pause', commandIds.pauseRun, run.folder)] : []),
      ]),
    ];
  }
}

export const isPaused = ({ status }: RunSummary) => status?.state === 'paused' || status?.state === 'failed';

/** `34 of 180, 2 min left` */
export function progressText({ status }: RunSummary): string {
  if (!status) return 'not begun';
  const { state, finished, planned, leftMs, errors } = status;
  const failed = errors > 0 ? `, ${errors} failed` : '';
  if (state === 'finished') return `${finished} samples${failed}`;
  const left = state === 'running' && leftMs !== null ? `, ${describeDuration(leftMs)} left` : `, ${state}`;
  return `${finished} of ${planned}${failed}${left}`;
}
