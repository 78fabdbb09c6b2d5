import type { FromRunViewer } from '../../src/protocol/runViewer';
import { element, write } from '../shared/dom';
import { createMenu } from '../shared/menu';
import { count, percent } from '../shared/numbers';
import { headCell, scrollBox } from '../shared/table';
import { toCsv, toLatex } from './exports';
import type { Run, Tally } from './model';
import { outcomeNames, outcomeSigns, outcomes } from './words';

export interface Sorting {
  column: number;
  isDown: boolean;
}

/** What a column shows and sorts by; null: nothing yet, always last. */
interface Column {
  name: string;
  /** Stands for the name where the page is narrow. */
  sign?: string;
  value: (run: Run, condition: number) => number | null;
  text: (run: Run, condition: number) => string;
}

const tally = (run: Run, condition: number): Tally | undefined => run.tallies[condition];

function mean(name: string, sum: 'thinkingTokens' | 'generatedTokens'): Column {
  const value = (run: Run, condition: number) => {
    const { traces = 0, [sum]: total = 0 } = tally(run, condition) ?? {};
    return traces === 0 ? null : total / traces;
  };
  return { name, value, text: (run, condition) => orDash(value(run, condition), count) };
}

const orDash = (value: number | null, show: (value: number) => string) => (value === null ? '–' : show(value));

const pointOf = (run: Run, condition: number) => run.part?.points.find((point) => point.condition === condition);

const columns: Column[] = [
  {
    name: 'Samples',
    value: (run, condition) => tally(run, condition)?.made ?? 0,
    text: (run, condition) => {
      const planned = (run.conditions[condition]?.samples ?? 0) * run.shownProblems;
      const made = tally(run, condition)?.made ?? 0;
      return made < planned ? `${count(made)} of ${count(planned)}` : count(made);
    },
  },
  {
    name: 'Accuracy %\u00a0[95\u00a0%]',
    value: (run, condition) => pointOf(run, condition)?.accuracy ?? null,
    text: (run, condition) => {
      const point = pointOf(run, condition);
      return point ? `${percent(point.accuracy)} [${percent(point.low)}, ${percent(point.high)}]` : '–';
    },
  },
  ...outcomes.map(
    (outcome): Column => ({
      name: outcomeNames[outcome],
      sign: outcomeSigns[outcome],
      value: (run, condition) => tally(run, condition)?.counts[outcome] ?? 0,
      text: (run, condition) => count(tally(run, condition)?.counts[outcome] ?? 0),
    }),
  ),
  mean('Mean thinking', 'thinkingTokens'),
  mean('Mean generated', 'generatedTokens'),
];

interface Row {
  root: HTMLTableRowElement;
  name: HTMLButtonElement;
  cells: HTMLElement[];
}

/** A row per condition. Rows change their order only when the reader or a new report says so, never with a sample. */
export class Conditions {
  readonly root = element('div', 'conditions');
  readonly #body = element('tbody');
  readonly #heads: HTMLTableCellElement[] = [];
  #rows: Row[] = [];
  #run: Run | undefined;

