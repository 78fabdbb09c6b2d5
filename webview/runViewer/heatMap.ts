import { element } from '../shared/dom';
import { plural } from '../shared/numbers';
import { cellView } from './cell';
import type { Run } from './model';

export interface Place {
  problem: number;
  condition: number;
}

const rowHeight = 28;
/** Rows drawn beyond the visible ones, so that a scroll shows no gap. */
const spare = 6;
const cellWidth = { least: 42, most: 110, sidewaysBelow: 84 };
const leastLabel = 180;

interface Row {
  root: HTMLElement;
  name: HTMLElement;
  cells: HTMLElement[];
}

/**
 * Problems × conditions. Only rows in sight are in the document, and the one that has the cursor: it keeps the focus when
 * it is scrolled away. Rows that leave are used again for those that come.
 */
export class HeatMap {
  readonly root = element('div', 'map');
  readonly #head = element('div', 'map-row map-head');
  readonly #body = element('div', 'map-body');
  readonly #rows = new Map<number, Row>();
  readonly #free: Row[] = [];
  #run: Run | undefined;
  #problems: number[] = [];
  #positions = new Map<number, number>();
  #base = 0;
  #selected: number | null = null;
  #active: Place = { problem: 0, condition: 0 };

  constructor(
    readonly onOpen: (place: Place, isBoth: boolean) => void,
    readonly onMove: (place: Place) => void,
    readonly onScroll: () => void,
  ) {
    this.root.setAttribute('role', 'grid');
    this.root.setAttribute('aria-label', 'Problems × conditions');
    this.#head.setAttribute('role', 'row');
    this.#body.setAttribute('role', 'rowgroup');
    this.root.append(this.#head, this.#body);
    this.root.addEventListener('scroll', () => {
      this.#draw();
      this.onScroll();
    });
    this.root.addEventListener('keydown', (event) => this.#onKey(event));
    this.root.addEventListener('click', (event) => this.#onClick(event));
    this.root.addEventListener('focusin', ({ target }) => {
      const place = this.#placeOf(target);
      if (place) this.#activate(place);
    });
    new ResizeObserver(() => this.#layOut()).observe(this.root);
  }

  get active(): Place {
    return this.#active;
  }

  /** Another run: its columns. */
  setRun(run: Run): void {
    this.#run = run;
    for (const row of [...this.#rows.values()]) row.root.remove();
    this.#rows.clear();
    this.#free.length = 0;
    const corner = element('div', 'map-name', 'Problem');
    const heads = run.conditions.map(({ name }) => {
      const head = element('div', 'map-condition');
      head.title = name;
      head.append(element('span', '', name));
      return head;
    });
    for (const [at, head] of [corner, ...heads].entries()) {
      head.setAttribute('role', 'columnheader');
      head.setAttribute('aria-colindex', String(at + 1));
    }
    this.#head.replaceChildren(corner, ...heads);
    this.#head.setAttribute('aria-rowindex', '1');
    this.root.setAttribute('aria-colcount', String(run.conditions.length + 1));
    this.#layOut();
  }

  /**
   * Shows these problems. A reader who asked for others starts at the top; otherwise the first row in sight stays where it
   * is, and the row with the focus stays though it may no longer match.
   */
  setProblems(problems: number[], isAsked: boolean): void {
    const { problem } = this.#active;
    const isKept = !isAsked && this.#hasFocus() && this.#positions.has(problem) && !problems.includes(problem);
    const shown = isKept ? [...problems, problem].sort((a, b) => a - b) : problems;
    const topAt = Math.floor(this.root.scrollTop / rowHeight);
    const top = this.#problems[topAt];
    this.#problems = shown;
    this.#positions = new Map(shown.map((each, at) => [each, at]));
    this.root.setAttribute('aria-rowcount', String(shown.length + 1));
    this.#body.style.height = `${shown.length * rowHeight}px`;
    this.#fitHeight();
    if (!this.#positions.has(problem)) this.#active = { ...this.#active, problem: shown[0] ?? 0 };
    if (isAsked) this.root.scrollTop = 0;
    else if (top !== undefined) {
      const moved = (this.#positionNear(top) - topAt) * rowHeight;
      if (moved !== 0) this.root.scrollTop += moved;
    }
    for (const [each, row] of this.#rows) if (!this.#positions.has(each)) this.#release(each, row);
    this.#draw();
  }

  /** Draws anew what changed: samples of these problems came, or all cells have another base or selection. */
  refresh(problems: Iterable<number> | 'all'): void {
    for (const problem of problems === 'all' ? this.#rows.keys() : problems) {
      const row = this.#rows.get(problem);
      if (row) this.#fill(row, problem);
    }
  }

  setComparison(base: number, selected: number | null): void {
    if (base === this.#base && selected === this.#selected) return;
    const isOther = selected !== this.#selected && selected !== null;
    this.#base = base;
    this.#selected = selected;
    for (const [at, head] of [...this.#head.children].entries()) {
      head.classList.toggle('selected', at - 1 === selected);
      head.classList.toggle('base', at - 1 === base);
    }
    this.refresh('all');
    if (isOther) this.#showColumn(selected);
  }

  restore(place: Place, scrollTop: number, scrollLeft: number): void {
    const { problems = [], conditions = [] } = this.#run ?? {};
    if (problems[place.problem] && conditions[place.condition]) this.#active = place;
    this.root.scrollTop = scrollTop;
    this.root.scrollLeft = scrollLeft;
    this.#draw();
  }

  /** Moves the cursor to a cell that is shown. */
  focus(place: Place): void {
    this.#showRow(this.#positions.get(place.problem) ?? 0);
    this.#showColumn(place.condition);
    this.#activate(place);
    this.#draw();
    this.focusActive();
  }

  focusActive(): void {
    this.#rows.get(this.#active.problem)?.cells[this.#active.condition]?.focus();
  }

  #hasFocus(): boolean {
    return this.root.contains(document.activeElement);
  }

  /** Where a problem is, or the first one after it. */
  #positionNear(problem: number): number {
    const at = this.#positions.get(problem) ?? this.#problems.findIndex((each) => each > problem);
    return at === -1 ? this.#problems.length : at;
  }

  /** Columns share the width that the names of the problems leave; in narrow ones the heads stand sideways. */
  #layOut(): void {
    const { length } = this.#run?.conditions ?? [];
    const width = this.root.clientWidth;
    if (length === 0 || width === 0) return;
    const fair = Math.floor((width - Math.max(leastLabel, width * 0.34)) / length);
    const cell = Math.max(cellWidth.least, Math.min(cellWidth.most, fair));
    const name = Math.max(leastLabel, width - length * cell);
    this.root.style.setProperty('--cell', `${cell}px`);
    this.root.style.setProperty('--name', `${name}px`);
    this.root.style.setProperty('--row', `${rowHeight}px`);
    this.root.classList.toggle('sideways', cell < cellWidth.sidewaysBelow);
    this.#fitHeight();
    this.#draw();
  }

  /** As high as its rows, up to what the style sheet allows. */
  #fitHeight(): void {
    const bar = this.root.offsetHeight - this.root.clientHeight;
    const wanted = this.#head.offsetHeight + this.#problems.length * rowHeight + bar;
    this.root.style.height = `${wanted}px`;
  }

  #draw(): void {
    if (!this.#run) return;
    const { scrollTop, clientHeight } = this.root;
    const first = Math.max(0, Math.floor(scrollTop / rowHeight) - spare);
    const last = Math.min(this.#problems.length, Math.ceil((scrollTop + clientHeight) / rowHeight) + spare);
    const wanted = new Set(this.#problems.slice(first, last));
    if (this.#positions.has(this.#active.problem)) wanted.add(this.#active.problem);
    for (const [problem, row] of this.#rows) if (!wanted.has(problem)) this.#release(problem, row);
    for (const problem of wanted) {
      const row = this.#rows.get(problem) ?? this.#take(problem);
      const at = this.#positions.get(problem) ?? 0;
      const top = `${at * rowHeight}px`;
      if (row.root.style.top !== top) {
        row.root.style.top = top;
        row.root.setAttribute('aria-rowindex', String(at + 2));
      }
    }
  }

  #release(problem: number, row: Row): void {
    this.#rows.delete(problem);
    row.root.remove();
    this.#free.push(row);
  }

  #take(problem: number): Row {
    const row = this.#free.pop() ?? this.#createRow();
    this.#rows.set(problem, row);
    row.root.dataset.problem = String(problem);
    this.#fill(row, problem);
    this.#body.append(row.root);
    return row;
  }

  #createRow(): Row {
    const root = element('div', 'map-row');
    root.setAttribute('role', 'row');
    const name = element('div', 'map-name');
    name.setAttribute('role', 'rowheader');
    name.setAttribute('aria-colindex', '1');
    const cells = (this.#run?.conditions ?? []).map((_, condition) => {
      const cell = element('div');
      cell.setAttribute('role', 'gridcell');
      cell.setAttribute('aria-colindex', String(condition + 2));
      cell.dataset.condition = String(condition);
      return cell;
    });
    root.append(name, ...cells);
    return { root, name, cells };
  }

  #fill({ name, cells }: Row, problem: number): void {
    const run = this.#run;
    const { key = '', question = '' } = run?.problems[problem] ?? {};
    if (!run) return;
    const text = `${key} · ${question}`;
    if (name.textContent !== text) {
      const label = element('b', '', key);
      name.replaceChildren(label, ` · ${question}`);
      name.title = question;
    }
    for (const [condition, cell] of cells.entries()) {
      const { sign, className, share, label } = cellView(run, problem, condition, this.#base);
      const isActive = problem === this.#active.problem && condition === this.#active.condition;
      const names = `map-cell ${className}${condition === this.#selected ? ' selected' : ''}`;
      if (cell.className !== names) cell.className = names;
      if (cell.textContent !== sign) cell.textContent = sign;
      if (cell.title !== label) {
        cell.title = label;
        cell.setAttribute('aria-label', label);
      }
      const part = share === null ? '' : `${Math.round(100 * share)}%`;
      if (cell.style.getPropertyValue('--share') !== part) cell.style.setProperty('--share', part);
      cell.tabIndex = isActive ? 0 : -1;
    }
  }

  #placeOf(target: EventTarget | null): Place | undefined {
    const cell = target instanceof Element ? target.closest<HTMLElement>('.map-cell') : null;
    const row = cell?.closest<HTMLElement>('.map-row');
    if (!cell || !row) return undefined;
    return { problem: Number(row.dataset.problem), condition: Number(cell.dataset.condition) };
  }

  #activate(place: Place): void {
    const before = this.#active;
    this.#active = place;
    const old = this.#rows.get(before.problem)?.cells[before.condition];
    if (old) old.tabIndex = -1;
    const now = this.#rows.get(place.problem)?.cells[place.condition];
    if (now) now.tabIndex = 0;
    this.onMove(place);
  }

  #onClick(event: MouseEvent): void {
    const place = this.#placeOf(event.target);
    if (!place) return;
    this.#activate(place);
    this.focusActive();
    this.onOpen(place, event.shiftKey);
  }

  #onKey(event: KeyboardEvent): void {
    if (event.altKey || !this.#placeOf(event.target)) return;
    if (event.key === 'Enter') this.onOpen(this.#active, event.shiftKey);
    else if (!this.#moveTo(event)) return;
    event.preventDefault();
  }

  #moveTo({ key, ctrlKey, metaKey }: KeyboardEvent): boolean {
    const isFar = ctrlKey || metaKey;
    const lastColumn = (this.#run?.conditions.length ?? 1) - 1;
    const lastRow = this.#problems.length - 1;
    const page = Math.max(1, Math.floor((this.root.clientHeight - this.#head.offsetHeight) / rowHeight) - 1);
    const row = this.#positions.get(this.#active.problem) ?? 0;
    const { condition } = this.#active;
    const targets: Record<string, [row: number, column: number]> = {
      ArrowUp: [isFar ? 0 : row - 1, condition],
      ArrowDown: [isFar ? lastRow : row + 1, condition],
      ArrowLeft: [row, isFar ? 0 : condition - 1],
      ArrowRight: [row, isFar ? lastColumn : condition + 1],
      PageUp: [row - page, condition],
      PageDown: [row + page, condition],
      Home: [isFar ? 0 : row, 0],
      End: [isFar ? lastRow : row, lastColumn],
    };
    const target = targets[key];
    if (!target) return false;
    const to = Math.max(0, Math.min(lastRow, target[0]));
    const column = Math.max(0, Math.min(lastColumn, target[1]));
    const problem = this.#problems[to];
    if (problem === undefined) return true;
    this.focus({ problem, condition: column });
    return true;
  }

  #showRow(row: number): void {
    const room = this.root.clientHeight - this.#head.offsetHeight;
    const top = row * rowHeight;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    else if (top + rowHeight > this.root.scrollTop + room) this.root.scrollTop = top + rowHeight - room;
  }

  #showColumn(column: number): void {
    const style = getComputedStyle(this.root);
    const cell = Number.parseFloat(style.getPropertyValue('--cell'));
    const name = Number.parseFloat(style.getPropertyValue('--name'));
    const left = column * cell;
    const room = this.root.clientWidth - name;
    if (left < this.root.scrollLeft) this.root.scrollLeft = left;
    else if (left + cell > this.root.scrollLeft + room) this.root.scrollLeft = left + cell - room;
  }
}

/** "37 of 1,000 problems". */
export const countShown = (shown: number, all: number) =>
  shown === all ? plural(all, 'problem') : `${shown} of ${plural(all, 'problem')}`;
