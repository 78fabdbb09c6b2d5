import * as Plot from '@observablehq/plot';
import type { WireCurationSummary, WireDomain } from '../../src/protocol/curationViewer';
import { element } from '../shared/dom';
import { count, percent } from '../shared/numbers';
import { table } from '../shared/table';

const mostBars = 24;
/** Of these, fields of s1K that the set has no row of. */
const mostMissing = 8;
const publishedSize = 1_000;
const ink = {
  own: 'var(--blue)',
  published: 'var(--orange)',
  dropped: 'var(--purple)',
  text: 'var(--vscode-foreground)',
};
const style = { background: 'transparent', color: ink.text, fontFamily: 'sans-serif', fontSize: '11px' };

/** The set's domains and sources beside the published s1K (paper, Tables 6 and 7), and the lengths of its traces. */
export class Composition {
  readonly domains = element('div', 'domains');
  readonly lengths = element('div', 'lengths');
  readonly sources = element('div', 'sources');
  #shown = '';

  show(summary: WireCurationSummary): void {
    const key = JSON.stringify([summary.domains, summary.lengths, summary.sources]);
    if (key === this.#shown) return;
    this.#shown = key;
    this.#showDomains(summary);
    this.#showLengths(summary);
    this.#showSources(summary);
  }

  #showDomains({ domains, isDecided }: WireCurationSummary): void {
    const total = domains.reduce((sum, { rows }) => sum + rows, 0);
    if (!isDecided || total === 0) {
      this.domains.replaceChildren(element('p', 'empty', 'Domains are shown once rows are selected.'));
      return;
    }
    const share = (rows: number | null) => (rows === null ? '–' : `${percent(rows / total)} %`);
    const rows = domains.map(({ name, rows: own, kiloTokens, publishedRows, publishedKiloTokens }) => [
      name,
      count(own),
      share(own),
      `${kiloTokens.toFixed(1)}`,
      publishedRows === null ? '–' : count(publishedRows),
      publishedRows === null ? '–' : `${percent(publishedRows / publishedSize)} %`,
      publishedKiloTokens === null ? '–' : publishedKiloTokens.toFixed(1),
    ]);
    const heads = ['Domain', 'Rows', 'Share', '1,000 tokens', 's1K rows', 's1K share', 's1K 1,000 tokens'];
    this.domains.replaceChildren(
      legend(['own', 'this set'], ['published', 's1K as published (Table 6)']),
      picture('Share of each domain in this set and in s1K', domainFigure(domains, total)),
      asTable('Domains as a table', table('Domains', heads, rows)),
    );
  }

  #showLengths({ lengths: { feature, bins } }: WireCurationSummary): void {
    if (bins.length === 0) {
      this.lengths.replaceChildren(element('p', 'empty', `No row has the feature ${feature} yet.`));
      return;
    }
    const rows = bins.map(({ from, to, kept, dropped }) => [
      `${count(from)} – ${count(to)}`,
      count(kept),
      count(dropped),
    ]);
    this.lengths.replaceChildren(
      legend(['own', 'in the set'], ['dropped', 'not in the set']),
      picture('How many rows have a trace of what length', lengthFigure(bins, feature)),
      asTable('Lengths as a table', table('Lengths', ['Tokens', 'In the set', 'Not in the set'], rows)),
    );
  }

  #showSources({ sources }: WireCurationSummary): void {
    const rows = sources.map(({ name, collected, kept, meanTokens, publishedRows, publishedKiloTokens }) => [
      name,
      count(collected),
      count(kept),
      meanTokens === null ? '–' : count(meanTokens),
      publishedRows === null ? '–' : count(publishedRows),
      publishedKiloTokens === null ? '–' : count(publishedKiloTokens * 1_000),
    ]);
    const heads = ['Source', 'Collected', 'In the set', 'Mean tokens', 's1 collected', 's1 mean tokens'];
    this.sources.replaceChildren(table('Sources, beside those of s1 (Table 7)', heads, rows, 'numbers'));
  }
}

function domainFigure(domains: WireDomain[], total: number): Element {
  const own = domains.filter(({ rows }) => rows > 0);
  const missing = domains.filter(({ rows, publishedKiloTokens }) => rows === 0 && publishedKiloTokens !== null);
  const shown = [...own.slice(0, mostBars - mostMissing), ...missing.slice(0, mostMissing)];
  const bars = shown.map(({ name, rows, publishedRows }) => ({
    name: name.length > 34 ? `${name.slice(0, 33)}…` : name,
    own: (100 * rows) / total,
    published: publishedRows === null ? null : (100 * publishedRows) / publishedSize,
  }));
  return Plot.plot({
    width: 560,
    height: 40 + 20 * bars.length,
    marginLeft: 220,
    marginRight: 20,
    marginTop: 8,
    style,
    x: { label: 'Rows (%) →', grid: true },
    y: { label: null, domain: bars.map(({ name }) => name) },
    marks: [
      Plot.barX(bars, { x: 'own', y: 'name', fill: ink.own, insetTop: 3, insetBottom: 3 }),
      Plot.dot(
        bars.filter(({ published }) => published !== null),
        { x: 'published', y: 'name', symbol: 'diamond', r: 4, fill: ink.published },
      ),
    ],
  });
}

function lengthFigure(bins: WireCurationSummary['lengths']['bins'], feature: string): Element {
  const parts = bins.flatMap(({ from, to, kept, dropped }) => [
    { from, to, rows: kept, fill: ink.own },
    { from, to, rows: dropped, fill: ink.dropped },
  ]);
  return Plot.plot({
    width: 560,
    height: 220,
    marginLeft: 50,
    style,
    x: { label: `Tokens of the trace (${feature}) →`, tickFormat: (value: number) => count(value) },
    y: { label: '↑ Rows', grid: true },
    color: { type: 'identity' },
    marks: [
      Plot.rectY(parts, Plot.stackY({ x1: 'from', x2: 'to', y: 'rows', fill: 'fill', insetLeft: 1, order: null })),
      Plot.ruleY([0]),
    ],
  });
}

function picture(label: string, figure: Element): HTMLElement {
  for (const mark of figure.querySelectorAll('[aria-label]')) mark.removeAttribute('aria-label'); // of groups, which have none
  figure.setAttribute('role', 'img');
  figure.setAttribute('aria-label', `${label}; the numbers are in the table below.`);
  const made = element('div', 'picture');
  made.append(figure);
  return made;
}

function legend(...keys: [className: string, text: string][]): HTMLElement {
  const made = element('p', 'legend');
  made.append(...keys.map(([className, text]) => element('span', `key ${className}`, text)));
  return made;
}

function asTable(title: string, content: HTMLElement): HTMLElement {
  const made = element('details', 'as-table');
  made.append(element('summary', '', title), content);
  return made;
}