  constructor(
    selection: HTMLElement,
    public sorting: Sorting | null,
    readonly select: (condition: number | null) => void,
    readonly post: (message: FromRunViewer) => void,
    readonly onChange: () => void,
  ) {
    const tools = element('div', 'tools');
    tools.append(
      selection,
      createMenu('Copy Table', [
        ['CSV', () => this.post({ type: 'run/copy', text: this.#csv() })],
        ['LaTeX Table', () => this.post({ type: 'run/copy', text: this.#latex() })],
      ]),
    );
    const made = element('table');
    made.setAttribute('aria-label', 'Conditions');
    const heads = element('tr');
    heads.append(headCell('Condition', 'col'), ...columns.map((column, at) => this.#head(column, at)));
    const thead = element('thead');
    thead.append(heads);
    made.append(thead, this.#body);
    const box = scrollBox('Conditions');
    box.append(made);
    this.root.append(tools, box);
  }

  /** All anew: another run, or a new report. */
  show(run: Run): void {
    if (run !== this.#run) this.#rows = run.conditions.map(({ name }, at) => this.#row(name, at));
    this.#run = run;
    this.update();
    this.#order();
  }

  /** The texts that changed. */
  update(): void {
    const run = this.#run;
    if (!run) return;
    for (const [condition, { cells }] of this.#rows.entries())
      for (const [at, cell] of cells.entries()) {
        const text = columns[at]?.text(run, condition) ?? '';
        write(cell, text);
        cell.classList.toggle('zero', text === '0');
      }
  }

  showSelected(condition: number | null): void {
    for (const [at, { root, name }] of this.#rows.entries()) {
      root.classList.toggle('selected', at === condition);
      name.setAttribute('aria-pressed', String(at === condition));
    }
  }

  #head({ name, sign }: Column, at: number): HTMLTableCellElement {
    const head = headCell('', 'col');
    const button = element('button', 'sort');
    if (sign) button.append(element('span', 'sort-sign', sign), ' ');
    button.append(element('span', sign ? 'sort-name' : '', name));
    button.title = name;
    button.addEventListener('click', () => this.#sortBy(at));
    head.append(button);
    this.#heads.push(head);
    return head;
  }

  #row(text: string, condition: number): Row {
    const root = element('tr');
    const name = element('button', 'condition-name', text);
    const cells = columns.map(() => element('td'));
    const head = headCell('', 'row');
    head.append(name);
    root.append(head, ...cells);
    root.addEventListener('click', () => this.select(name.getAttribute('aria-pressed') === 'true' ? null : condition));
    return { root, name, cells };
  }

  /** First the largest, then the smallest, then the order of the study. */
  #sortBy(column: number): void {
    const { sorting } = this;
    if (sorting?.column !== column) this.sorting = { column, isDown: true };
    else this.sorting = sorting.isDown ? { column, isDown: false } : null;
    this.#order();
    this.onChange();
  }

  #order(): void {
    const { sorting } = this;
    const run = this.#run;
    if (!run) return;
    for (const [at, head] of this.#heads.entries()) {
      const isSorted = at === sorting?.column;
      head.setAttribute('aria-sort', isSorted ? (sorting?.isDown ? 'descending' : 'ascending') : 'none');
    }
    const focused = document.activeElement;
    this.#body.replaceChildren(...this.#sorted(run).map((at) => this.#rows[at]?.root ?? ''));
    if (focused instanceof HTMLElement && this.#body.contains(focused)) focused.focus();
  }

  #sorted(run: Run): number[] {
    const order = run.conditions.map((_, at) => at);
    const { sorting } = this;
    const column = sorting ? columns[sorting.column] : undefined;
    if (!sorting || !column) return order;
    const sign = sorting.isDown ? -1 : 1;
    const last = sign * Number.POSITIVE_INFINITY;
    return order.sort((a, b) => {
      const [x, y] = [column.value(run, a) ?? last, column.value(run, b) ?? last];
      return x === y ? a - b : sign * (x < y ? -1 : 1);
    });
  }

  #latex(): string {
    const run = this.#run;
    if (!run) return '';
    const head = ['Condition', ...columns.map(({ name }) => name)];
    const rows = this.#sorted(run).map((at) => [
      run.conditions[at]?.name ?? '',
      ...columns.map(({ text }) => text(run, at)),
    ]);
    return toLatex(head, rows);
  }

  /** Plain numbers, the interval in columns of its own. */
  #csv(): string {
    const run = this.#run;
    if (!run) return '';
    const head = ['condition', 'samples', 'accuracy', 'low', 'high', ...outcomes, 'thinkingTokens', 'generatedTokens'];
    const rows = this.#sorted(run).map((at) => {
      const point = pointOf(run, at);
      const [made, , ...others] = columns.map(({ value }) => value(run, at) ?? '');
      const shares = [point?.accuracy ?? '', point?.low ?? '', point?.high ?? ''];
      return [run.conditions[at]?.name ?? '', made ?? '', ...shares, ...others];
    });
    return toCsv([head, ...rows]);
  }
}
