import * as vscode from 'vscode';
import type { SecondThoughtError } from '../../core/base/errors';
import { describeError, reportError } from '../../core/base/errors';
import { printable, toLabel } from '../../core/base/untrustedText';
import { jobDetailsSchema, logPieceSchema } from '../../protocol/jobs';
import { askCli, type CommandLine, FollowedCommand, parseLine } from '../commandLine';
import { logSize } from './jobWords';

/** A longer log is shown from here before its end on; Fetch brings all of it. */
const shownBytes = 1_000_000;

/** The logs of jobs, each in a terminal of its own that follows until it is closed. */
export class JobLogs implements vscode.Disposable {
  readonly #cli: CommandLine;
  readonly #open = new Map<string, vscode.Terminal>();
  readonly #subscription: vscode.Disposable;

  constructor(cli: CommandLine) {
    this.#cli = cli;
    this.#subscription = vscode.window.onDidCloseTerminal((closed) => {
      for (const [key, terminal] of this.#open) if (terminal === closed) this.#open.delete(key);
    });
  }

  show(id: string, name: string, task: number): void {
    const key = `${id} ${task}`;
    const terminal =
      this.#open.get(key) ??
      vscode.window.createTerminal({
        name: toLabel(`Log: ${name}`, 40),
        iconPath: new vscode.ThemeIcon('output'),
        pty: new LogTerminal(this.#cli, id, task),
      });
    this.#open.set(key, terminal);
    terminal.show();
  }

  dispose(): void {
    this.#subscription.dispose();
    for (const terminal of this.#open.values()) terminal.dispose();
  }
}

/** A log in a terminal: it only shows. The command line follows by offset, and goes on after a lost connection. */
class LogTerminal implements vscode.Pseudoterminal {
  readonly #cli: CommandLine;
  readonly #id: string;
  readonly #task: number;
  readonly #write = new vscode.EventEmitter<string>();
  readonly onDidWrite = this.#write.event;
  #command: FollowedCommand | undefined;
  #isClosed = false;
  #next = 0;

  constructor(cli: CommandLine, id: string, task: number) {
    this.#cli = cli;
    this.#id = id;
    this.#task = task;
  }

  open(): void {
    void this.#begin();
  }

  close(): void {
    this.#isClosed = true;
    this.#command?.dispose();
    this.#write.dispose();
  }

  /** Enter: once more from where it stopped, for instance when the job was requeued. */
  handleInput(data: string): void {
    if (data === '\r' && !this.#command) this.#follow();
  }

  async #begin(): Promise<void> {
    try {
      const details = await askCli(this.#cli, ['jobs', 'show', this.#id], jobDetailsSchema);
      this.#next = Math.max(0, logSize(details, this.#task) - shownBytes);
      if (this.#next > 0)
        this.#say(`The first ${this.#next.toLocaleString('en')} bytes are left out. Fetch brings all.`);
      this.#follow();
    } catch (error) {
      this.#say(describeError(reportError(error)));
    }
  }

  #follow(): void {
    if (this.#isClosed) return;
    const words = ['jobs', 'logs', this.#id, '--follow', '--task', String(this.#task), '--offset', String(this.#next)];
    this.#command = new FollowedCommand(this.#cli, [...words, '--json'], {
      onLine: (line) => this.#take(line),
      onEnd: (failure) => this.#end(failure),
    });
  }

  #take(line: string): void {
    const data = parseLine(logPieceSchema, line);
    if (!data) return;
    this.#next = data.offset + data.bytes;
    this.#write.fire(printable(data.text).replaceAll('\n', '\r\n'));
  }

  #end(failure: SecondThoughtError | undefined): void {
    this.#command = undefined;
    this.#say(
      failure ? `${describeError(reportError(failure))} Press Enter to go on.` : 'The job has ended; so does its log.',
    );
  }

  /** A line of ours, told from the job's own by its look. */
  #say(text: string): void {
    this.#write.fire(`\x1b[2m— ${printable(text)}\x1b[0m\r\n`);
  }
}
