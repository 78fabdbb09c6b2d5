import type { FromRunViewer, WireAxis, WirePart } from '../../src/protocol/runViewer';
import { element, write } from '../shared/dom';
import { choice, selectIn, setOptions } from '../shared/fields';
import { createMenu } from '../shared/menu';
import { count, percent, seconds } from '../shared/numbers';
import { table } from '../shared/table';
import { scoreCommand } from './commands';
import { copyPng, toCsv, toLatex, toPng, toSvg } from './exports';
import { figureRows, tableHead } from './figureTable';
import type { Run } from './model';
import { drawFigure, paperInk, themeInk } from './plotFigure';
import { axesOf, axisNames, type FigurePoint, fits, pointsOf, type Scale } from './points';
import { kindNames } from './words';

const exportWidth = 640;
const none = '';

export interface FigureChoice {
  /** Null: as the published figure, else thinking tokens. */
  axis: WireAxis | null;
  scale: Scale;
  /** The problem set whose published points are drawn; null: the one that is shown, else the first; empty: none. */
  published: string | null;
}

/** Accuracy over what it costs. Each point can be reached by keyboard and selects its condition. */
export class Figure {
  readonly root = element('div', 'figure');
  readonly #picture = element('div', 'picture');
  readonly #legend = element('p', 'legend');
  readonly #readout = element('p', 'readout');
  readonly #note = element('p', 'empty');
  readonly #asTable = element('details', 'as-table');
  readonly #axes: HTMLElement;
  readonly #publishedSets: HTMLElement;
  #points: FigurePoint[] = [];
  #run: Run | undefined;
  #part: WirePart | null = null;
  #width = 0;
  #selected: number | null = null;

