import path from 'node:path';
import * as vscode from 'vscode';
import { SecondThoughtError } from '../../core/base/errors';
import { type RunSummary, summarizeRun } from '../../core/studies/findRuns';

const mostRuns = 500;
const waitMs = 60_000;
const lookEveryMs = 250;

/** The runs of studies in this workspace, found by their files. Reads only; looks again when one of those files changes. */
export class StudyRuns implements vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #watchers: vscode.Disposable;

  constructor() {
    const watch = (pattern: string) => {
      const watcher = vscode.workspace.createFileSystemWatcher(pattern);
      const fire = () => this.#changed.fire();
      return vscode.Disposable.from(
        watcher,
        watcher.onDidChange(fire),
        watcher.onDidCreate(fire),
        watcher.onDidDelete(fire),
      );
    };
    this.#watchers = vscode.Disposable.from(watch('**/runs/*/run.json'), watch('**/runs/*/status.json'));
  }

  dispose(): void {
    this.#watchers.dispose();
    this.#changed.dispose();
  }

  /** Newest first. */
  async list(): Promise<RunSummary[]> {
    const files = await vscode.workspace.findFiles('**/runs/*/run.json', '**/node_modules/**', mostRuns);
    const runs = await Promise.all(files.map(({ fsPath }) => summarizeRun(path.dirname(fsPath))));
    return runs.flatMap((run) => run ?? []).sort((a, b) => b.about.createdAt.localeCompare(a.about.createdAt, 'en'));
  }

  /** The first run that is meant, as soon as it is there. @throws SecondThoughtError `internal` after a minute without */
  async next(isMeant: (run: RunSummary) => boolean): Promise<RunSummary> {
    const find = async () => (await this.list()).find(isMeant);
    for (const until = Date.now() + waitMs; Date.now() < until; ) {
      const found = await find();
      if (found) return found;
      await new Promise((resolve) => setTimeout(resolve, lookEveryMs));
    }
    throw new SecondThoughtError('internal', 'The study was started, but its run cannot be found.', {
      remedy: 'Look into the folder "runs" beside it.',
    });
  }
}
