import { MessageChannel, type MessagePort, receiveMessageOnPort, Worker } from 'node:worker_threads';
import type { Relation, Verdict } from './latex/compare';

/** What is asked of the thread: whatever could take for ever with an answer, or a pattern, that was made for it. */
export type GraderQuestion =
  | { ask: 'compare'; a: string; b: string; relation: Relation }
  | { ask: 'match'; pattern: string; text: string };

export type GraderReply = { verdict: Verdict } | { match: string | null } | { failed: string };

/** Marks the worker data of a grader thread: its program is the program that starts it. */
export const graderThreadMark = 'second-thought-grader';

const limits = { startMs: 20_000, questionMs: 2_000, memoryMb: 256 };

let program: string | undefined;
let thread: GraderThread | undefined;

/**
 * Names the program that serves questions (see graderThreadMain.ts). Where none is named, as in the extension host, what
 * needs the thread stays undecided: traces bring the grade along that they got where they were made.
 */
export function useGraderProgram(file: string): void {
  thread?.end();
  thread = undefined;
  program = file;
}

/** Asks and waits; null if there is no thread, or no reply within two seconds or 256 MB. The next question finds a new thread. */
export function askGraderThread(question: GraderQuestion): GraderReply | null {
  if (program === undefined) return null;
  thread ??= new GraderThread(program);
  const reply = thread.ask(question);
  if (reply === null) {
    thread.end();
    thread = undefined;
  }
  return reply;
}

export const isGraderThread = (data: unknown): data is GraderThreadData =>
  typeof data === 'object' && data !== null && 'mark' in data && data.mark === graderThreadMark;

export interface GraderThreadData {
  mark: typeof graderThreadMark;
  port: MessagePort;
  /** [0] counts replies, the first says that the thread is ready. */
  replies: Int32Array;
}

class GraderThread {
  readonly #worker: Worker;
  readonly #port: MessagePort;
  readonly #replies = new Int32Array(new SharedArrayBuffer(4));
  #seen = 0;

  constructor(file: string) {
    const { port1, port2 } = new MessageChannel();
    const workerData: GraderThreadData = { mark: graderThreadMark, port: port2, replies: this.#replies };
    this.#port = port1;
    this.#worker = new Worker(file, {
      workerData,
      transferList: [port2],
      resourceLimits: { maxOldGenerationSizeMb: limits.memoryMb },
      execArgv: [],
      stderr: true, // what it says when it ends for lack of memory is not for the user
    });
    this.#worker.on('error', () => {}); // seen as a question without a reply
    this.#worker.unref();
    port1.unref();
  }

  ask(question: GraderQuestion): GraderReply | null {
    if (this.#seen === 0 && this.#reply(limits.startMs) === null) return null;
    this.#port.postMessage(question);
    return this.#reply(limits.questionMs);
  }

  end(): void {
    void this.#worker.terminate();
    this.#port.close();
  }

  /** Waits without an event loop: grading is a plain function everywhere, and takes milliseconds. */
  #reply(withinMs: number): GraderReply | null {
    if (Atomics.load(this.#replies, 0) === this.#seen) Atomics.wait(this.#replies, 0, this.#seen, withinMs);
    if (Atomics.load(this.#replies, 0) === this.#seen) return null;
    this.#seen++;
    const received = receiveMessageOnPort(this.#port) as { message: GraderReply } | undefined;
    return received?.message ?? null;
  }
}
