import * as vscode from 'vscode';
import type { Trace } from '../../core/traces/trace';
import { traceToText } from '../../core/traces/traceText';
import type { LiveTraces } from '../liveTraces';
import { isTextUri, runOf, traceIdOf } from './traceUri';

/** A trace that runs changes its files at most twice a second: VS Code reads them whole each time. */
const tellEveryMs = 500;

/**
 * Traces of the scratch run as read-only files, so that VS Code can open, restore, compare and save them under another
 * name: `*.trace.json` is the trace, `*.trace` its text.
 */
export class TraceFiles implements vscode.FileSystemProvider, vscode.Disposable {
  readonly #traces: LiveTraces;
  readonly #changed = new vscode.EventEmitter<vscode.FileChangeEvent[]>();
  readonly #subscription: vscode.Disposable;
  readonly #watched = new Map<symbol, vscode.Uri>();
  readonly #timers = new Map<string, NodeJS.Timeout>();
  /** Changes seen, by trace: the files' time, by which VS Code decides whether to read again. */
  readonly #revisions = new Map<string, number>();
  readonly #others = new Map<string, Trace>();

  readonly onDidChangeFile = this.#changed.event;

  constructor(traces: LiveTraces) {
    this.#traces = traces;
    this.#subscription = traces.onDidChange(({ trace, event }) => {
      if (event) this.#follow(trace.id);
    });
  }

  /** Makes a trace readable that the scratch run may not have, because it came from a file. */
  offer(trace: Trace): void {
    this.#others.set(trace.id, trace);
  }

  /** The trace whose text an editor shows. */
  shownIn(editor: vscode.TextEditor | undefined): Trace | undefined {
    const uri = editor?.document.uri;
    const traceId = uri && isTextUri(uri) ? traceIdOf(uri) : undefined;
    return traceId === undefined ? undefined : (this.#traces.peek(traceId) ?? this.#others.get(traceId));
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const bytes = await this.readFile(uri);
    const permissions = vscode.FilePermission.Readonly;
    const mtime = this.#revisions.get(traceIdOf(uri) ?? '') ?? 0;
    return { type: vscode.FileType.File, ctime: 0, mtime, size: bytes.byteLength, permissions };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const traceId = traceIdOf(uri);
    if (!traceId) throw vscode.FileSystemError.FileNotFound(uri);
    const known = this.#traces.peek(traceId) ?? this.#others.get(traceId);
    const trace = known ?? (await this.#traces.get(traceId, runOf(uri)));
    this.#others.set(traceId, trace);
    return Buffer.from(isTextUri(uri) ? traceToText(trace) : `${JSON.stringify(trace, null, 1)}\n`, 'utf8');
  }

  watch(uri: vscode.Uri): vscode.Disposable {
    const key = Symbol();
    this.#watched.set(key, uri);
    return new vscode.Disposable(() => this.#watched.delete(key));
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const timer of this.#timers.values()) clearTimeout(timer);
    this.#changed.dispose();
  }

  #follow(traceId: string): void {
    this.#revisions.set(traceId, (this.#revisions.get(traceId) ?? 0) + 1);
    if (this.#timers.has(traceId) || this.#urisOf(traceId).length === 0) return;
    const tell = () => {
      this.#timers.delete(traceId);
      const type = vscode.FileChangeType.Changed;
      this.#changed.fire(this.#urisOf(traceId).map((uri) => ({ type, uri })));
    };
    this.#timers.set(traceId, setTimeout(tell, tellEveryMs));
  }

  #urisOf(traceId: string): vscode.Uri[] {
    return [...this.#watched.values()].filter((uri) => traceIdOf(uri) === traceId);
  }

  readDirectory(): [string, vscode.FileType][] {
    return [];
  }

  createDirectory(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  writeFile(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  delete(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }

  rename(uri: vscode.Uri): never {
    throw vscode.FileSystemError.NoPermissions(uri);
  }
}
