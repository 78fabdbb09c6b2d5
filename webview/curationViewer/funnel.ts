import type { WireCurationSummary, WireStage } from '../../src/protocol/curationViewer';
import { element } from '../shared/dom';
import { count } from '../shared/numbers';
import { headCell, scrollBox, table } from '../shared/table';

/** What a what-if gives, to stand beside what is. */
export interface Other {
  stages: WireStage[];
  same: number;
}

/** Rows left after each stage, what each rule dropped, and the same by source. A stage or a rule lists its rows. */
export class Funnel {
  readonly root = element('div', 'funnel');
  readonly #rows = scrollBox('Funnel');
  readonly #bySource = element('details', 'as-table');
  #buttons: HTMLButtonElement[] = [];

  constructor(readonly select: (stage: string, rule: string | null) => void) {
    this.#bySource.append(element('summary', '', 'By source'), element('div'));
    this.root.append(this.#rows, this.#bySource);
  }

  show({ stages, sources }: WireCurationSummary, other: Other | undefined, selected: string | null): void {
    const focused = this.#buttons.indexOf(document.activeElement as HTMLButtonElement);
    this.#buttons = [];
    const made = element('table', 'stages');
    made.setAttribute('aria-label', 'Stages');
    const heads = element('tr');
    const names = ['Stage', 'Rows left', ...(other ? ['What if'] : []), 'Dropped here'];
    heads.append(...names.map((name) => headCell(name, 'col')));
    const head = element('thead');
    head.append(heads);
    const body = element('tbody');
    const most = stages[0]?.left ?? 0;
    body.append(...stages.map((stage) => this.#row(stage, most, other, selected)));
    made.append(head, body);
    this.#rows.replaceChildren(made);
    this.#showSources(
      stages,
      sources.map(({ name }) => name),
    );
    if (focused >= 0) this.#buttons[focused]?.focus();
  }

  #row(stage: WireStage, most: number, other: Other | undefined, selected: string | null): HTMLElement {
    const row = element('tr', stage.stage === selected ? 'selected' : '');
    const name = headCell('', 'row');
    const button = this.#button(stage.stage, 'stage-name', () => this.select(stage.stage, null));
    button.setAttribute('aria-pressed', String(stage.stage === selected));
    name.append(button);
    const left = element('td', 'left');
    const bar = element('div', 'bar');
    const fill = element('div', 'bar-fill');
    fill.style.width = `${most > 0 ? (100 * stage.left) / most : 0}%`;
    bar.append(fill);
    left.append(element('span', 'left-count', count(stage.left)), bar);
    const dropped = element('td', 'dropped');
    const rules = Object.entries(stage.dropped).sort(([, a], [, b]) => b - a);
    dropped.append(
      ...rules.map(([rule, rows]) =>
        this.#button(`${count(rows)} ${rule}`, 'rule', () => this.select(stage.stage, rule)),
      ),
    );
    row.append(name, left, ...(other ? [whatIfCell(stage, other)] : []), dropped);
    return row;
  }

  #button(text: string, className: string, act: () => void): HTMLButtonElement {
    const button = element('button', className, text);
    button.addEventListener('click', act);
    this.#buttons.push(button);
    return button;
  }

  #showSources(stages: WireStage[], sources: string[]): void {
    this.#bySource.hidden = sources.length < 2;
    const rows = stages.map(({ stage, bySource }) => [stage, ...sources.map((name) => count(bySource[name] ?? 0))]);
    this.#bySource.lastElementChild?.replaceWith(table('Rows left, by source', ['Stage', ...sources], rows));
  }
}

function whatIfCell({ stage, left }: WireStage, { stages }: Other): HTMLElement {
  const rows = stages.find((each) => each.stage === stage)?.left ?? 0;
  const difference = rows - left;
  const sign = difference > 0 ? '+' : '−';
  const text = difference === 0 ? count(rows) : `${count(rows)} (${sign}${count(Math.abs(difference))})`;
  return element('td', difference === 0 ? 'what-if' : 'what-if differs', text);
}
