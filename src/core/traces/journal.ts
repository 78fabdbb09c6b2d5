import { appendFileSync, mkdirSync } from 'node:fs';
import { hostname } from 'node:os';
import path from 'node:path';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import { endsTorn, parseJsonLines, readTextFile, reasonOf } from '../base/files';
import { isProcessAlive } from '../base/folderLock';
import { firstIssue } from '../inference/wire';
import { applyEvent, replayTrace, type TraceEvent, traceEventSchema } from './events';
import { type Trace, traceSchema } from './trace';

/** Ids are on disk at the latest this long after they arrived. */
const flushAfterMs = 250;

const headerSchema = z.object({
  journal: z.literal(1),
  /** Who writes: to tell a trace that runs elsewhere from one whose process died. */
  writer: z.object({ pid: z.int(), host: z.string() }),
  trace: traceSchema,
});

/**
 * The journal of a running trace: a header line, then one line per event. Append-only, so that a crash at any byte costs
 * at most the last line; what was not flushed yet is at most 250 ms old.
 */
export class TraceJournal {
  readonly #file: string;
  readonly #clock: Clock;
  readonly #beforeFlush: () => void;
  #pending: TraceEvent[] = [];
  #cancelFlush: (() => void) | undefined;

  private constructor(file: string, clock: Clock, beforeFlush: () => void) {
    this.#file = file;
    this.#clock = clock;
    this.#beforeFlush = beforeFlush;
  }

  /**
   * Starts the journal of a trace, or goes on with one: its header is what the trace holds now.
   * @param beforeFlush writes what has to be on disk before the events are that wait
   */
  static begin(file: string, trace: Trace, clock: Clock, beforeFlush: () => void = () => {}): TraceJournal {
    const journal = new TraceJournal(file, clock, beforeFlush);
    mkdirSync(path.dirname(file), { recursive: true });
    if (endsTorn(file)) appendFileSync(file, '\n');
    journal.#append([{ journal: 1, writer: { pid: process.pid, host: hostname() }, trace }]);
    return journal;
  }

  write(event: TraceEvent): void {
    const last = this.#pending.at(-1);
    if (event.type === 'received' && last?.type === 'received' && last.pass === event.pass) {
      last.tokenIds.push(...event.tokenIds);
      last.text += event.text;
    } else {
      this.#pending.push(event.type === 'received' ? { ...event, tokenIds: [...event.tokenIds] } : event);
    }
    if (event.type !== 'received') this.flush();
    else this.#cancelFlush ??= this.#clock.after(flushAfterMs, () => this.flush());
  }

  flush(): void {
    this.#cancelFlush?.();
    this.#cancelFlush = undefined;
    this.#beforeFlush();
    const events = this.#pending;
    this.#pending = [];
    if (events.length > 0) this.#append(events);
  }

  #append(lines: unknown[]): void {
    try {
      appendFileSync(this.#file, lines.map((line) => `${JSON.stringify(line)}\n`).join(''), 'utf8');
    } catch (error) {
      throw new SecondThoughtError(
        'file-not-written',
        `Could not write the journal ${this.#file} (${reasonOf(error)}).`,
        {
          cause: error,
        },
      );
    }
  }
}

/**
 * Reads a journal back. Later headers begin it anew (a continued trace). A trace left running by a process that is gone
 * comes back `interrupted`; one that still runs elsewhere stays `running`.
 */
export async function readJournal(file: string, isAlive = isProcessAlive): Promise<Trace> {
  const lines = parseJsonLines(await readTextFile(file));
  let trace: Trace | undefined;
  let writer: { pid: number; host: string } | undefined;
  for (const line of lines) {
    const header = headerSchema.safeParse(line);
    if (header.success) {
      trace = structuredClone(header.data.trace);
      writer = header.data.writer;
      continue;
    }
    const event = traceEventSchema.safeParse(line);
    if (!trace || !event.success) throw notAJournal(file, event.error ?? header.error);
    applyEvent(trace, event.data);
  }
  if (!trace || !writer) throw notAJournal(file, undefined);
  const isRunning = trace.status === 'running' && writer.host === hostname() && isAlive(writer.pid);
  if (trace.status !== 'running' || isRunning) return trace;
  return replayTrace(trace, [{ type: 'interrupted', reason: writerGone }]);
}

const writerGone = {
  code: 'process-ended',
  message: 'The program that was generating this trace ended in the middle of it.',
  remedy: 'Use Continue to go on from the last token.',
};

function notAJournal(file: string, error: z.ZodError | undefined): SecondThoughtError {
  const reason = error ? `: ${firstIssue(error)}` : '';
  return new SecondThoughtError('invalid-file', `${file} is not a trace journal${reason}.`);
}
