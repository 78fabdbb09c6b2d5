import { execFileSync } from 'node:child_process';
import { readdirSync, readFileSync, statSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { FaultServer, ids, natural } from '../../faults/faultServer';
import { descendantsOf } from '../../host/processes';
import { packageVsix, target, version } from '../../host/vsix';
import { tellWhatWasSeen, Window } from '../../host/window';

/** What users install, in a VS Code that knows nothing of the checkout; the bundled model answers. */
const root = path.resolve(import.meta.dirname, '..', '..', '..');
let window: Window;
let extension: string;
/** Stops in the middle of a thought for as long as the window takes. */
let server: FaultServer;

/** Forces thinking on the first sample problem, as a user does, until its finished trace is shown in the viewer. */
async function forceThinking(): Promise<void> {
  await window.openFile('letters-and-sums.problems.jsonl');
  await window.goToLine(1);
  await window.forceThinking();
  await window.inlineTrace.getByText(/2 forced cues/).waitFor();
  await window.runCommand('Second Thought: Open in Trace Viewer');
  await window.viewer.locator('[data-state="complete"]').waitFor();
}

/** Relative to the extension, with `/`. */
function installedFiles(): string[] {
  return readdirSync(extension, { recursive: true, encoding: 'utf8' }).filter((file) =>
    statSync(path.join(extension, file)).isFile(),
  );
}

/** Files that the manifest names: a contribution whose file is not there fails in silence. */
function contributedFiles(): string[] {
  const manifest = readFileSync(path.join(root, 'package.json'), 'utf8');
  const named = [...manifest.matchAll(/"(?:\.\/)?((?:media|syntaxes)\/[^"]+)"/g)].map((match) => String(match[1]));
  return [...new Set(named)];
}

describe.skipIf(process.platform !== 'linux')('the installed VSIX', () => {
  beforeAll(async () => {
    server = await FaultServer.start(
      (stream) => stream.send(ids.of('half a thought'), 'half a thought'),
      natural(', and the rest'),
      natural(', once more'), // after each of the two cues
      natural(', and again'),
      natural('\n42', ids.imEnd),
      (stream) => stream.send(ids.of('going on and on'), 'going on and on'),
      natural('\n17', ids.imEnd),
    );
    window = await Window.open({ vsix: packageVsix() });
    const [name] = readdirSync(window.host.extensions).filter((entry) => entry.startsWith('second-thought.'));
    extension = path.join(window.host.extensions, String(name));
  });
  afterAll(async () => {
    await window?.close();
    await server?.stop();
  });
  tellWhatWasSeen(() => window);

  it('forces thinking offline with the bundled model, from nothing but its own folder', async () => {
    await forceThinking();
    const processes = descendantsOf(window.host.pid);
    const runs = (program: string) => processes.find(({ command }) => command.includes(path.join(extension, program)));
    expect(runs('dist/engine.cjs')).toBeDefined();
    const native = runs('dist/localServer.cjs')?.mapped.filter((file) => /(llama|ggml)[^/]*$/.test(file)) ?? [];
    expect(native.map((file) => path.basename(file))).toContain('llama-addon.node');
    expect(native.filter((file) => !file.startsWith(extension))).toEqual([]);
    const ofCheckout = ({ command, mapped }: (typeof processes)[number]) =>
      [...command, ...mapped].some((text) => text.startsWith(`${root}${path.sep}`));
    expect(processes.filter(ofCheckout)).toEqual([]);
  });

  it('evaluates by right-click and waits again', async () => {
    await window.runCommand('View: Close All Editors');
    await window.openFile('letters-and-sums.problems.jsonl');
    await window.runCommand('Second Thought: Dismiss All Inline Traces');
    await window.contextMenu(window.editor.locator('.view-line').nth(6), 'Evaluate Problem');
    await window.outcomes
      .getByText(/Correct: 24/)
      .first()
      .waitFor();
    await window.inlineButton('Wait Again').click();
    await window.inlineTrace.getByText('3 forced cues').waitFor();
    await window.runCommand('Second Thought: Dismiss All Inline Traces');
  });

  it('adds a server, continues on it by ids after a reload, and stops and answers', async () => {
    await window.runCommand('Second Thought: Add Server');
    await window.input('Add Server', server.url);
    await window.input('Name of the server', 'slow');
    await window.page.getByText('What the model’s tokenizer speaks').waitFor();
    await window.page.keyboard.press('Enter');
    await window.statusItem.filter({ hasText: 'slow' }).waitFor();
    await window.goToLine(1);
    await window.runCommand('Second Thought: Force Again');
    await window.inlineTrace.getByText('half a thought').waitFor();
    await window.reload();
    await window.inlineButton('Continue').click();
    await window.inlineTrace
      .getByText(/Wrong: 42/)
      .first()
      .waitFor();
    expect(server.requests[1]?.prompt.slice(-14)).toEqual(ids.of('half a thought'));
    await window.runCommand('Second Thought: Dismiss All Inline Traces');
    await window.goToLine(2);
    await window.runCommand('Second Thought: Force Again');
    await window.inlineTrace.getByText('going on and on').waitFor();
    await window.inlineButton('Stop and Answer').click();
    await window.inlineTrace
      .getByText(/Wrong: 17/)
      .first()
      .waitFor();
  });

  it('brings a command line that works without the checkout', () => {
    const cli = path.join(extension, 'dist', 'cli.cjs');
    expect(execFileSync(process.execPath, [cli, '--version'], { encoding: 'utf8', cwd: extension })).toContain(version);
  });

  it('holds only what the allow-list names', () => {
    const files = installedFiles();
    expect(files).toEqual(
      expect.arrayContaining([
        'package.json',
        'package.nls.json',
        'dist/extension.cjs',
        'dist/engine.cjs',
        'dist/localServer.cjs',
        'dist/cli.cjs',
        'dist/webview/traceViewer.js',
        'media/model/s1-tiny.gguf',
        'media/samples/letters-and-sums.problems.jsonl',
        ...contributedFiles(),
        'LICENSE.txt',
        'THIRD-PARTY-NOTICES.txt',
      ]),
    );
    const top = new Set(files.map((file) => file.split('/')[0]));
    const named = [
      'dist',
      'media',
      'model',
      'syntaxes',
      'package.json',
      'package.nls.json',
      'readme.md',
      'changelog.md',
      'LICENSE.txt',
    ];
    expect([...top].filter((name) => !name?.startsWith('.')).sort()).toEqual(
      [...named, 'THIRD-PARTY-NOTICES.txt'].sort(),
    );
    // What makes the questions of the miniature.
    const pool = ['data/dev.problems.jsonl', 'data/words.txt', 'graded.py', 'make_pool.py', 'problems.py'];
    expect(files.filter((file) => file.startsWith('model/')).sort()).toEqual(pool.map((name) => `model/${name}`));
    expect(files.filter((file) => /\.(ts|mts|cts|map|lib|bundle)$/.test(file))).toEqual([]);
    const binaries = new Set(files.flatMap((file) => /@node-llama-cpp\/([^/]+)/.exec(file)?.[1] ?? []));
    expect([...binaries]).toEqual([target]);
  });

  it('names the licence of every package in it', () => {
    const notices = readFileSync(path.join(extension, 'THIRD-PARTY-NOTICES.txt'), 'utf8');
    const shipped = installedFiles()
      .filter((file) => /^dist\/node_modules\/.*\/package\.json$/.test(file))
      .map((file) => JSON.parse(readFileSync(path.join(extension, file), 'utf8')))
      .filter((manifest) => manifest.name && manifest.version)
      .map((manifest) => `\n${manifest.name} ${manifest.version}\n`);
    const bundled = ['zod', 'openai', 'fastify', 'gpt-tokenizer', '@vscode/webview-ui-toolkit', 'llama.cpp'];
    expect(shipped.filter((title) => !notices.includes(title))).toEqual([]);
    expect(bundled.filter((name) => !notices.includes(`\n${name} `))).toEqual([]);
  });
});