  constructor(
    readonly chosen: FigureChoice,
    readonly select: (condition: number) => void,
    readonly post: (message: FromRunViewer) => void,
    readonly onChange: () => void,
  ) {
    const tools = element('div', 'tools');
    this.#axes = choice('Horizontal axis', [], '', (axis) => this.#choose({ axis: axis as WireAxis }));
    this.#publishedSets = choice('Published points', [], '', (published) => this.#choose({ published }));
    tools.append(
      this.#axes,
      choice(
        'Scale',
        [
          ['log2', 'Logarithmic (base 2)'],
          ['linear', 'Linear'],
        ],
        chosen.scale,
        (scale) => this.#choose({ scale: scale as Scale }),
      ),
      this.#publishedSets,
      createMenu('Copy Figure', [
        ['SVG', () => this.#copy(toSvg(this.#forPaper()))],
        ['PNG', () => this.#copyPng()],
        ['CSV', () => this.#copy(toCsv([csvHead, ...this.#rows(String)]))],
        ['LaTeX Table', () => this.#copy(toLatex(tableHead, this.#rows()))],
        ['CLI Command', () => this.#run && this.#copy(scoreCommand(this.#run, this.#axis))],
        ['Save as PNG…', () => this.#savePng()],
      ]),
    );
    this.root.append(tools, this.#picture, this.#legend, this.#readout, this.#note, this.#asTable);
    new ResizeObserver(() => {
      if (this.#picture.clientWidth !== this.#width) this.#draw();
    }).observe(this.#picture);
  }

  show(run: Run): void {
    if (run === this.#run && run.part === this.#part) return;
    this.#run = run;
    this.#part = run.part;
    this.#offer(run);
    this.#draw();
  }

  /** What this run can be drawn over and beside. */
  #offer(run: Run): void {
    const axes = axesOf(run).map((key) => [key, axisNames[key].replace('Mean ', '')] as const);
    setOptions(selectIn(this.#axes), axes, this.#axis);
    const sets = (run.published?.sets ?? []).map(({ problemSet }) => [problemSet, problemSet] as const);
    setOptions(selectIn(this.#publishedSets), [...sets, [none, 'None']], this.#publishedSet ?? none);
    this.#publishedSets.hidden = sets.length === 0;
  }

  get #axis(): WireAxis {
    const { axis } = this.chosen;
    const wanted = axis ?? this.#run?.published?.axis ?? 'thinkingTokens';
    return this.#run && axesOf(this.#run).includes(wanted) ? wanted : 'thinkingTokens';
  }

  get #publishedSet(): string | null {
    const names = (this.#run?.published?.sets ?? []).map(({ problemSet }) => problemSet);
    const shown = this.#run?.shownSet ?? this.#run?.problemSets[0];
    const { published } = this.chosen;
    if (published === none || (published !== null && names.includes(published))) return published;
    return names.find((name) => name === shown) ?? names[0] ?? null;
  }

  showSelected(condition: number | null): void {
    this.#selected = condition;
    for (const [at, dot] of this.#dots().entries())
      dot.classList.toggle('selected', condition !== null && this.#points[at]?.condition === condition);
  }

  #choose(change: Partial<FigureChoice>): void {
    Object.assign(this.chosen, change);
    this.#draw();
    this.onChange();
  }

  #draw(): void {
    const { scale } = this.chosen;
    const axis = this.#axis;
    this.#width = this.#picture.clientWidth;
    const all = this.#run ? pointsOf(this.#run, axis, this.#publishedSet) : [];
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
    const part = this.#part;
    if (all.length === 0 && !part) return 'The figure comes with the numbers.';
    const hidden = all.filter((point) => !fits(point, this.chosen.scale)).map(({ name }) => name);
    const notes = hidden.length > 0 ? [`At zero, so not on a logarithmic axis: ${hidden.join(', ')}.`] : [];
    if (this.#axis !== 'generatedTokens' && part?.votes.length)
      notes.push('Voting is compared at equal generated tokens: choose that axis to see it.');
    if (all.every(({ kind }) => kind === 'published')) notes.push('No condition has points here yet.');
    return [...notes, ...this.#publishedNotes()].join(' ');
  }

  #publishedNotes(): string[] {
    const run = this.#run;
    const set = this.#publishedSet;
    if (!run?.published || !set) return [];
    const { title, axis, about } = run.published;
    const notes = [`Published: ${title}, ${about}.`];
    if (axis === null) notes.push('It has no axis: its numbers are in the table below.');
    else if (axis !== this.#axis) notes.push(`It is drawn over ${axisNames[axis].toLowerCase()}.`);
    if (axis === 'examples' && run.trainingExamples === null)
      notes.push('To place your model, say trainingExamples in the study.');
    if (!run.problemSets.includes(set)) notes.push(`Its problems are those of ${set}, not yours: compare shapes only.`);
    return notes;
  }

  #dots(): SVGElement[] {
    return [...this.#picture.querySelectorAll<SVGElement>('.point')];
  }

  /** One stop of the tab key; arrows go from point to point. */
  #makeReachable(): void {
    const dots = this.#dots();
    const first = Math.max(
      0,
      this.#points.findIndex(({ condition }) => condition !== null && condition === this.#selected),
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
      dot.addEventListener('click', () => this.#choosePoint(point));
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
    } else if ((event.key === 'Enter' || event.key === ' ') && point) this.#choosePoint(point);
    else return;
    event.preventDefault();
  }

  #choosePoint({ condition }: FigurePoint): void {
    if (condition !== null) this.select(condition);
  }

  #sentence(point: FigurePoint): string {
    const axis = this.#axis;
    const unit = axisNames[axis].replace('Mean ', '').toLowerCase();
    const at = `at ${axis === 'durationMs' ? seconds(1000 * point.x) : count(point.x)} ${unit}`;
    const y = percent(point.y / 100);
    if (point.source) return `${point.name} (published, ${point.series}): ${y} % ${at}. ${point.source}.`;
    const interval = `[${percent(point.low / 100)}, ${percent(point.high / 100)}]`;
    return `${point.name} (${kindNames[point.kind]}): ${y} % ${interval} ${at}`;
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
    return this.#run ? figureRows(this.#run, this.#publishedSet, tokens) : [];
  }

  #forPaper(): SVGSVGElement {
    return drawFigure(this.#points, this.#axis, this.chosen.scale, exportWidth, paperInk);
  }

  #copy(text: string): void {
    this.post({ type: 'run/copy', text });
  }

  /** A host that gives no access to the clipboard is asked to keep the picture as a file. */
  async #copyPng(): Promise<void> {
    if (!(await copyPng(this.#forPaper()))) await this.#savePng();
  }

  async #savePng(): Promise<void> {
    this.post({ type: 'run/save', name: 'accuracy.png', base64: await toPng(this.#forPaper()) });
  }
}

const csvHead = ['condition', 'role', 'accuracy', 'low', 'high', 'thinkingTokens', 'generatedTokens', 'seconds'];
