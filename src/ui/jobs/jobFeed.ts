import type * as vscode from 'vscode';
import { describeError, reportError, type SecondThoughtError } from '../../core/base/errors';
import type { ToJobPage, WireDetails } from '../../protocol/jobPage';
import { type JobSummary, jobDetailsSchema, logPieceSchema } from '../../protocol/jobs';
import { askCli, type CommandLine, FollowedCommand, parseLine } from '../commandLine';
import type { JobList } from './jobList';
import { groupOf, logSize, wireJob } from './jobWords';
import { Metrics } from './metrics';

/** The page has this much of the log's end. */
const logCharacters = 60_000;
const postEveryMs = 250;
const detailsEveryMs = 30_000;

/** Keeps the page of one job up to date, while it is seen: its state from the list, its metrics and log by processes that follow them. */
export class JobFeed implements vscode.Disposable {
  readonly #cli: CommandLine;
  readonly #list: JobList;
  readonly #id: string;
  readonly #post: (message: ToJobPage) => void;
  readonly #metrics = new Metrics();
  #log = '';
  #logNext: number | undefined;
  #details: WireDetails | null = null;
  #asked: JobSummary | undefined;
  #isSeen = false;
  #watching: vscode.Disposable[] = [];
  #followers: (FollowedCommand | undefined)[] = [];
  #state = '';
  #pending: { log: string; timer: NodeJS.Timeout | undefined } = { log: '', timer: undefined };

  constructor(cli: CommandLine, list: JobList, id: string, post: (message: ToJobPage) => void) {
    this.#cli = cli;
    this.#list = list;
    this.#id = id;
    this.#post = post;
  }

  /** As the list has it; what it has not kept of a job that has ended, as the host has it. */
  get job(): JobSummary | undefined {
    const job = this.#list.find(this.#id);
    const { elapsedSeconds, progress } = this.#asked ?? {};
    return (
      job && { ...(elapsedSeconds === undefined ? {} : { elapsedSeconds }), ...(progress ? { progress } : {}), ...job }
    );
  }

  /** A page that nobody sees costs nothing. */
  set isSeen(value: boolean) {
    if (value === this.#isSeen) return;
    this.#isSeen = value;
    if (!value) {
      this.#stop();
      return;
    }
    const timer = setInterval(() => this.#askAgain(), detailsEveryMs);
    this.#watching = [
      this.#list.watch(),
      this.#list.onDidChange(() => this.#onState()),
      { dispose: () => clearInterval(timer) },
    ];
    this.#state = '';
    this.#onState();
  }

  snapshot(): void {
    const { job } = this;
    this.#post({
      type: 'job/snapshot',
      job: job ? wireJob(job) : null,
      steps: this.#metrics.all(),
      schedule: this.#metrics.schedule(),
      log: this.#log,
      details: this.#details,
    });
  }

  dispose(): void {
    this.isSeen = false;
  }

  #stop(): void {
    for (const each of this.#watching) each.dispose();
    for (const each of this.#followers) each?.dispose();
    clearTimeout(this.#pending.timer);
    this.#pending = { log: '', timer: undefined };
    this.#watching = [];
    this.#followers = [];
  }

  #onState(): void {
    const { job } = this;
    if (!job) return;
    this.#post({ type: 'job/state', job: wireJob(job) });
    const failure = this.#list.failures[job.host];
    this.#post({ type: 'job/failure', message: failure?.message ?? null });
    if (job.state === this.#state) return;
    this.#state = job.state;
    void this.#begin(job);
  }

  /** New files, other loads of the GPUs; and what stopped following a host that was away for long begins again. */
  #askAgain(): void {
    const { job } = this;
    if (job && groupOf(job.state) !== 'ended') void this.#begin(job);
  }

  /** What a new state changes: files, and whether there is something to follow. */
  async #begin({ kind }: JobSummary): Promise<void> {
    const details = await this.#askDetails();
    if (!details || !this.#isSeen) return;
    this.#logNext ??= Math.max(0, logSize(details, 0) - logCharacters);
    const ends = (at: number) => (failure: SecondThoughtError | undefined) => {
      this.#followers[at] = undefined;
      if (failure) this.#post({ type: 'job/failure', message: describeError(reportError(failure)) });
    };
    const words = ['--follow', '--offset'];
    this.#followers[0] ??= new FollowedCommand(
      this.#cli,
      ['jobs', 'logs', this.#id, ...words, String(this.#logNext), '--json'],
      { onLine: (line) => this.#takeLog(line), onEnd: ends(0) },
    );
    if (kind === 'study' || kind === 'curation' || kind === 'serve') return; // they have no metrics of this kind
    this.#followers[1] ??= new FollowedCommand(
      this.#cli,
      ['jobs', 'metrics', this.#id, ...words, String(this.#metrics.next)],
      {
        onLine: (line) => {
          this.#metrics.take(line);
          this.#postSoon();
        },
        onEnd: ends(1),
      },
    );
  }

  async #askDetails() {
    try {
      const details = await askCli(this.#cli, ['jobs', 'show', this.#id], jobDetailsSchema);
      this.#metrics.isTraining = details.kind === 'fine-tune';
      const { files, gpus, script } = details;
      this.#details = { files, gpus, script };
      this.#asked = details;
      this.#post({ type: 'job/details', details: this.#details });
      const { job } = this;
      if (job) this.#post({ type: 'job/state', job: wireJob(job) });
      return details;
    } catch (error) {
      this.#post({ type: 'job/failure', message: describeError(reportError(error)) });
      return undefined;
    }
  }

  #takeLog(line: string): void {
    const data = parseLine(logPieceSchema, line);
    if (!data) return;
    this.#logNext = data.offset + data.bytes;
    this.#log = (this.#log + data.text).slice(-logCharacters);
    this.#pending.log += data.text;
    this.#postSoon();
  }

  /** What came since the last message, at once. */
  #postSoon(): void {
    this.#pending.timer ??= setTimeout(() => {
      const { log } = this.#pending;
      this.#pending = { log: '', timer: undefined };
      if (log) this.#post({ type: 'job/log', text: log.slice(-logCharacters) });
      const steps = this.#metrics.unsent();
      if (steps.length > 0) this.#post({ type: 'job/steps', steps, schedule: this.#metrics.schedule() });
    }, postEveryMs);
  }
}
