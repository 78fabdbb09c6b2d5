import type { WirePlace, WireTrace } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';
import { count } from '../shared/numbers';

/** Nobody looks for a step in a longer list; the map and the ruler go on. */
const most = 500;

const kinds: Record<string, string> = {
  heading: 'step',
  cue: 'after a cue',
  answer: 'answer',
  check: 'check',
  turn: 'turn',
  calculation: 'calculation',
  text: '',
};

/** The steps of the thinking with what each is, as a list that leads to them. Its rows are made when it is opened. */
export class Outline {
  readonly root = element('details', 'outline');
  readonly #summary = element('summary');
  readonly #list = element('ol', 'outline-list');
  readonly #go: (at: WirePlace) => void;
  #steps: WireTrace['steps'] = [];

  constructor(go: (at: WirePlace) => void) {
    this.#go = go;
    this.root.append(this.#summary, this.#list);
    this.root.addEventListener('toggle', () => this.#fill());
    this.#list.addEventListener('keydown', (event) => this.#onKey(event));
  }

  show({ steps }: WireTrace): void {
    this.#steps = steps;
    this.#summary.textContent = `Steps (${count(steps.length)})`;
    this.root.hidden = steps.length === 0;
    this.#fill();
  }

  #fill(): void {
    const steps = this.root.open ? this.#steps.slice(0, most) : [];
    const focused = [...this.#list.children].findIndex((item) => item.contains(document.activeElement));
    const left = this.#steps.length - most;
    const rest = this.root.open && left > 0 ? [element('li', 'outline-rest', `${count(left)} more`)] : [];
    this.#list.replaceChildren(...steps.map((step, index) => this.#item(step, index)), ...rest);
    if (focused !== -1) this.#buttons()[focused]?.focus();
  }

  #item({ at, kind, title }: WireTrace['steps'][number], index: number): HTMLElement {
    const item = element('li', `outline-step ${kind}`);
    const button = element('button', 'outline-button');
    button.tabIndex = index === 0 ? 0 : -1; // arrows go from step to step
    const name = kinds[kind] ?? '';
    button.append(
      element('span', 'outline-number', String(index + 1)),
      element('span', 'outline-title', title),
      element('span', 'outline-kind', name),
    );
    button.addEventListener('click', () => this.#go(at));
    item.append(button);
    return item;
  }

  #buttons(): HTMLElement[] {
    return [...this.#list.querySelectorAll<HTMLElement>('.outline-button')];
  }

  #onKey(event: KeyboardEvent): void {
    const buttons = this.#buttons();
    const at = buttons.indexOf(document.activeElement as HTMLElement);
    const targets: Record<string, number> = { ArrowDown: at + 1, ArrowUp: at - 1, Home: 0, End: buttons.length - 1 };
    const next = buttons[targets[event.key] ?? -1];
    if (!next) return;
    event.preventDefault();
    for (const button of buttons) button.tabIndex = button === next ? 0 : -1;
    next.focus();
  }
}
