import * as Plot from '@observablehq/plot';
import type { WireSchedule, WireStep } from '../../src/protocol/jobPage';
import { element, write } from '../shared/dom';

/** The three of the paper's Figure 9, by the names that trainers give them. */
const known: Record<string, string> = {
  loss: 'Loss',
  grad_norm: 'Gradient norm',
  learning_rate: 'Learning rate',
};
/** More points than the screen has pixels help nobody. */
const drawnPoints = 1_500;
const tableRows = 20;
const chartHeight = 190;

/** The curves of a job, each with its last value; what is not of Figure 9 comes after. */
export class Charts {
  readonly root = element('div', 'charts');
  readonly asTable = element('details', 'as-table');
  readonly note = element('p', 'empty');
  readonly #charts = new Map<string, Chart>();
  #steps: WireStep[] = [];
  #schedule: WireSchedule | null = null;
  #of = 0;
  #width = 0;

  constructor() {
    const summary = element('summary', '', 'The last steps as a table');
    this.asTable.append(summary);
    this.asTable.addEventListener('toggle', () => this.#showTable());
    new ResizeObserver(() => {
      if (this.root.clientWidth !== this.#width) this.#draw();
    }).observe(this.root);
  }

  /** @param of all steps of the job, 0 if not known: all curves then have the same axis from the beginning */
  show(steps: WireStep[], of: number, schedule: WireSchedule | null, note: string): void {
    this.#of = of;
    this.#steps = steps;
    this.#schedule = schedule;
    write(this.note, note);
    this.note.hidden = steps.length > 0;
    this.root.hidden = steps.length === 0;
    this.asTable.hidden = steps.length === 0;
    this.#draw();
    this.#showTable();
  }

  #draw(): void {
    this.#width = this.root.clientWidth;
    if (this.#width === 0) return;
    for (const name of namesOf(this.#steps)) {
      let chart = this.#charts.get(name);
      if (!chart) {
        chart = new Chart(name);
        this.#charts.set(name, chart);
        this.root.append(chart.root);
      }
      chart.draw(this.#steps, this.#of, name === 'learning_rate' ? this.#schedule : null);
    }
  }

  #showTable(): void {
    if (!this.asTable.open) return;
    const names = namesOf(this.#steps);
    const table = element('table');
    const head = table.createTHead().insertRow();
    for (const name of ['Step', ...names.map(title)]) {
      const cell = element('th', '', name);
      cell.scope = 'col';
      head.append(cell);
    }
    const body = table.createTBody();
    for (const { step, values } of this.#steps.slice(-tableRows).reverse()) {
      const row = body.insertRow();
      row.insertCell().textContent = String(step);
      for (const name of names) row.insertCell().textContent = values[name] === undefined ? '' : number(values[name]);
    }
    this.asTable.querySelector('table')?.remove();
    this.asTable.append(table);
  }
}

const title = (name: string) => known[name] ?? (name.slice(0, 1).toUpperCase() + name.slice(1)).replaceAll('_', ' ');

/** Names in the order of Figure 9, then as they came. */
function namesOf(steps: WireStep[]): string[] {
  const names = new Set(steps.flatMap(({ values }) => Object.keys(values)));
  const first = Object.keys(known).filter((name) => names.has(name));
  return [...first, ...[...names].filter((name) => !(name in known))];
}

class Chart {
  readonly root = element('figure', 'chart');
  readonly #last = element('span', 'last-value');
  readonly #picture = element('div', 'picture');
  readonly #legend = element('p', 'legend');
  readonly #name: string;

  constructor(name: string) {
    this.#name = name;
    const caption = element('figcaption', '');
    caption.append(element('span', 'chart-name', title(name)), this.#last);
    this.root.append(caption, this.#picture, this.#legend);
    this.#legend.hidden = true;
  }

  draw(steps: WireStep[], of: number, schedule: WireSchedule | null): void {
    const points = steps.flatMap(({ step, values }) => {
      const value = values[this.#name];
      return value === undefined ? [] : [{ step, value }];
    });
    const [first, last] = [points[0], points.at(-1)];
    if (!first || !last) return;
    write(this.#last, number(last.value));
    this.#legend.hidden = schedule === null;
    if (schedule) {
      const { steps: of, warmupSteps } = schedule;
      write(
        this.#legend,
        `Dashed: the schedule of the s1 paper (Figure 9) over ${of.toLocaleString('en')} steps, ${warmupSteps.toLocaleString('en')} of them warm-up to 1e-5.`,
      );
    }
    const width = Math.max(220, this.#picture.clientWidth || this.root.clientWidth);
    const svg = plot(
      thinned(points),
      schedule?.points ?? [],
      [0, Math.max(of, last.step)],
      width,
      this.#name,
    ) as SVGSVGElement;
    svg.setAttribute('role', 'img');
    svg.setAttribute(
      'aria-label',
      `${title(this.#name)} from step ${first.step} to ${last.step}: first ${number(first.value)}, last ${number(last.value)}`,
    );
    for (const part of svg.querySelectorAll('g')) {
      part.removeAttribute('aria-label');
      part.setAttribute('aria-hidden', 'true');
    }
    this.#picture.replaceChildren(svg);
  }
}

interface Point {
  step: number;
  value: number;
}

/** Every n-th point, and the last. */
function thinned(points: Point[]): Point[] {
  const every = Math.ceil(points.length / drawnPoints);
  return every <= 1 ? points : points.filter((_, at) => at % every === 0 || at === points.length - 1);
}

function plot(
  points: Point[],
  schedule: { step: number; rate: number }[],
  domain: [number, number],
  width: number,
  name: string,
) {
  const isRate = name === 'learning_rate';
  return Plot.plot({
    width,
    height: chartHeight,
    marginLeft: 52,
    marginRight: 12,
    marginTop: 12,
    marginBottom: 34,
    style: { background: 'transparent', color: 'var(--vscode-foreground)', fontFamily: 'inherit', fontSize: '11px' },
    x: {
      label: 'Step →',
      domain,
      ticks: Math.max(2, Math.floor(width / 80)),
      tickFormat: (step: number) => step.toLocaleString('en'),
    },
    y: { label: null, nice: true, ticks: 4, tickFormat: number, ...(isRate ? { zero: true } : {}) },
    marks: [
      Plot.gridY({ ticks: 4, stroke: 'var(--grid)', strokeOpacity: 1 }),
      Plot.line(points, { x: 'step', y: 'value', stroke: 'var(--blue)', strokeWidth: schedule.length > 0 ? 3 : 1.75 }),
      ...(schedule.length > 0
        ? [
            Plot.line(schedule, {
              x: 'step',
              y: 'rate',
              stroke: 'var(--orange)',
              strokeDasharray: '5 4',
              strokeWidth: 1.5,
            }),
          ]
        : []),
      Plot.dot(points.slice(-1), { x: 'step', y: 'value', r: 3, fill: 'var(--blue)' }),
    ],
    className: 'plot',
  });
}

/** Three digits that say something: 0.117, 1.00e-5, 12,300. */
export function number(value: number): string {
  const size = Math.abs(value);
  if (size !== 0 && (size < 1e-3 || size >= 1e9)) return value.toExponential(2).replace(/\.?0+e/, 'e');
  return new Intl.NumberFormat('en', { maximumSignificantDigits: size >= 1000 ? 6 : 3 }).format(value);
}
