import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { systemClock } from '../../src/core/base/clock';
import { readRunStatus } from '../../src/core/studies/runStatus';
import { StudyRun } from '../../src/core/studies/studyRun';
import type { UiContext } from '../../src/ui/context';
import { commandIds, runViewType } from '../../src/ui/ids';

/** Real VS Code, the command line as a process of its own, the bundled model. */
describe('studies in VS Code', () => {
  let ui: UiContext;
  let folder: vscode.Uri;

  before(async () => {
    const extension = vscode.extensions.getExtension<UiContext>('second-thought.second-thought');
    assert.ok(extension);
    ui = await extension.activate();
    const [workspace] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(workspace);
    folder = workspace.uri;
  });

  afterEach(async () => {
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
  });

  async function open(name: string, text: string): Promise<vscode.TextDocument> {
    const uri = vscode.Uri.joinPath(folder, name);
    await vscode.workspace.fs.writeFile(uri, Buffer.from(text, 'utf8'));
    const document = await vscode.workspace.openTextDocument(uri);
    await vscode.window.showTextDocument(document);
    return document;
  }

  /** Asks again until there is an answer: VS Code computes these in the background. */
  async function until<T>(ask: () => T | undefined | Promise<T | undefined>): Promise<T> {
    for (let tries = 0; tries < 200; tries++) {
      const found = await ask();
      if (found !== undefined) return found;
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    throw new Error('it did not come');
  }

  const problems = 'problems: [{ file: letters-and-sums.problems.jsonl, limit: 2 }]\n';

  it('a mistyped field is underlined, and a quick fix changes it', async () => {
    const document = await open('typo.study.yaml', `${problems}conditions:\n  - ignroe: 2\n`);
    const [found] = await until(() => {
      const diagnostics = vscode.languages.getDiagnostics(document.uri);
      return diagnostics.length > 0 ? diagnostics : undefined;
    });
    assert.equal(document.getText(found?.range), 'ignroe');
    const actions = await vscode.commands.executeCommand<vscode.CodeAction[]>(
      'vscode.executeCodeActionProvider',
      document.uri,
      found?.range,
    );
    const fix = actions.find(({ title }) => title === 'Change to "ignore"');
    assert.ok(fix?.edit);
    await vscode.workspace.applyEdit(fix.edit);
    await until(() => (vscode.languages.getDiagnostics(document.uri).length === 0 ? true : undefined));
  });

  it('fields and values are offered where they may stand, and explained under the pointer', async () => {
    const document = await open('offers.study.yaml', `${problems}conditions:\n  - cueOrder: \n    ign\n`);
    const offered = async (line: number, character: number) => {
      const list = await vscode.commands.executeCommand<vscode.CompletionList>(
        'vscode.executeCompletionItemProvider',
        document.uri,
        new vscode.Position(line, character),
      );
      return list.items.map(({ label }) => (typeof label === 'string' ? label : label.label));
    };
    assert.ok((await offered(3, 7)).includes('ignore'));
    assert.ok((await offered(2, 14)).includes('rotation'));
    const [hover] = await vscode.commands.executeCommand<vscode.Hover[]>(
      'vscode.executeHoverProvider',
      document.uri,
      new vscode.Position(2, 6),
    );
    const said = hover?.contents.map((content) => (content as vscode.MarkdownString).value).join();
    assert.match(said ?? '', /Which of several cues/);
  });

  it('Run Study, even clicked twice, runs it once in a process of its own, and its run can be opened from the study', async () => {
    const conditions = 'conditions:\n  - name: natural\n  - { name: cued, ignore: 1 }\n';
    const document = await open('small.study.yaml', `title: Small\n${problems}${conditions}`);
    const click = () => vscode.commands.executeCommand<string | undefined>(commandIds.runStudy, document.uri);
    const [run, again] = await Promise.all([click(), click()]);
    assert.ok(run, 'it has begun');
    assert.equal(again, undefined, 'a double click is one run');
    await until(async () => ((await readRunStatus(run))?.state === 'finished' ? true : undefined));
    const { records, planned } = await StudyRun.open(run, systemClock);
    assert.equal([...records].length, planned);
    const [tab] = vscode.window.tabGroups.all.flatMap(({ tabs }) =>
      tabs.filter(({ input }) => input instanceof vscode.TabInputCustom),
    );
    assert.equal((tab?.input as vscode.TabInputCustom | undefined)?.viewType, runViewType);
    const lenses = await vscode.commands.executeCommand<vscode.CodeLens[]>(
      'vscode.executeCodeLensProvider',
      document.uri,
    );
    const titles = lenses.map(({ command }) => command?.title ?? '');
    assert.ok(
      titles.some((title) => title.includes(`${path.basename(run)}: 4 samples`)),
      titles.join(),
    );
  });

  it('a study that is wrong is not started, and says where', async () => {
    const document = await open('wrong.study.yaml', 'conditions: 3\n');
    assert.equal(await vscode.commands.executeCommand(commandIds.runStudy, document.uri), undefined);
    const runs = await ui.studies.list();
    assert.equal(runs.filter(({ about }) => about.study.file === document.uri.fsPath).length, 0);
  });
});
