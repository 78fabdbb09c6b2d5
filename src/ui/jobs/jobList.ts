import { mkdir, writeFile } from 'node:fs/promises';
import path from 'node:path';
import * as vscode from 'vscode';
import { toSecondThoughtError } from '../../core/base/errors';
import { isOver, type JobState } from '../../core/jobs/jobState';
import {
  type HostSummary,
  hostsDocumentSchema,
  type JobSummary,
  type JobsDocument,
  jobsDocumentSchema,
} from '../../protocol/jobs';
import { askCli, type CommandLine, FollowedCommand, parseLine } from '../commandLine';
import { jobsFolderCwd } from './jobsCwd';

const startAgainMs = 15_000;

/**
 * The jobs that this machine knows of and how they are, kept up to date by one process for as long as somebody watches: the view, or
 * a job's page. For a job that was started in this window it goes on, slowly, until that has ended. Otherwise nothing runs and no
 * host is asked.
 */
export class JobList implements vscode.Disposable {
  readonly #cli: CommandLine;
  readonly #log: vscode.LogOutputChannel;
  /** A file per end that was told of, in whatever window. */
  readonly #toldFolder: string;
  readonly #changed = new vscode.EventEmitter<void>();
  readonly onDidChange = this.#changed.event;
  readonly #ended = new vscode.EventEmitter<JobSummary>();
  /** A job that was on its way has ended; fires in one window only, once. */
  readonly onDidEnd = this.#ended.event;
  readonly #watchers = new Set<object>();
  /** Jobs that were started in this window and have not ended. */
  readonly #awaited = new Set<string>();
  readonly #subscriptions: vscode.Disposable;
  #process: FollowedCommand | undefined;
  #timer: NodeJS.Timeout | undefined;
  #document: JobsDocument | undefined;
  #hosts: HostSummary[] = [];
  readonly #lastStates = new Map<string, JobState>();
  #tellRead: () => void = () => {};
  /** When there is something to show, or nothing will come. */
  readonly firstRead = new Promise<void>((resolve) => {
    this.#tellRead = resolve;
  });

  constructor(cli: CommandLine, log: vscode.LogOutputChannel, storage: string) {
    this.#cli = cli;
    this.#log = log;
    this.#toldFolder = path.join(storage, 'ended-jobs');
    this.#subscriptions = vscode.Disposable.from(
      vscode.window.onDidChangeWindowState(() => this.#tellPace()),
      vscode.workspace.onDidGrantWorkspaceTrust(() => this.#follow()),
    );
  }

  get jobs(): readonly JobSummary[] {
    return this.#document?.jobs ?? [];
  }

  get failures(): JobsDocument['failures'] {
    return this.#document?.failures ?? {};
  }

  /** Hosts that a configuration names. */
  get hosts(): readonly HostSummary[] {
    return this.#hosts.filter(({ from }) => from === 'config');
  }

  /** Undefined: nobody has looked yet. */
  get isRead(): boolean {
    return this.#document !== undefined;
  }

  find(id: string): JobSummary | undefined {
    return this.jobs.find((job) => job.id === id);
  }

  /** Keeps the list up to date until it is disposed of. */
  watch(): vscode.Disposable {
    const watcher = {};
    this.#watchers.add(watcher);
    this.#follow();
    return new vscode.Disposable(() => {
      this.#watchers.delete(watcher);
      this.#follow();
    });
  }

  /** Whoever started a job here is told of its end, whatever they look at meanwhile. */
  awaitEnd(id: string): void {
    this.#awaited.add(id);
    this.#follow();
  }

  /** Asks anew, also the hosts that did not answer and are left alone for a while. */
  async refresh(): Promise<void> {
    this.#stop();
    this.#follow();
    await this.readHosts();
  }

  async readHosts(): Promise<void> {
    if (!vscode.workspace.isTrusted) return;
    try {
      const cwd = await jobsFolderCwd({ ask: false });
      this.#hosts = (await askCli(this.#cli, ['hosts', 'list'], hostsDocumentSchema, cwd)).hosts;
    } catch (error) {
      this.#log.warn(`The hosts for jobs could not be read: ${toSecondThoughtError(error).message}`);
    }
    this.#changed.fire();
  }

  dispose(): void {
    this.#watchers.clear();
    this.#awaited.clear();
    this.#stop();
    this.#subscriptions.dispose();
    this.#changed.dispose();
    this.#ended.dispose();
  }

  #follow(): void {
    if (this.#watchers.size + this.#awaited.size === 0 || !vscode.workspace.isTrusted) {
      this.#stop();
      return;
    }
    this.#tellPace();
    if (this.#process || this.#timer) return;
    const hosts = this.readHosts();
    this.#process = new FollowedCommand(this.#cli, ['jobs', 'list', '--watch', '--json'], {
      onLine: (line) => {
        this.#take(line);
        void hosts.then(this.#tellRead);
      },
      onEnd: (failure) => {
        this.#process = undefined;
        this.#tellRead();
        if (failure) this.#log.error(`Jobs: ${failure.message}`);
        this.#timer = setTimeout(() => {
          this.#timer = undefined;
          this.#follow();
        }, startAgainMs);
      },
    });
    this.#tellPace();
  }

  #stop(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#process?.dispose();
    this.#process = undefined;
  }

  #tellPace(): void {
    this.#process?.tell(vscode.window.state.focused && this.#watchers.size > 0 ? 'fast' : 'slow');
  }

  #take(line: string): void {
    const document = parseLine(jobsDocumentSchema, line);
    if (!document) {
      this.#log.error(`Jobs: what the command line said is not understood: ${line.slice(0, 200)}`);
      return;
    }
    this.#document = document;
    for (const job of document.jobs) {
      const before = this.#lastStates.get(job.id);
      this.#lastStates.set(job.id, job.state);
      if (before && !isOver(before) && isOver(job.state)) void this.#tellEnd(job);
      if (isOver(job.state)) this.#awaited.delete(job.id);
    }
    this.#changed.fire();
    this.#follow();
  }

  /** Whoever makes the file tells of it. */
  async #tellEnd(job: JobSummary): Promise<void> {
    try {
      await mkdir(this.#toldFolder, { recursive: true });
      await writeFile(path.join(this.#toldFolder, `${job.id}-${job.number ?? 'none'}`), '', { flag: 'wx' });
      this.#ended.fire(job);
    } catch {
      // another window was first
    }
  }
}
