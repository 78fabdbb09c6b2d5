import type * as vscode from 'vscode';
import type { Trace } from '../../core/traces/trace';
import type { ToTraceViewer } from '../../protocol/traceViewer';
import type { LiveTraces } from '../liveTraces';
import { collectMs } from './pace';
import { toWire } from './toWire';

/** Pages that show a running trace, of this window. */
const live = new Set<TraceFeed>();

/**
 * Keeps one page up to date with one trace: text of the running pass as deltas, coalesced; everything else as a
 * snapshot. Deltas that wait are part of a snapshot, so a snapshot drops them.
 */
export class TraceFeed implements vscode.Disposable {
  readonly #trace: Trace;
  readonly #traces: LiveTraces;
  readonly #canAct: boolean;
  readonly #isActive: () => boolean;
  readonly #post: (message: ToTraceViewer) => void;
  readonly #subscription: vscode.Disposable;
  #seq = 0;
  #isOpen = false;
  #text = '';
  #tokens = 0;
  #timer: NodeJS.Timeout | undefined;

  /** @param page whether something can be done with the trace, whether the reader is in the page, and the way to it */
  constructor(
    trace: Trace,
    traces: LiveTraces,
    page: { canAct: boolean; isActive(): boolean; post(message: ToTraceViewer): void },
  ) {
    this.#trace = trace;
    this.#traces = traces;
    this.#canAct = page.canAct;
    this.#isActive = page.isActive;
    this.#post = page.post;
    this.#subscription = traces.onDidChange(({ trace: changed, event }) => {
      if (changed !== trace || !this.#isOpen) return;
      if (event?.type === 'received') this.#collect(event.text, event.tokenIds.length);
      else this.snapshot();
    });
  }

  /** The page is ready, or missed a message. */
  snapshot(): void {
    this.#isOpen = true;
    if (this.#trace.status === 'running') live.add(this);
    else live.delete(this);
    this.#clear();
    const waiting = this.#traces.waitingFor(this.#trace.id);
    this.#post({
      type: 'trace/snapshot',
      seq: ++this.#seq,
      trace: toWire(this.#trace, { canAct: this.#canAct, waiting }),
    });
  }

  dispose(): void {
    live.delete(this);
    this.#clear();
    this.#subscription.dispose();
  }

  #collect(text: string, tokens: number): void {
    const pass = this.#trace.passes.at(-1);
    if (pass && pass.promptTokens > 0 && this.#isFirstOfPass(tokens)) {
      this.snapshot(); // the page needs the new span, and that waiting is over
      return;
    }
    this.#text += text;
    this.#tokens += tokens;
    this.#timer ??= setTimeout(() => this.#flush(), collectMs(this.#isActive(), live.size));
  }

  /** The event has been applied already: the live span holds nothing but what just came. */
  #isFirstOfPass(tokens: number): boolean {
    return this.#text === '' && this.#tokens === 0 && this.#trace.spans.at(-1)?.tokenIds.length === tokens;
  }

  #flush(): void {
    const { phase } = this.#trace.passes.at(-1) ?? { phase: 'thinking' as const };
    const [text, tokens] = [this.#text, this.#tokens];
    this.#clear();
    this.#post({ type: 'trace/delta', seq: ++this.#seq, text, tokens, phase });
  }

  #clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#text = '';
    this.#tokens = 0;
  }
}
