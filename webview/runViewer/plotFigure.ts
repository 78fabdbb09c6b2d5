import * as Plot from '@observablehq/plot';
import type { WireAxis } from '../../src/protocol/runViewer';
import { placeLabels } from './labels';
import { axisNames, curvesOf, type FigurePoint, type Kind, type Scale } from './points';

/** The page's own colours follow the theme; a figure that leaves the page is dark on white. */
export interface Ink extends Record<Kind, string> {
  text: string;
  grid: string;
  background: string;
}

export const themeInk: Ink = {
  text: 'var(--vscode-foreground)',
  grid: 'var(--grid)',
  background: 'var(--vscode-editor-background)',
  natural: 'var(--vscode-foreground)',
  capped: 'var(--blue)',
  extended: 'var(--orange)',
  other: 'var(--purple)',
  rejection: 'var(--red)',
  rebase: 'var(--purple)',
  votes: 'var(--green)',
  published: 'var(--muted)',
};

/** Colours that can be told apart by most eyes: Okabe and Ito, https://jfly.uni-koeln.de/color/. */
export const paperInk: Ink = {
  text: '#1a1a1a',
  grid: '#dddddd',
  background: '#ffffff',
  natural: '#1a1a1a',
  capped: '#0072b2',
  extended: '#d55e00',
  other: '#aa3377',
  rejection: '#b8860b',
  rebase: '#aa3377',
  votes: '#009e73',
  published: '#767676',
};

const symbols: Record<Kind, Plot.SymbolType> = {
  natural: 'star',
  capped: 'circle',
  extended: 'triangle',
  other: 'square',
  rejection: 'cross',
  rebase: 'wye',
  votes: 'diamond',
  published: 'circle',
};

const dashes: Partial<Record<Kind, string>> = { votes: '5 4', published: '2 4' };

/** Draws the points in the order given; in that order too stand its `.point` elements. */
export function drawFigure(
  points: FigurePoint[],
  axis: WireAxis,
  scale: Scale,
  width: number,
  ink: Ink,
): SVGSVGElement {
  const height = Math.round(Math.min(420, Math.max(260, width * 0.6)));
  const place = { x: 'x', y: 'y' } as const;
  const domain = widths(points, scale);
  const stroke = (point: FigurePoint) => ink[point.kind];
  const curves = curvesOf(points);
  const drawn = Plot.plot({
    width,
    height,
    marginLeft: 46,
    marginRight: 24,
    marginTop: 26,
    marginBottom: 42,
    style: { background: ink.background, color: ink.text, fontFamily: 'sans-serif', fontSize: '11px' },
    x: {
      ...(scale === 'log2' ? { type: 'log', base: 2 } : { type: 'linear', zero: true }),
      label: `${axisNames[axis]}${scale === 'log2' ? ' (log₂)' : ''} →`,
      domain,
    },
    y: { label: '↑ Accuracy (%)', nice: true, domain: heights(points) },
    marks: [
      Plot.gridY({ ticks: 6, stroke: ink.grid, strokeOpacity: 1 }),
      Plot.axisX({ tickFormat: tickText, ticks: ticksOf(domain, scale, width), color: ink.text }),
      Plot.axisY({ ticks: 6, color: ink.text }),
      ...curves
        .filter(({ kind }) => kind !== 'published')
        .map(({ kind, points: curve }) =>
          Plot.areaY(curve, { x: 'x', y1: 'low', y2: 'high', fill: ink[kind], fillOpacity: 0.12, className: 'band' }),
        ),
      ...curves.map(({ kind, points: curve }) => {
        const strokeDasharray = dashes[kind] ?? 'none';
        return Plot.line(curve, { ...place, stroke: ink[kind], strokeWidth: 1.5, strokeDasharray, className: 'curve' });
      }),
      Plot.ruleX(points, { x: 'x', y1: 'low', y2: 'high', stroke, strokeOpacity: 0.7, strokeWidth: 1.5 }),
      Plot.dot(points, {
        ...place,
        r: 5,
        symbol: ({ kind }: FigurePoint) => symbols[kind],
        fill: (point: FigurePoint) => (point.kind === 'published' ? ink.background : stroke(point)),
        stroke: (point: FigurePoint) => (point.kind === 'published' ? stroke(point) : ink.background),
        className: 'dots',
        sort: null,
      }),
    ],
    symbol: { type: 'identity' },
    color: { type: 'identity' },
    className: 'plot',
  });
  const svg = drawn as SVGSVGElement;
  for (const dot of svg.querySelectorAll('.dots > *')) dot.classList.add('point');
  placeLabels(svg, points, (name) => (svg as unknown as Plot.Plot).scale(name), ink);
  return svg;
}

/** From a power of two to a power of two, with room beside the outer points; linear from zero. */
function widths(points: FigurePoint[], scale: Scale): [number, number] {
  const xs = points.map(({ x }) => x);
  const [least, most] = [Math.min(...xs), Math.max(...xs)];
  if (scale === 'log2') return [2 ** Math.floor(Math.log2(least / 1.1)), 2 ** Math.ceil(Math.log2(most * 1.1))];
  return [0, most > 0 ? most * 1.1 : 1];
}

const tickWidth = 64;

/** Powers of two, as many as there is room for; how many, where the axis is linear. */
function ticksOf([least, most]: [number, number], scale: Scale, width: number): number[] | number {
  if (scale === 'linear') return Math.max(2, Math.floor(width / 90));
  const [first, last] = [Math.log2(least), Math.log2(most)];
  const step = Math.max(1, Math.ceil(((last - first + 1) * tickWidth) / width));
  return Array.from({ length: Math.floor((last - first) / step) + 1 }, (_, at) => 2 ** (first + at * step));
}

function heights(points: FigurePoint[]): [number, number] {
  const least = Math.min(...points.map(({ low }) => low));
  const most = Math.max(...points.map(({ high }) => high));
  return [Math.max(0, least - 2), Math.min(100, most + 2)];
}

const numbers = new Intl.NumberFormat('en', { maximumSignificantDigits: 6 });
const tickText = (value: number) => numbers.format(value);
