import assert from 'node:assert/strict';
import { execFile } from 'node:child_process';
import path from 'node:path';
import { promisify } from 'node:util';
import * as vscode from 'vscode';
import manifest from '../../package.json';
import type { Trace } from '../../src/core/traces/trace';
import { traceToText } from '../../src/core/traces/traceText';
import type { UiContext } from '../../src/ui/context';
import { commandIds, traceTextLanguage } from '../../src/ui/ids';

describe('traces as text, and the ways in', () => {
  let ui: UiContext;

  before(async () => {
    const extension = vscode.extensions.getExtension<UiContext>('second-thought.second-thought');
    assert.ok(extension);
    ui = await extension.activate();
  });

  beforeEach(async () => {
    await run('openSamples');
  });

  afterEach(async () => {
    await Promise.all(ui.traces.running.map((trace) => ui.traces.ended(trace)));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    await configure('ignore', undefined);
  });

  const configure = (name: string, value: unknown) =>
    vscode.workspace.getConfiguration('secondThought').update(name, value, vscode.ConfigurationTarget.Global);
  const run = <T = Trace | undefined>(name: keyof typeof commandIds) =>
    vscode.commands.executeCommand<T>(commandIds[name]);
  const changed = () =>
    new Promise<void>((resolve) => {
      const subscription = vscode.workspace.onDidChangeTextDocument(() => {
        subscription.dispose();
        resolve();
      });
    });

  it('Open Sample Problems stands on a problem, so that Force Thinking needs nothing more', async () => {
    const editor = vscode.window.activeTextEditor;
    assert.equal(path.basename(editor?.document.uri.path ?? ''), 'letters-and-sums.problems.jsonl');
    const [trace] = (await run<Trace[] | undefined>('forceAgain')) ?? [];
    assert.equal(trace?.problem.id, 'raspberry');
  });

  it('Open Trace as Text shows the text, with an outline and folding', async () => {
    const [trace] = (await run<Trace[] | undefined>('forceAgain')) ?? [];
    assert.ok(trace);
    await ui.traces.ended(trace);
    const editor = await run<vscode.TextEditor>('openTraceText');
    const { document } = editor;
    assert.equal(document.languageId, traceTextLanguage);
    assert.equal(document.getText(), traceToText(trace));
    const symbols = await vscode.commands.executeCommand<vscode.DocumentSymbol[]>(
      'vscode.executeDocumentSymbolProvider',
      document.uri,
    );
    assert.deepEqual(
      symbols.map(({ name }) => name),
      ['trace', 'pass 1', 'pass 2', 'pass 3', 'answer'],
    );
    assert.deepEqual(
      symbols[2]?.children.map(({ name, detail }) => [name, detail]),
      [
        ['forced cue 1', 'Wait'],
        ['end suppressed', '<|im_start|>'],
      ],
    );
    assert.deepEqual(symbols[0]?.children, []);
    const folds = await vscode.commands.executeCommand<vscode.FoldingRange[]>(
      'vscode.executeFoldingRangeProvider',
      document.uri,
    );
    assert.deepEqual(
      folds.map(({ start }) => document.lineAt(start).text.split(' · ')[0]),
      ['── trace ──', '── pass 1', '── pass 2', '── pass 3', '── pass 4'],
    );
  });

  it('the text of a trace follows it to its end', async () => {
    await configure('ignore', 8);
    const [trace] = (await run<Trace[] | undefined>('forceAgain')) ?? [];
    assert.ok(trace);
    while ((trace.spans.at(-1)?.tokenIds.length ?? 0) < 8) await ui.traces.nextChange(trace);
    await run('stopThinking');
    await ui.traces.ended(trace);
    const { document } = await run<vscode.TextEditor>('openTraceText');
    assert.match(document.getText(), /⟦outcome⟧ interrupted\n/);
    await run('continueTrace');
    await ui.traces.ended(trace);
    while (document.getText() !== traceToText(trace)) await changed();
    assert.match(document.getText(), /⟦outcome⟧ (correct|wrong)\n/);
  });

  it('Compare Two Traces opens the texts side by side, the older one on the left', async () => {
    await configure('ignore', 1);
    const older = (await run<Trace[] | undefined>('evaluateProblem'))?.[0];
    await configure('ignore', 2);
    const newer = (await run<Trace[] | undefined>('evaluateProblem'))?.[0];
    assert.ok(older && newer);
    let isDone = false;
    const compared = run('compareTraces').then(() => {
      isDone = true;
    });
    while (!isDone) await vscode.commands.executeCommand('workbench.action.acceptSelectedQuickOpenItem');
    await compared;
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputTextDiff);
    assert.match(input.original.path, new RegExp(older.id));
    assert.match(input.modified.path, new RegExp(newer.id));
  });

  it('second-thought is a file that runs, and a command in terminals', async () => {
    const shim = await ui.terminalCommand;
    assert.ok(shim);
    const { stdout } = await promisify(execFile)(shim, ['--version'], { env: { PATH: process.env.PATH } });
    assert.equal(stdout.trim(), manifest.version);
    const task = new vscode.Task(
      { type: 'shell' },
      vscode.TaskScope.Workspace,
      'version',
      'test',
      new vscode.ShellExecution('second-thought --version'),
    );
    const ended = new Promise<number | undefined>((resolve) => {
      const subscription = vscode.tasks.onDidEndTaskProcess(({ execution, exitCode }) => {
        if (execution.task.name !== 'version') return;
        subscription.dispose();
        resolve(exitCode);
      });
    });
    await vscode.tasks.executeTask(task);
    assert.equal(await ended, 0);
  });

  it('Get Started opens the walkthrough', async () => {
    await run('getStarted');
    assert.match(vscode.window.tabGroups.activeTabGroup.activeTab?.label ?? '', /Get Started|Walkthrough/);
  });
});
