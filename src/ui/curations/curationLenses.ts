import path from 'node:path';
import * as vscode from 'vscode';
import { readAbout, readCurationStatus } from '../../core/curate/curationStatus';
import { commandIds } from '../ids';

/** Where a curation is run: `curations/NAME` beside its file. */
export function curationFolder(file: string): string {
  const name = path.basename(file).replace(/(\.curation)?\.ya?ml$/, '');
  return path.join(path.dirname(file), 'curations', name);
}

/** Above a curation: Plan, Run, and how far it is. */
export class CurationLenses implements vscode.CodeLensProvider, vscode.Disposable {
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChangeCodeLenses = this.#changed.event;
  readonly #watcher = vscode.workspace.createFileSystemWatcher('**/curations/*/{curation,status}.json');

  constructor() {
    const fire = () => this.#changed.fire();
    this.#watcher.onDidChange(fire);
    this.#watcher.onDidCreate(fire);
    this.#watcher.onDidDelete(fire);
  }

  static register(lenses: CurationLenses): vscode.Disposable {
    const selector = { pattern: '**/*.curation.yaml', scheme: 'file' };
    return vscode.Disposable.from(lenses, vscode.languages.registerCodeLensProvider(selector, lenses));
  }

  dispose(): void {
    this.#watcher.dispose();
    this.#changed.dispose();
  }

  async provideCodeLenses({ uri }: vscode.TextDocument): Promise<vscode.CodeLens[]> {
    const top = new vscode.Range(0, 0, 0, 0);
    const lens = (title: string, command: string) => new vscode.CodeLens(top, { title, command, arguments: [uri] });
    const state = await stateOf(curationFolder(uri.fsPath));
    return [
      lens(state === 'stopped' ? '$(play) Go On' : '$(play) Run Curation', commandIds.runCuration),
      lens('Plan', commandIds.planCuration),
      ...(state === undefined ? [] : [lens(`$(filter) Open Curation: ${state}`, commandIds.openCuration)]),
    ];
  }
}

async function stateOf(folder: string): Promise<string | undefined> {
  const isThere = await readAbout(folder).then(
    () => true,
    () => false,
  );
  return isThere ? ((await readCurationStatus(folder))?.state ?? 'planned') : undefined;
}
