import * as vscode from 'vscode';
import * as z from 'zod';
import { toLabel } from '../../core/base/untrustedText';
import type { JobSummary } from '../../protocol/jobs';
import { type CommandLine, FollowedCommand, parseLine } from '../commandLine';
import { presentError } from '../presentError';

const reachedSchema = z.object({ url: z.string(), apiKey: z.string(), model: z.string() });
export type ReachedServer = z.infer<typeof reachedSchema>;

/** The ways to the servers that jobs run: each a process that makes its tunnel again when it breaks, as long as this window is open. */
export class ServedModels implements vscode.Disposable {
  readonly #cli: CommandLine;
  readonly #log: vscode.LogOutputChannel;
  /** Takes a server that answers into Servers. */
  readonly #onReached: (job: JobSummary, server: ReachedServer, dialect: string | undefined) => Promise<void>;
  readonly #ways = new Map<string, FollowedCommand>();

  constructor(
    cli: CommandLine,
    log: vscode.LogOutputChannel,
    onReached: (job: JobSummary, server: ReachedServer, dialect: string | undefined) => Promise<void>,
  ) {
    this.#cli = cli;
    this.#log = log;
    this.#onReached = onReached;
  }

  /** Waits in the background until the server answers. */
  connect(job: JobSummary, dialect?: string): void {
    this.#ways.get(job.id)?.dispose();
    let text = '';
    const message = vscode.window.setStatusBarMessage(`$(loading~spin) Waiting for ${toLabel(job.name)} to answer`);
    const way = new FollowedCommand(this.#cli, ['jobs', 'connect', job.id, '--json'], {
      onLine: (line) => {
        text += line;
        if (line !== '}') return;
        message.dispose();
        const data = parseLine(reachedSchema, text);
        if (data) this.#onReached(job, data, dialect).catch((error) => presentError(error, this.#log));
      },
      onEnd: (failure) => {
        message.dispose();
        this.#ways.delete(job.id);
        if (failure) presentError(failure, this.#log);
      },
    });
    this.#ways.set(job.id, way);
  }

  close(id: string): void {
    this.#ways.get(id)?.dispose();
    this.#ways.delete(id);
  }

  dispose(): void {
    for (const way of this.#ways.values()) way.dispose();
  }
}
