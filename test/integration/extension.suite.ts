import assert from 'node:assert/strict';
import path from 'node:path';
import * as vscode from 'vscode';
import { checkTrace } from '../../src/core/traces/history';
import { answerText, cuesUsed, type Trace } from '../../src/core/traces/trace';
import type { UiContext } from '../../src/ui/context';
import { commandIds, traceViewType } from '../../src/ui/ids';
import { ServerTree } from '../../src/ui/servers/serverTree';

/** Real VS Code, the real engine, the bundled model. */
describe('in VS Code', () => {
  let ui: UiContext;
  let problems: vscode.TextEditor;

  before(async () => {
    const extension = vscode.extensions.getExtension<UiContext>('second-thought.second-thought');
    assert.ok(extension, 'the extension is installed');
    ui = await extension.activate();
  });

  beforeEach(async () => {
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const uri = vscode.Uri.joinPath(folder.uri, 'letters-and-sums.problems.jsonl');
    problems = await vscode.window.showTextDocument(uri, { viewColumn: vscode.ViewColumn.One });
    goToLine(0);
  });

  afterEach(async () => {
    await Promise.all(ui.traces.running.map((trace) => ui.traces.ended(trace)));
    await vscode.commands.executeCommand('workbench.action.closeAllEditors');
    for (const name of ['ignore', 'samples', 'temperature', 'server', 'servers', 'grader'])
      await configure(name, undefined);
    ui.inline.dismissAll();
  });

  const goToLine = (line: number) => {
    problems.selection = new vscode.Selection(line, 0, line, 0);
  };
  const configure = (name: string, value: unknown) =>
    vscode.workspace.getConfiguration('secondThought').update(name, value, vscode.ConfigurationTarget.Global);
  /** Runs a command that gives traces; the first of them, undefined if it failed. */
  const run = async (name: keyof typeof commandIds) =>
    (await vscode.commands.executeCommand<Trace[] | undefined>(commandIds[name]))?.[0];

  const openViewers = () =>
    vscode.window.tabGroups.all
      .flatMap((group) => group.tabs.map((tab) => tab.input))
      .filter((input) => input instanceof vscode.TabInputCustom && input.viewType === traceViewType);

  it('nothing is started by activation', () => {
    assert.equal(ui.engine.pid, undefined);
  });

  it('every command is registered', async () => {
    const registered = await vscode.commands.getCommands(true);
    assert.deepEqual(
      Object.values(commandIds).filter((id) => !registered.includes(id)),
      [],
    );
  });

  it('Force Again on the problem under the cursor shows it below the problem and forces two cues', async () => {
    const trace = await run('forceAgain');
    assert.ok(trace);
    await ui.traces.ended(trace);
    assert.equal(trace.problem.id, 'raspberry');
    assert.equal(trace.status, 'complete');
    assert.equal(cuesUsed(trace), 2);
    assert.match(answerText(trace), /\d/);
    assert.deepEqual(checkTrace(trace), []);
    assert.equal(ui.inline.count, 1);
    assert.deepEqual(openViewers(), []);
  });

  it('Open in Trace Viewer shows the trace below the problem under the cursor', async () => {
    const trace = await run('forceAgain');
    assert.ok(trace);
    await ui.traces.ended(trace);
    await vscode.commands.executeCommand(commandIds.openInTraceViewer);
    assert.equal(openViewers().length, 1);
    await vscode.commands.executeCommand(commandIds.dismissAllTraces);
    assert.equal(ui.inline.count, 0);
  });

  it('Force Again on a selection asks what is selected', async () => {
    const markdown = await vscode.workspace.openTextDocument({ language: 'plaintext', content: 'x\nWhat is 2+3?\ny' });
    const editor = await vscode.window.showTextDocument(markdown);
    editor.selection = new vscode.Selection(1, 0, 1, 12);
    const trace = await run('forceAgain');
    assert.equal(trace?.problem.question, 'What is 2+3?');
  });

  it('Evaluate Problem gives an outcome', async () => {
    await configure('ignore', 1);
    goToLine(6);
    const trace = await run('evaluateProblem');
    assert.equal(trace?.problem.id, 'sum-3');
    assert.equal(trace?.status, 'complete');
  });

  it('Evaluate Problem grades as the setting says, by a language model through its server, too', async () => {
    await configure('grader', { kind: 'llm-matcher', server: 'bundled' });
    goToLine(6);
    const trace = await run('evaluateProblem');
    assert.equal(trace?.status, 'complete');
    assert.ok(trace.grade?.matched?.model);
    assert.equal(ui.outcomes.of(trace.problem).at(-1)?.grader, 'llm-matcher:bundled');
    await configure('grader', 'math');
    assert.equal(await run('evaluateProblem'), undefined); // there is no such grader, and a notice says so
  });

  it('the trace below a problem moves with it when lines are inserted above', async () => {
    goToLine(6);
    await run('evaluateProblem');
    const { uri } = problems.document;
    const at = (line: number) =>
      ui.inline.tipsAt(uri, { startLine: line, endLine: line }).map(({ problem }) => problem.id);
    assert.deepEqual(at(6), ['sum-3']);
    await problems.edit((edit) => edit.insert(new vscode.Position(2, 0), '\n\n\n'));
    assert.deepEqual([at(6), at(9)], [[], ['sum-3']]);
    await vscode.commands.executeCommand('workbench.action.files.revert');
  });

  it('several samples stand below one problem, and their outcomes are counted together', async () => {
    await configure('samples', 3);
    await configure('temperature', 1);
    goToLine(4);
    const traces = await vscode.commands.executeCommand<Trace[]>(commandIds.evaluateProblem);
    assert.deepEqual(
      traces.map((trace) => trace.sample),
      [0, 1, 2],
    );
    assert.equal(
      new Set(traces.flatMap((trace) => trace.passes.map((pass) => pass.request.seed))).size,
      traces.flatMap((trace) => trace.passes).length,
    );
    assert.equal(ui.inline.count, 1);
    assert.equal(ui.outcomes.of({ id: 'banana', question: '' }).length, 3);
  });

  it('two commands at once are two traces; the same problem twice is one', async () => {
    const first = run('evaluateProblem');
    goToLine(7);
    const second = run('evaluateProblem');
    const [a, b] = await Promise.all([first, second]);
    assert.equal(a?.problem.id, 'raspberry');
    assert.equal(b?.problem.id, 'sum-5');
    const [c, d] = await Promise.all([run('forceAgain'), run('forceAgain')]);
    assert.ok(c && d);
    assert.equal(c.id, d.id);
  });

  it('Wait Again thinks on from the same ids', async () => {
    const parent = await run('evaluateProblem');
    assert.ok(parent);
    await run('waitAgain');
    const child = ui.traces.latest;
    assert.ok(child && child.id !== parent.id);
    await ui.traces.ended(child);
    assert.equal(child.fork?.parent, parent.id);
    assert.equal(cuesUsed(child), cuesUsed(parent) + 1);
    assert.deepEqual(checkTrace(child), []);
  });

  it('a trace whose engine is killed is interrupted, and continues by ids', async () => {
    await configure('ignore', 8);
    goToLine(10);
    const trace = await run('forceAgain');
    assert.ok(trace && ui.engine.pid);
    // In the middle of a pass: the window has then seen ids that are not in the journal yet.
    while (trace.passes.at(-1)?.ending !== 'running' || (trace.spans.at(-1)?.tokenIds.length ?? 0) < 8)
      await ui.traces.nextChange(trace);
    process.kill(ui.engine.pid, 'SIGKILL');
    await ui.traces.ended(trace);
    assert.equal(trace.status, 'interrupted');
    await run('continueTrace');
    await ui.traces.ended(trace);
    assert.equal(trace.status, 'complete');
    assert.equal(cuesUsed(trace), 8);
    assert.deepEqual(checkTrace(trace), []);
    const { trace: recorded } = await ui.engine.ask({ type: 'read', traceId: trace.id });
    assert.deepEqual(trace, recorded, 'the window shows what is on disk');
  });

  it('a server that is not there is one clear error, and the next command works', async () => {
    await configure('servers', [{ id: 'gone', url: 'http://127.0.0.1:9/v1' }]);
    await configure('server', 'gone');
    assert.equal(await run('evaluateProblem'), undefined);
    assert.equal(ui.servers.of('gone')?.kind, 'error');
    await configure('server', undefined);
    assert.equal((await run('evaluateProblem'))?.status, 'complete');
  });

  it('what a server says is plain text in the hover of its row, and runs no command', async () => {
    const said = '<img src=x> [run](command:workbench.action.quit) $(error) ![x](https://example.com/x.png)';
    ui.servers.failed('bundled', new Error(said));
    const tree = new ServerTree(ui);
    const [row] = await tree.getChildren();
    assert.ok(row);
    const { tooltip, description } = await tree.getTreeItem(row);
    assert.ok(tooltip instanceof vscode.MarkdownString);
    assert.doesNotMatch(tooltip.value, /[<[\]()$!]/);
    assert.equal(tooltip.isTrusted, undefined);
    assert.doesNotMatch(String(description), /\$\(|\]\(/);
    ui.servers.forget('bundled');
  });

  it('a trace file opens in the viewer', async () => {
    const trace = await run('evaluateProblem');
    assert.ok(trace);
    const [folder] = vscode.workspace.workspaceFolders ?? [];
    assert.ok(folder);
    const uri = vscode.Uri.joinPath(folder.uri, 'saved.trace.json');
    await vscode.workspace.fs.writeFile(uri, Buffer.from(JSON.stringify(trace)));
    await vscode.commands.executeCommand('vscode.open', uri);
    const input = vscode.window.tabGroups.activeTabGroup.activeTab?.input;
    assert.ok(input instanceof vscode.TabInputCustom);
    assert.equal(path.basename(input.uri.path), 'saved.trace.json');
  });
});
