import type { FromRunViewer, WireReport } from '../../src/protocol/runViewer';
import { element, write } from '../shared/dom';
import { choice } from '../shared/fields';
import { createMenu } from '../shared/menu';
import { count, percent, seconds } from '../shared/numbers';
import { table } from '../shared/table';
import { toCsv, toLatex, toPng, toSvg } from './exports';
import type { Run } from './model';
import {
  type Axis,
  axisNames,
  drawFigure,
  type FigurePoint,
  fits,
  paperInk,
  pointsOf,
  type Scale,
  themeInk,
} from './plotFigure';
import { roleNames } from './words';

const kindNames = { ...roleNames, votes: 'voting' };
const exportWidth = 640;

export interface FigureChoice {
  axis: Axis;
  scale: Scale;
}

/** Accuracy over what it costs. Each point can be reached by keyboard and selects its condition. */
export class Figure {
  readonly root = element('div', 'figure');
  readonly #picture = element('div', 'picture');
  readonly #legend = element('p', 'legend');
  readonly #readout = element('p', 'readout');
  readonly #note = element('p', 'empty');
  readonly #asTable = element('details', 'as-table');
  #points: FigurePoint[] = [];
  #run: Run | undefined;
  #report: WireReport | null = null;
  #width = 0;
  #selected: number | null = null;

