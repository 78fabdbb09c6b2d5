import type { WireProbe, WireTrace } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';
import { count } from '../shared/numbers';

/** How the ruler finds its way in the text. */
export interface Walk {
  /** Thinking tokens before where the reader is. */
  here(): number;
  go(tokens: number): void;
  wordsBefore(tokens: number): string;
}

/**
 * The thinking in tokens from left to right: how much of the limit is used, where cues were forced, what would have been
 * answered, where the reader is. A click or the arrow keys go there.
 */
export class Ruler {
  readonly root = element('section', 'ruler');
  readonly #walk: Walk;
  readonly #slider = element('div', 'ruler-slider');
  readonly #bar = element('div', 'bar');
  readonly #fill = element('div', 'bar-fill');
  readonly #place = element('div', 'ruler-here');
  readonly #scale = element('div', 'ruler-scale');
  readonly #probes = element('ol', 'probes');
  #trace: WireTrace | undefined;
  #marksFor = '';

  /** @param aside stands in the ruler's first line */
  constructor(walk: Walk, aside: HTMLElement) {
    this.#walk = walk;
    this.root.setAttribute('aria-label', 'Ruler');
    this.#slider.tabIndex = 0;
    this.#slider.setAttribute('role', 'slider');
    this.#slider.setAttribute('aria-label', 'Place in the thinking, in tokens');
    this.#slider.setAttribute('aria-valuemin', '0');
    this.#slider.append(this.#bar, this.#scale);
    this.#slider.addEventListener('keydown', (event) => this.#onKey(event));
    const parts: HTMLElement[] = [this.#slider, this.#probes];
    for (const part of parts) part.addEventListener('pointerdown', (event) => this.#drag(event));
    this.#probes.setAttribute('aria-label', 'Answers along the thinking');
    this.#probes.hidden = true;
    const line = element('div', 'ruler-line');
    line.append(element('span', 'ruler-title', 'Thinking tokens'), aside);
    this.root.append(line, this.#slider, this.#probes);
  }

  show(trace: WireTrace): void {
    this.#trace = trace;
    const marksFor = `${this.#length} ${trace.budget} ${trace.cuesAt}`;
    if (marksFor !== this.#marksFor) this.#drawMarks(trace);
    this.#marksFor = marksFor;
    this.showCounts(trace);
  }

  /** What changes with every token. */
  showCounts({ state, thinkingTokens }: WireTrace): void {
    this.#fill.style.width = this.#left(thinkingTokens);
    this.#slider.setAttribute('aria-valuemax', String(thinkingTokens));
    this.#place.hidden = state === 'running'; // finding it would lay out the page at every token
    if (state === 'running') this.#slider.setAttribute('aria-valuenow', String(thinkingTokens));
    else this.showHere();
  }

  /** The reader is somewhere else. */
  showHere(): void {
    const tokens = Math.min(this.#walk.here(), this.#trace?.thinkingTokens ?? 0);
    this.#place.style.left = this.#left(tokens);
    this.#slider.setAttribute('aria-valuenow', String(tokens));
    const words = this.#walk.wordsBefore(tokens);
    const of = count(this.#trace?.thinkingTokens ?? 0);
    const said = `${count(tokens)} of ${of} thinking tokens${words === '' ? '' : `, after “${words}”`}`;
    this.#slider.setAttribute('aria-valuetext', said);
  }

  /** A cell for each stretch of the thinking over which the answer stayed the same, from where it was asked first. */
  showProbes(probes: readonly WireProbe[]): void {
    const cells: HTMLElement[] = [];
    let from = 0;
    for (let at = 0; at < probes.length; ) {
      let last = at;
      while (sameAnswer(probes[last + 1], probes[at])) last++;
      const to = probes[last]?.thinkingTokens ?? 0;
      cells.push(this.#cell(probes[at] as WireProbe, from, to));
      from = to;
      at = last + 1;
    }
    this.#probes.replaceChildren(...cells);
    this.#probes.hidden = probes.length === 0;
  }

  #cell(probe: WireProbe, from: number, to: number): HTMLElement {
    const verdict = probe.isRight === null ? 'answer' : probe.isRight ? 'right' : 'wrong';
    const cell = element('li', `probe-cell ${probe.answer === null ? 'none' : verdict}`);
    const text = probe.answer ?? '–';
    cell.style.left = this.#left(from);
    cell.style.width = this.#left(Math.min(to, this.#length) - from);
    cell.title = `${probe.answer === null ? 'no answer' : `${text}, ${verdict}`}: asked at ${probe.thinkingTokens} to ${to} thinking tokens`;
    cell.append(element('span', 'probe-answer', text), element('span', 'probe-place', count(to)));
    if (probe.answer !== null) cell.append(element('span', 'announcer', `, ${verdict}`));
    return cell;
  }

  /** Tokens from end to end: the limit, unless an ended thought left most of it. */
  get #length(): number {
    const { state = 'running', budget = 1, thinkingTokens = 0 } = this.#trace ?? {};
    return Math.max(1, state === 'running' || budget <= 2 * thinkingTokens ? budget : thinkingTokens);
  }

  #left(tokens: number): string {
    return `${Math.min(100, (100 * tokens) / this.#length)}%`;
  }

  #drawMarks({ budget, budgetFrom, cuesAt }: WireTrace): void {
    const length = this.#length;
    const cues = cuesAt.map((at, index) =>
      this.#mark('bar-tick', at, `cue ${index + 1} after ${count(at)} thinking tokens`),
    );
    const name = budgetFrom === 'context' ? 'what fits' : budgetFrom === 'auto' ? 'automatic cap' : 'cap';
    const isInside = budget <= length;
    const cap = isInside ? [this.#mark('bar-cap', budget, `${name}: ${count(budget)} thinking tokens`)] : [];
    this.#bar.replaceChildren(this.#fill, ...cues, ...cap, this.#place);
    const far = element('span', 'ruler-limit', isInside ? '' : `${name} ${count(budget)} →`);
    const step = niceStep(length);
    const numbers = Array.from({ length: Math.floor(length / step) + 1 }, (_, index) => index * step);
    const room = length * (isInside ? 0.97 : 0.8); // the last number would run over the end, or over the limit's name
    const labels = numbers.filter((at) => at <= room).map((at) => this.#mark('ruler-number', at, '', count(at)));
    this.#scale.replaceChildren(...labels, far);
  }

  #mark(className: string, at: number, title: string, text = ''): HTMLElement {
    const mark = element('div', className, text);
    mark.style.left = this.#left(at);
    if (title) mark.title = title;
    return mark;
  }

  #onKey(event: KeyboardEvent): void {
    const { thinkingTokens = 0 } = this.#trace ?? {};
    const now = Number(this.#slider.getAttribute('aria-valuenow'));
    const little = Math.max(1, Math.round(thinkingTokens / 50));
    const targets: Record<string, number> = {
      ArrowLeft: now - little,
      ArrowDown: now - little,
      ArrowRight: now + little,
      ArrowUp: now + little,
      PageDown: now - 5 * little,
      PageUp: now + 5 * little,
      Home: 0,
      End: thinkingTokens,
    };
    const target = targets[event.key];
    if (target === undefined || event.ctrlKey || event.metaKey || event.altKey) return;
    event.preventDefault();
    this.#go(target);
  }

  #drag(event: PointerEvent): void {
    if (event.button !== 0) return;
    event.preventDefault(); // no selection of the numbers
    this.#slider.focus({ preventScroll: true });
    const box = this.#bar.getBoundingClientRect();
    const follow = ({ clientX }: PointerEvent) => this.#go((this.#length * (clientX - box.left)) / box.width);
    follow(event);
    const stop = new AbortController();
    addEventListener('pointermove', follow, { signal: stop.signal });
    for (const end of ['pointerup', 'pointercancel'])
      addEventListener(end, () => stop.abort(), { signal: stop.signal });
  }

  #go(tokens: number): void {
    const { thinkingTokens = 0 } = this.#trace ?? {};
    this.#walk.go(Math.round(Math.max(0, Math.min(thinkingTokens, tokens))));
    this.showHere();
  }
}

/** 1, 2 or 5 times a power of ten, so that about eight numbers fit. */
function niceStep(length: number): number {
  const rough = Math.max(1, length / 8);
  const power = 10 ** Math.floor(Math.log10(rough));
  return ([1, 2, 5, 10].find((factor) => factor * power >= rough) ?? 10) * power;
}

const sameAnswer = (a: WireProbe | undefined, b: WireProbe | undefined) =>
  a !== undefined && a.answer === b?.answer && a.isRight === b.isRight;
