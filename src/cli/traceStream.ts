import { printable } from '../core/base/untrustedText';
import { gradeTrace } from '../core/evaluate/outcome';
import { treeLines } from '../core/search/treeText';
import type { TraceEvent } from '../core/traces/events';
import {
  costsOf,
  cuesUsed,
  describeTrace,
  generatedTokens,
  type Span,
  type Trace,
  thinkingTokens,
} from '../core/traces/trace';
import { paint, type Style } from './output';

/** Shows a trace on a terminal as it happens: thinking dimmed, what was forced marked, the answer plain. */
export class TraceStream {
  readonly #out: NodeJS.WriteStream;
  readonly #trace: Trace;
  #isWaiting = false;
  #phase: Span['phase'] = 'prompt';
  #isPhaseEmpty = true;
  #isAtLineStart = true;

  constructor(out: NodeJS.WriteStream, trace: Trace) {
    this.#out = out;
    this.#trace = trace;
    const { problem, condition, server } = trace;
    this.#line(`${this.#paint('bold', printable(problem.question))}`);
    this.#line(this.#paint('dim', `${server.model} on ${server.id} · ${describeTrace(trace)}`));
    this.#line('');
    if (condition.decoder !== 'rebase') for (const span of trace.spans) this.#showEarlier(span);
  }

  show(event: TraceEvent): void {
    this.#clearWaiting();
    if (this.#trace.condition.decoder === 'rebase' && event.type !== 'warning') {
      this.#showGrowth(event);
      return;
    }
    switch (event.type) {
      case 'pass':
        for (const span of event.spans) this.#forced(span.text, 'cyan');
        return;
      case 'received':
        this.#text(event.text, this.#trace.passes.at(-1)?.phase ?? 'thinking');
        return;
      case 'thinking-ended':
        this.#showEnd(event.spans);
        return;
      case 'warning':
        this.#startLine();
        this.#line(this.#paint('yellow', `Note: ${printable(event.text)}`));
        return;
      default:
    }
  }

  showWaiting(waitedMs: number): void {
    if (!this.#out.isTTY) return;
    this.#clearWaiting();
    this.#isWaiting = true;
    this.#out.write(this.#paint('dim', `waiting for the first token, ${Math.round(waitedMs / 1000)} s`));
  }

  /** A tree grows in many places at once: while it does, how far it is; as a whole at the end. */
  #showGrowth({ type }: TraceEvent): void {
    if (!this.#out.isTTY || (type !== 'scored' && type !== 'settle')) return;
    const { passes } = this.#trace;
    const steps = passes.filter(({ purpose }) => purpose === 'step').length;
    const judged = passes.filter(({ score }) => score).length;
    this.#isWaiting = true;
    this.#out.write(this.#paint('dim', `${steps} steps, ${judged} of them judged`));
  }

  #showTree(): void {
    for (const line of treeLines(this.#trace)) this.#line(printable(line).replaceAll('\n', '↵'));
    this.#line('');
    for (const span of this.#trace.spans) {
      if (span.phase === 'answer' && span.fate === 'kept' && !span.delimiter) this.#text(span.text, 'answer');
    }
  }

  finish(): void {
    this.#clearWaiting();
    const trace = this.#trace;
    if (trace.condition.decoder === 'rebase') this.#showTree();
    const { outcome, extracted } = gradeTrace(trace);
    const style: Style = outcome === 'correct' ? 'green' : outcome === 'wrong' ? 'red' : 'bold';
    const expected = outcome === 'wrong' ? `, expected ${printable(trace.problem.answer ?? '')}` : '';
    const verdict = trace.status === 'interrupted' ? 'interrupted' : (outcome ?? 'ungraded');
    const answer = extracted === null ? '' : ` · answer ${printable(extracted)}${expected}`;
    const cues = cuesUsed(trace);
    const parts = [`${thinkingTokens(trace)} thinking tokens`, `${generatedTokens(trace)} generated`];
    if (cues > 0) parts.push(`${cues} ${cues === 1 ? 'cue' : 'cues'}`);
    const { scorer } = costsOf(trace);
    if (scorer > 0) parts.push(`${scorer} by the scorer`);
    if (trace.thinkingEndedBy) parts.push(`thinking ended by: ${trace.thinkingEndedBy}`);
    this.#startLine();
    this.#line('');
    this.#line(`${this.#paint(style, verdict)}${answer}`);
    this.#line(this.#paint('dim', `${parts.join(' · ')} · trace ${trace.id.slice(0, 8)}`));
  }

  #showEarlier(span: Span): void {
    if (span.phase === 'prompt' || span.fate !== 'kept') return;
    if (span.origin === 'model') this.#text(span.text, span.phase);
    else if (span.origin === 'forced-cue') this.#forced(span.text, 'cyan');
  }

  #showEnd(spans: Span[]): void {
    if (spans.some((span) => span.origin === 'forced-delimiter')) {
      this.#startLine();
      this.#forced(spans.map((span) => span.text).join(''), 'yellow');
    }
  }

  /** Forced text, in brackets that say so where there are no colours. */
  #forced(text: string, style: Style): void {
    const shown = printable(text.trim()).replaceAll('\n', '↵');
    this.#write(this.#out.isTTY ? this.#paint('inverse', this.#paint(style, ` ${shown} `)) : `[${shown}]`);
  }

  #text(text: string, phase: Span['phase']): void {
    if (phase !== this.#phase) this.#startPhase(phase);
    // The newline after a marker is not worth a line of its own.
    const shown = printable(this.#isPhaseEmpty ? text.replace(/^\n+/, '') : text);
    if (shown === '') return;
    this.#isPhaseEmpty = false;
    this.#write(phase === 'answer' ? shown : this.#paint('dim', shown), shown.endsWith('\n'));
  }

  #startPhase(phase: Span['phase']): void {
    this.#phase = phase;
    this.#isPhaseEmpty = true;
    this.#startLine();
    if (phase === 'answer') this.#line('');
  }

  #startLine(): void {
    if (!this.#isAtLineStart) this.#line('');
  }

  #clearWaiting(): void {
    if (!this.#isWaiting) return;
    this.#isWaiting = false;
    this.#out.write('\r\u001b[2K');
  }

  #line(text: string): void {
    this.#write(`${text}\n`, true);
  }

  #write(text: string, endsLine = false): void {
    this.#out.write(text);
    this.#isAtLineStart = endsLine;
  }

  #paint(style: Style, text: string): string {
    return paint(this.#out, style, text);
  }
}
