import { describeDuration } from '../core/evaluate/estimate';

/** One line at the bottom of a terminal that says what is being done; nothing where there is no terminal. */
export class ProgressLine {
  readonly #stream: NodeJS.WriteStream;
  #startedAt: number | undefined;

  constructor(stream: NodeJS.WriteStream) {
    this.#stream = stream;
  }

  show(what: string, done?: number, of?: number): void {
    if (!this.#stream.isTTY) return;
    this.#stream.write(`\r\u001b[K${what}${done === undefined || of === undefined ? '' : this.#share(done, of)} …`);
  }

  clear(): void {
    if (this.#stream.isTTY) this.#stream.write('\r\u001b[K');
  }

  #share(done: number, of: number): string {
    this.#startedAt ??= Date.now();
    const leftMs = ((Date.now() - this.#startedAt) / Math.max(1, done - 1)) * (of - done);
    return done < 2 ? ` ${done}/${of}` : ` ${done}/${of}, ${describeDuration(leftMs)} left`;
  }
}
