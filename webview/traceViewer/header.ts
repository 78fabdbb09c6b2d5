import type { TraceAction, WireTrace } from '../../src/protocol/traceViewer';
import { createButton } from '../shared/controls';
import { element, write } from '../shared/dom';
import { createMenu } from '../shared/menu';
import type { Shade } from './shading';

/** Question, condition, state, budget and what can be done. Only what changes is written, so that a selection survives. */
export class Header {
  readonly root = element('header', 'header');
  readonly #act: (action: TraceAction) => void;
  readonly #title = element('h1', 'question');
  readonly #about = element('p', 'about');
  readonly #badge = element('span');
  readonly #status = element('span', 'status');
  readonly #counts = element('p', 'counts');
  readonly #actions = element('div', 'actions');
  readonly #notices = element('div');
  readonly #source: HTMLElement;
  readonly #shades: HTMLElement;
  #actionsFor = '';

  constructor(act: (action: TraceAction) => void, toggleSource: () => void, shade: (shade: Shade) => void) {
    this.#act = act;
    this.#source = createButton('Show Source', 'secondary', toggleSource);
    this.#source.setAttribute('aria-pressed', 'false');
    this.#source.title = 'Show formulas as the model wrote them';
    this.#shades = createMenu('Shade', [
      ['By Probability', () => shade('surprise')],
      ['By Entropy', () => shade('entropy')],
      ['Not at All', () => shade('off')],
    ]);
    this.#actions.setAttribute('role', 'toolbar');
    this.#actions.setAttribute('aria-label', 'Trace actions');
    const line = element('div', 'state-line');
    line.append(this.#badge, this.#status);
    this.root.append(this.#title, this.#about, line, this.#counts, this.#actions, this.#notices);
  }

  show(trace: WireTrace): void {
    write(this.#title, trace.question);
    write(this.#about, `${trace.condition} · ${trace.server}`);
    write(this.#status, trace.status);
    showBadge(this.#badge, trace);
    const notices = trace.warnings.map((text) => notice(text, 'warning'));
    if (trace.interruption) notices.unshift(notice(trace.interruption, 'error'));
    this.#notices.replaceChildren(...notices);
    this.#showActions(trace);
    this.showCounts(trace);
  }

  /** Whether formulas are shown as they were written. */
  showSource(isSource: boolean): void {
    this.#source.setAttribute('aria-pressed', String(isSource));
  }

  /** What changes with every token. */
  showCounts(trace: WireTrace): void {
    const n = (count: number) => numbers.format(count);
    const limit = trace.budgetFrom === 'context' ? `${n(trace.budget)} that fit` : `a limit of ${n(trace.budget)}`;
    const cues =
      trace.cuesAt.length === 0 ? '' : ` · ${trace.cuesAt.length} forced ${trace.cuesAt.length === 1 ? 'cue' : 'cues'}`;
    this.#counts.textContent =
      `${n(trace.thinkingTokens)} thinking tokens of ${limit}${cues}` +
      ` · ${n(trace.answerTokens)} answer tokens · ${n(trace.generatedTokens)} generated`;
  }

  #showActions(trace: WireTrace): void {
    const state = `${trace.state} ${trace.canAct} ${trace.canExamine}`;
    if (state === this.#actionsFor) return; // a button that has the focus keeps it
    this.#actionsFor = state;
    const button = (label: string, action: TraceAction, kind: 'primary' | 'secondary' = 'secondary') =>
      createButton(label, kind, () => this.#act(action));
    const copy = createMenu('Copy', [
      ['Text', () => this.#act('copyText')],
      ['Markdown', () => this.#act('copyMarkdown')],
      ['Token Ids', () => this.#act('copyIds')],
      ['CLI Command', () => this.#act('copyCommand')],
    ]);
    const always = [copy, button('Save…', 'save'), this.#source, ...(trace.state === 'running' ? [] : [this.#shades])];
    const live = {
      running: [button('Stop and Answer', 'stopAndAnswer', 'primary'), button('Stop', 'stop')],
      complete: [button('Wait Again', 'waitAgain', 'primary')],
      interrupted: [button('Continue', 'continue', 'primary')],
    };
    const examine = trace.canExamine ? [button('Fork…', 'fork'), button('Probe', 'probe')] : [];
    this.#actions.replaceChildren(...(trace.canAct ? live[trace.state] : []), ...examine, ...always);
  }
}

const numbers = new Intl.NumberFormat('en');

const outcomes: Record<string, string> = {
  correct: '✓ Correct',
  wrong: '✗ Wrong',
  truncated: '… Truncated',
  'no-answer': '– No answer',
  ungraded: 'Complete',
};

function showBadge(made: HTMLElement, trace: WireTrace): void {
  const [kind, text] = badgeOf(trace);
  made.className = `badge ${kind}`;
  write(made, text);
}

function badgeOf({ state, outcome, answer, expected }: WireTrace): [kind: string, text: string] {
  if (state === 'running') return ['running', '● Running'];
  if (state === 'interrupted') return ['interrupted', '‖ Interrupted'];
  const kind = outcome ?? 'ungraded';
  const wanted = kind === 'wrong' && expected !== null ? `, expected ${expected}` : '';
  return [kind, `${outcomes[kind] ?? kind}${answer === null ? '' : `: ${answer}${wanted}`}`];
}

function notice(text: string, kind: 'error' | 'warning'): HTMLElement {
  const made = element('p', `notice ${kind}`, text);
  made.setAttribute('role', 'note');
  return made;
}
