import type { WireListedRow } from '../../src/protocol/curationViewer';
import { element } from '../shared/dom';
import { count } from '../shared/numbers';

const rowHeight = 46;
const pageRows = 100;
/** What a browser can scroll through, in rows: filters reach the others. */
const mostRows = 500_000;

const signs: Record<WireListedRow['fate'], string> = { kept: '✓', dropped: '✗', undecided: '…' };
const fates: Record<WireListedRow['fate'], string> = { kept: 'kept', dropped: 'dropped', undecided: 'not decided yet' };

/** The rows of a filter, of which only those in sight exist: pages are asked for when they are scrolled to. */
export class RowList {
  readonly root = element('div', 'rows');
  readonly #spacer = element('div', 'rows-body');
  readonly #pages = new Map<number, WireListedRow[]>();
  readonly #wanted = new Map<number, number>();
  #total = 0;
  #active = 0;
  #round = 0;
  #frame = 0;

  /**
   * @param ask a page of rows, from a place; undefined where it cannot be had
   * @param choose the reader went to a row
   */
  constructor(
    readonly ask: (offset: number, limit: number) => Promise<{ total: number; rows: WireListedRow[] } | undefined>,
    readonly choose: (row: WireListedRow) => void,
  ) {
    this.root.tabIndex = 0;
    this.root.setAttribute('role', 'listbox');
    this.root.setAttribute('aria-label', 'Rows');
    this.#spacer.setAttribute('role', 'presentation');
    this.root.append(this.#spacer);
    this.root.addEventListener('scroll', () => {
      this.#frame ||= requestAnimationFrame(() => this.#draw());
    });
    this.root.addEventListener('keydown', (event) => this.#move(event));
    new ResizeObserver(() => this.#draw()).observe(this.root);
  }

  get total(): number {
    return this.#total;
  }

  get scrollTop(): number {
    return this.root.scrollTop;
  }

  /** Another filter: from the top. */
  async restart(scrollTop = 0): Promise<void> {
    this.#pages.clear();
    this.#active = Math.floor(scrollTop / rowHeight);
    await this.refresh();
    this.root.scrollTop = scrollTop;
    this.#draw();
  }

  /** The same filter on newer rows: what is in sight is asked for again, and stays until the answer is there. */
  async refresh(): Promise<void> {
    this.#round++;
    this.#wanted.clear();
    const seen = this.#seenPages();
    for (const page of this.#pages.keys()) if (!seen.includes(page)) this.#pages.delete(page);
    await Promise.all(seen.map((page) => this.#fetch(page)));
  }

  async #fetch(page: number): Promise<void> {
    const round = this.#round;
    if (this.#wanted.get(page) === round) return;
    this.#wanted.set(page, round);
    const answer = await this.ask(page * pageRows, pageRows);
    if (!answer || round !== this.#round) return;
    this.#pages.set(page, answer.rows);
    this.#total = answer.total;
    this.#draw();
  }

  #seenPages(): number[] {
    const first = Math.floor(this.root.scrollTop / rowHeight / pageRows);
    const last = Math.floor((this.root.scrollTop + this.root.clientHeight) / rowHeight / pageRows);
    return Array.from({ length: last - first + 1 }, (_, at) => first + at);
  }

  #draw(): void {
    this.#frame = 0;
    const shown = Math.min(this.#total, mostRows);
    this.root.hidden = shown === 0;
    this.#spacer.style.height = `${shown * rowHeight}px`;
    this.#active = Math.max(0, Math.min(this.#active, shown - 1));
    const first = Math.max(0, Math.floor(this.root.scrollTop / rowHeight) - 5);
    const last = Math.min(shown, Math.ceil((this.root.scrollTop + this.root.clientHeight) / rowHeight) + 5);
    const made: HTMLElement[] = [];
    for (let at = first; at < last; at++) made.push(this.#option(at));
    this.#spacer.replaceChildren(...made);
    this.root.setAttribute('aria-activedescendant', `row-${this.#active}`);
  }

  #option(at: number): HTMLElement {
    const page = Math.floor(at / pageRows);
    const row = this.#pages.get(page)?.[at % pageRows];
    const option = element('div', `row ${row?.fate ?? 'loading'}`);
    option.id = `row-${at}`;
    option.style.top = `${at * rowHeight}px`;
    option.setAttribute('role', 'option');
    option.setAttribute('aria-posinset', String(at + 1));
    option.setAttribute('aria-setsize', String(this.#total));
    option.setAttribute('aria-selected', String(at === this.#active));
    if (!row) {
      void this.#fetch(page);
      option.textContent = '…';
      return option;
    }
    const hand = row.byHand ? ` · by hand: ${row.byHand.decision}` : '';
    const facts = [row.source, row.domain ?? '', row.length === null ? '' : `${count(row.length)} tokens`];
    const sign = element('span', 'sign', signs[row.fate]);
    sign.setAttribute('role', 'img');
    sign.setAttribute('aria-label', fates[row.fate]);
    option.append(
      sign,
      element('bdi', 'row-question', row.question),
      element('span', 'row-reason', row.sentence),
      element('span', 'row-facts', facts.filter((fact) => fact !== '').join(' · ') + hand),
    );
    option.addEventListener('click', () => this.#go(at));
    return option;
  }

  #move(event: KeyboardEvent): void {
    const page = Math.max(1, Math.floor(this.root.clientHeight / rowHeight) - 1);
    const last = Math.min(this.#total, mostRows) - 1;
    const to = {
      ArrowDown: this.#active + 1,
      ArrowUp: this.#active - 1,
      PageDown: this.#active + page,
      PageUp: this.#active - page,
      Home: 0,
      End: last,
      Enter: this.#active,
    }[event.key];
    if (to === undefined) return;
    event.preventDefault();
    this.#go(Math.max(0, Math.min(last, to)));
  }

  #go(at: number): void {
    this.#active = at;
    const top = at * rowHeight;
    if (top < this.root.scrollTop) this.root.scrollTop = top;
    const bottom = top + rowHeight - this.root.clientHeight;
    if (bottom > this.root.scrollTop) this.root.scrollTop = bottom;
    this.#draw();
    const row = this.#pages.get(Math.floor(at / pageRows))?.[at % pageRows];
    if (row) this.choose(row);
  }
}
