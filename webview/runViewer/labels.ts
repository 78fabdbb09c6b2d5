import type { Plot } from '@observablehq/plot';
import type { Ink } from './plotFigure';
import type { FigurePoint } from './points';

interface Box {
  left: number;
  right: number;
  top: number;
  bottom: number;
}

const longestName = 26;
const lineHeight = 12;

/** Names beside their points, where nothing stands yet; a name without a free place is left out (the point still tells it). */
export function placeLabels(
  svg: SVGSVGElement,
  points: FigurePoint[],
  scaleOf: (name: 'x' | 'y') => ReturnType<Plot['scale']>,
  ink: Ink,
): void {
  const [x, y] = [scaleOf('x'), scaleOf('y')];
  if (!x || !y) return;
  const width = Number(svg.getAttribute('width'));
  const height = Number(svg.getAttribute('height'));
  const places = points.map((point) => [Number(x.apply(point.x)), Number(y.apply(point.y))] as const);
  const taken: Box[] = places.map(([left, top]) => ({
    left: left - 6,
    right: left + 6,
    top: top - 6,
    bottom: top + 6,
  }));
  const own = (point: FigurePoint) => Number(point.kind === 'published'); // these come after the reader's own
  for (const [at, point] of [...points.entries()].sort(([, a], [, b]) => own(a) - own(b))) {
    const [px, py] = places[at] ?? [0, 0];
    const text = shortName(point.name);
    const long = widthOf(text);
    const free = [
      [8, -5],
      [-8 - long, -5],
      [8, 13],
      [-8 - long, 13],
    ]
      .map(([dx = 0, dy = 0]) => boxAt(px + dx, py + dy, long))
      .find((box) => isInside(box, width, height) && !taken.some((other) => overlaps(box, other)));
    if (!free) continue;
    taken.push(free);
    svg.append(label(text, free, ink, point.kind === 'published' ? ink.published : ink.text));
  }
}

const brush = document.createElement('canvas').getContext('2d');

function widthOf(text: string): number {
  if (!brush) return 7 * text.length;
  brush.font = '11px sans-serif'; // that of the figure
  return brush.measureText(text).width;
}

const boxAt = (left: number, baseline: number, long: number): Box => ({
  left,
  right: left + long,
  top: baseline - lineHeight + 2,
  bottom: baseline + 3,
});

const isInside = (box: Box, width: number, height: number) =>
  box.left > 46 && box.right < width && box.top > 16 && box.bottom < height - 40;

const overlaps = (a: Box, b: Box) => a.left < b.right && b.left < a.right && a.top < b.bottom && b.top < a.bottom;

function label(text: string, box: Box, { background }: Ink, colour: string): SVGTextElement {
  const made = document.createElementNS('http://www.w3.org/2000/svg', 'text');
  made.setAttribute('x', String(box.left));
  made.setAttribute('y', String(box.bottom - 3));
  made.setAttribute('class', 'point-label');
  made.setAttribute('text-anchor', 'start');
  // A line of the figure may run behind the name.
  made.setAttribute('style', `fill: ${colour}; stroke: ${background}; stroke-width: 3px; paint-order: stroke`);
  made.setAttribute('aria-hidden', 'true');
  made.textContent = text;
  return made;
}

/** Control characters and lone surrogates, which XML lacks: the saved figure could not be read. Direction marks too. */
const unseen = /\p{C}/gu;

function shortName(name: string): string {
  const letters = [...name.replace(/\s+/g, ' ').replace(unseen, '\ufffd')];
  return letters.length <= longestName ? letters.join('') : `${letters.slice(0, longestName - 1).join('')}…`;
}
