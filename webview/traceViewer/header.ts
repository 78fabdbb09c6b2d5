import type { TraceAction, WireTrace } from '../../src/protocol/traceViewer';
import { createButton } from '../shared/controls';
import { element } from '../shared/dom';

/** Question, condition, state, budget and what can be done. */
export class Header {
  readonly root = element('header', 'header');
  readonly #act: (action: TraceAction) => void;
  readonly #counts = element('p', 'counts');
  readonly #bar = element('div', 'bar');
  readonly #fill = element('div', 'bar-fill');
  #actionsFor = '';
  readonly #actions = element('div', 'actions');

  constructor(act: (action: TraceAction) => void) {
    this.#act = act;
    this.#actions.setAttribute('role', 'toolbar');
    this.#actions.setAttribute('aria-label', 'Trace actions');
    this.#bar.setAttribute('role', 'progressbar');
    this.#bar.setAttribute('aria-label', 'Thinking tokens of the limit');
  }

  show(trace: WireTrace): void {
    const title = element('h1', 'question', trace.question);
    const about = element('p', 'about', `${trace.condition} · ${trace.server}`);
    const line = element('div', 'state-line');
    line.append(badge(trace), element('span', 'status', trace.status));
    this.root.replaceChildren(title, about, line, this.#bar, this.#counts, this.#actions);
    if (trace.interruption) this.root.append(notice(trace.interruption, 'error'));
    for (const warning of trace.warnings) this.root.append(notice(warning, 'warning'));
    this.#showActions(trace);
    this.showCounts(trace);
  }

  /** What changes with every token. */
  showCounts(trace: WireTrace): void {
    const n = (count: number) => count.toLocaleString('en');
    const limit = trace.budgetFrom === 'context' ? `${n(trace.budget)} that fit` : `a limit of ${n(trace.budget)}`;
    const cues =
      trace.cuesAt.length === 0 ? '' : ` · ${trace.cuesAt.length} forced ${trace.cuesAt.length === 1 ? 'cue' : 'cues'}`;
    this.#counts.textContent =
      `${n(trace.thinkingTokens)} thinking tokens of ${limit}${cues}` +
      ` · ${n(trace.answerTokens)} answer tokens · ${n(trace.generatedTokens)} generated`;
    this.#fill.style.width = percent(trace.thinkingTokens, trace.budget);
    this.#bar.setAttribute('aria-valuenow', String(trace.thinkingTokens));
    this.#bar.setAttribute('aria-valuemax', String(trace.budget));
    this.#bar.replaceChildren(this.#fill, ...trace.cuesAt.map((at) => tick(at, trace.budget)));
  }

  #showActions(trace: WireTrace): void {
    const state = `${trace.state} ${trace.canAct}`;
    if (state === this.#actionsFor) return; // a button that has the focus keeps it
    this.#actionsFor = state;
    const button = (label: string, action: TraceAction, kind: 'primary' | 'secondary' = 'secondary') =>
      createButton(label, kind, () => this.#act(action));
    const copies = [button('Copy Text', 'copyText'), button('Copy as CLI Command', 'copyCommand')];
    const live = {
      running: [button('Stop and Answer', 'stopAndAnswer', 'primary'), button('Stop', 'stop')],
      complete: [button('Wait Again', 'waitAgain', 'primary')],
      interrupted: [button('Continue', 'continue', 'primary')],
    };
    this.#actions.replaceChildren(...(trace.canAct ? live[trace.state] : []), ...copies);
  }
}

const percent = (part: number, whole: number) => `${whole > 0 ? Math.min(100, (100 * part) / whole) : 0}%`;

function tick(at: number, limit: number): HTMLElement {
  const mark = element('div', 'bar-tick');
  mark.style.left = percent(at, limit);
  mark.title = `cue after ${at} thinking tokens`;
  return mark;
}

const outcomes: Record<string, string> = {
  correct: '✓ Correct',
  wrong: '✗ Wrong',
  truncated: '… Truncated',
  'no-answer': '– No answer',
  ungraded: 'Complete',
};

function badge(trace: WireTrace): HTMLElement {
  if (trace.state === 'running') return element('span', 'badge running', '● Running');
  if (trace.state === 'interrupted') return element('span', 'badge interrupted', '‖ Interrupted');
  const outcome = trace.outcome ?? 'ungraded';
  const made = element('span', `badge ${outcome}`, outcomes[outcome] ?? outcome);
  if (trace.answer !== null) {
    const expected = outcome === 'wrong' && trace.expected !== null ? `, expected ${trace.expected}` : '';
    made.append(element('span', 'badge-answer', `: ${trace.answer}${expected}`));
  }
  return made;
}

function notice(text: string, kind: 'error' | 'warning'): HTMLElement {
  const made = element('p', `notice ${kind}`, text);
  made.setAttribute('role', 'note');
  return made;
}
