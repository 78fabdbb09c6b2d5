import * as vscode from 'vscode';
import type { LiveTraces } from '../liveTraces';
import { traceIdOf } from './traceUri';

/** Traces of the scratch run as read-only files, so that VS Code can open, restore and save them under another name. */
export class TraceFiles implements vscode.FileSystemProvider {
  readonly #traces: LiveTraces;
  readonly onDidChangeFile = new vscode.EventEmitter<vscode.FileChangeEvent[]>().event;

  constructor(traces: LiveTraces) {
    this.#traces = traces;
  }

  async stat(uri: vscode.Uri): Promise<vscode.FileStat> {
    const bytes = await this.readFile(uri);
    const permissions = vscode.FilePermission.Readonly;
    return { type: vscode.FileType.File, ctime: 0, mtime: 0, size: bytes.byteLength, permissions };
  }

  async readFile(uri: vscode.Uri): Promise<Uint8Array> {
    const traceId = traceIdOf(uri);
    if (!traceId) throw vscode.FileSystemError.FileNotFound(uri);
    const trace = await this.#traces.get(traceId);
    return Buffer.from(`${JSON.stringify(trace, null, 1)}\n`, 'utf8');
  }

  watch(): vscode.Disposable {
    return new vscode.Disposable(() => {});
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