  constructor(
    readonly chosen: FigureChoice,
    readonly select: (condition: number) => void,
    readonly post: (message: FromRunViewer) => void,
    readonly onChange: () => void,
  ) {
    const tools = element('div', 'tools');
    const axes = Object.entries(axisNames).map(([key, name]) => [key, name.replace('Mean ', '')] as const);
    tools.append(
      choice('Horizontal axis', axes, chosen.axis, (axis) => this.#choose({ axis: axis as Axis })),
      choice(
        'Scale',
        [
          ['log2', 'Logarithmic (base 2)'],
          ['linear', 'Linear'],
        ],
        chosen.scale,
        (scale) => this.#choose({ scale: scale as Scale }),
      ),
      createMenu('Copy Figure', [
        ['SVG', () => this.#copy(toSvg(this.#forPaper()))],
        ['CSV', () => this.#copy(toCsv([csvHead, ...this.#rows(String)]))],
        ['LaTeX Table', () => this.#copy(toLatex(tableHead, this.#rows()))],
        ['Save as PNG…', () => this.#savePng()],
      ]),
    );
    this.root.append(tools, this.#picture, this.#legend, this.#readout, this.#note, this.#asTable);
    new ResizeObserver(() => {
      if (this.#picture.clientWidth !== this.#width) this.#draw();
    }).observe(this.#picture);
  }

  show(run: Run): void {
    if (run === this.#run && run.report === this.#report) return;
    this.#run = run;
    this.#report = run.report;
    this.#draw();
  }

  showSelected(condition: number | null): void {
    this.#selected = condition;
    for (const [at, dot] of this.#dots().entries())
      dot.classList.toggle('selected', this.#points[at]?.condition === condition);
  }

  #choose(change: Partial<FigureChoice>): void {
    Object.assign(this.chosen, change);
    this.#draw();
    this.onChange();
  }

  #draw(): void {
    const { axis, scale } = this.chosen;
    this.#width = this.#picture.clientWidth;
    const all = this.#report && this.#run ? pointsOf(this.#report, this.#run.conditions, axis) : [];
    this.#points = all.filter((point) => fits(point, scale)).sort((a, b) => a.x - b.x);
    write(this.#note, this.#noteOf(all));
    for (const part of [this.#picture, this.#legend, this.#readout, this.#asTable]) part.hidden = all.length === 0;
    this.#showTable();
    if (this.#points.length === 0 || this.#width === 0) {
      this.#picture.replaceChildren();
      return;
    }
    const focused = this.#dots().indexOf(document.activeElement as SVGElement);
    const svg = drawFigure(this.#points, axis, scale, this.#width, themeInk);
    svg.setAttribute('role', 'group');
    svg.setAttribute('aria-label', `Accuracy over ${axisNames[axis].toLowerCase()}; a table of it follows`);
    for (const part of svg.querySelectorAll('g:not(.dots)')) {
      part.removeAttribute('aria-label');
      part.setAttribute('aria-hidden', 'true');
    }
    svg.querySelector('.dots')?.removeAttribute('aria-label');
    this.#picture.replaceChildren(svg);
    this.#makeReachable();
    this.#showLegend();
    this.showSelected(this.#selected);
    if (focused >= 0) this.#dots()[Math.min(focused, this.#points.length - 1)]?.focus();
    else write(this.#readout, 'Point at or go to a point to read it; click or press Enter to select its condition.');
  }

  #noteOf(all: FigurePoint[]): string {
    if (all.length === 0) return this.#report ? 'No condition has points yet.' : 'The figure comes with the numbers.';
    const hidden = all.filter((point) => !fits(point, this.chosen.scale)).map(({ name }) => name);
    const notes = hidden.length > 0 ? [`At zero, so not on a logarithmic axis: ${hidden.join(', ')}.`] : [];
    if (this.chosen.axis !== 'generatedTokens' && this.#report?.votes.length)
      notes.push('Voting is compared at equal generated tokens: choose that axis to see it.');
    return notes.join(' ');
  }

  #dots(): SVGElement[] {
    return [...this.#picture.querySelectorAll<SVGElement>('.point')];
  }

  /** One stop of the tab key; arrows go from point to point. */
  #makeReachable(): void {
    const dots = this.#dots();
    const first = Math.max(
      0,
      this.#points.findIndex(({ condition }) => condition === this.#selected),
    );
    for (const [at, dot] of dots.entries()) {
      const point = this.#points[at];
      if (!point) continue;
      dot.setAttribute('role', 'button');
      dot.setAttribute('tabindex', at === first ? '0' : '-1');
      dot.setAttribute('aria-label', this.#sentence(point));
      const tell = () => write(this.#readout, this.#sentence(point));
      dot.addEventListener('focus', tell);
      dot.addEventListener('pointerenter', tell);
      dot.addEventListener('click', () => this.select(point.condition));
      dot.addEventListener('keydown', (event) => this.#onKey(event, at));
    }
  }

  #onKey(event: KeyboardEvent, at: number): void {
    const dots = this.#dots();
    const steps: Record<string, number> = { ArrowRight: 1, ArrowDown: 1, ArrowLeft: -1, ArrowUp: -1 };
    const step = steps[event.key];
    const point = this.#points[at];
    if (step) {
      const next = dots[(at + step + dots.length) % dots.length];
      for (const dot of dots) dot.setAttribute('tabindex', dot === next ? '0' : '-1');
      next?.focus();
    } else if ((event.key === 'Enter' || event.key === ' ') && point) this.select(point.condition);
    else return;
    event.preventDefault();
  }

  #sentence(point: FigurePoint): string {
    const { axis } = this.chosen;
    const unit = axisNames[axis].replace('Mean ', '');
    return (
      `${point.name} (${kindNames[point.kind]}): ${percent(point.y / 100)} % [${percent(point.low / 100)}, ` +
      `${percent(point.high / 100)}] at ${axis === 'durationMs' ? seconds(1000 * point.x) : count(point.x)} ${unit}`
    );
  }

  #showLegend(): void {
    const kinds = [...new Set(this.#points.map(({ kind }) => kind))];
    const parts = kinds.map((kind) => element('span', `key ${kind}`, kindNames[kind]));
    this.#legend.replaceChildren(...parts, element('span', 'key interval', '95 % interval'));
  }

  #showTable(): void {
    const isOpen = this.#asTable.open;
    const summary = element('summary', '', 'Figure as a table');
    this.#asTable.replaceChildren(summary, table('Figure as a table', tableHead, this.#rows()));
    this.#asTable.open = isOpen;
  }

  #rows(tokens: (n: number) => string = count): string[][] {
    const { conditions = [] } = this.#run ?? {};
    const points = (this.#report?.points ?? []).map((point) => {
      const { name = '', role = 'other' } = conditions[point.condition] ?? {};
      const means = [tokens(point.thinkingTokens), tokens(point.generatedTokens), seconds(point.durationMs)];
      return [name, kindNames[role], percent(point.accuracy), percent(point.low), percent(point.high), ...means];
    });
    const votes = (this.#report?.votes ?? []).map((vote) => {
      const name = `${conditions[vote.condition]?.name ?? ''}, majority of ${vote.k}`;
      const shares = [percent(vote.accuracy), percent(vote.low), percent(vote.high)];
      return [name, kindNames.votes, ...shares, '', tokens(vote.generatedTokens), ''];
    });
    return [...points, ...votes];
  }

  #forPaper(): SVGSVGElement {
    return drawFigure(this.#points, this.chosen.axis, this.chosen.scale, exportWidth, paperInk);
  }

  #copy(text: string): void {
    this.post({ type: 'run/copy', text });
  }

  async #savePng(): Promise<void> {
    this.post({ type: 'run/save', name: 'accuracy.png', base64: await toPng(this.#forPaper()) });
  }
}

const tableHead = [
  'Condition',
  'Role',
  'Accuracy (%)',
  'Low',
  'High',
  'Thinking tokens',
  'Generated tokens',
  'Seconds',
];
const csvHead = ['condition', 'role', 'accuracy', 'low', 'high', 'thinkingTokens', 'generatedTokens', 'seconds'];
