import { publishedDomains, publishedOthers, publishedSources } from '../core/curate/published';
import type { WireCurationSummary, WireDomain, WireSource } from '../protocol/curationViewer';
import type { OpenCuration } from './openCuration';

const mostBins = 24;
type Summary = WireCurationSummary;

/** What the page of a curation shows before anything is asked of it. */
export function curationSummary(open: OpenCuration): Summary {
  const { about, rules, status, collection, funnel } = open;
  const { preset, seed, sources } = about.curation;
  const kinds = [preset ?? 'own rules', `seed ${seed}`, sources.map(({ name }) => name).join(', ')];
  return {
    type: 'summary',
    title: about.title,
    about: kinds.join(' · '),
    state: status?.state ?? 'planned',
    doing: status?.doing ?? '',
    message: status?.message ?? null,
    features: (status?.features ?? []).map(({ name, done, of, took = null }) => ({ name, done, of, took })),
    stages: funnel.length > 0 || !collection ? funnel : [collectedOnly(open)],
    sources: sourcesOf(open),
    domains: open.isDecided ? domainsOf(open) : [],
    lengths: { feature: rules.select.length, bins: binsOf(open) },
    isDecided: open.isDecided,
    waitingByHand: waitingByHand(open),
    parameters: parametersOf(open),
  };
}

function collectedOnly({ rows, collection }: OpenCuration): Summary['stages'][number] {
  const bySource = Object.fromEntries((collection?.sources ?? []).map(({ name, rows: count }) => [name, count]));
  return { stage: 'collected', left: rows.length, bySource, dropped: {} };
}

/** Decisions that differ from those of the last run, and those that were taken back since. */
function waitingByHand({ about, byHand }: OpenCuration): number {
  const known = new Map(about.byHand.map((each) => [each.id, each]));
  const changed = [...byHand.values()].filter(({ id, decision }) => known.get(id)?.decision !== decision);
  return changed.length + about.byHand.filter(({ id }) => !byHand.has(id)).length;
}

function parametersOf({ about, rules, decisions }: OpenCuration): Summary['parameters'] {
  const { decontaminate, difficulty, select } = rules;
  const compares = decontaminate.earlierSources || (about.curation.decontaminate?.against ?? []).length > 0;
  const [band] = difficulty.passRate;
  const graded = Object.entries(about.curation.features ?? {}).flatMap(([name, { kind }]) =>
    kind === 'grade' ? [name] : [],
  );
  const rates = new Set([...difficulty.passRate.map(({ feature }) => feature), ...difficulty.solvedBy, ...graded]);
  return {
    ngram: compares ? decontaminate.ngram : null,
    passRate: band ? { feature: band.feature, min: band.min ?? 0, max: band.max ?? 1 } : null,
    rates: decisions.length > 0 ? [...rates] : [],
    size: select.size === 'all' ? null : select.size,
  };
}

const nameKey = (name: string) => name.toLowerCase();

function sourcesOf(open: OpenCuration): WireSource[] {
  const { collection, about, rows, decisions, rules } = open;
  const kept = new Map<string, number>();
  const lengths = new Map<string, { sum: number; count: number }>();
  for (const [place, { source }] of rows.entries()) {
    if (decisions[place]?.isKept) kept.set(source, (kept.get(source) ?? 0) + 1);
    const length = open.featuresOf(place)[rules.select.length];
    if (typeof length !== 'number') continue;
    const known = lengths.get(source) ?? { sum: 0, count: 0 };
    lengths.set(source, { sum: known.sum + length, count: known.count + 1 });
  }
  return (collection?.sources ?? []).map(({ name, rows: collected }) => {
    const preset = about.curation.sources.find((source) => source.name === name)?.preset ?? name;
    const published = publishedSources.find((known) => nameKey(known.name) === nameKey(preset));
    const length = lengths.get(name);
    return {
      name,
      collected,
      kept: kept.get(name) ?? 0,
      meanTokens: length ? length.sum / length.count : null,
      publishedRows: published?.rows ?? null,
      publishedKiloTokens: published?.kiloTokens ?? null,
    };
  });
}

/** The set's domains beside those of Table 6, most rows first. */
function domainsOf(open: OpenCuration): WireDomain[] {
  const { rows, decisions, rules } = open;
  const own = new Map<string, { rows: number; tokens: number }>();
  for (const place of rows.keys()) {
    if (!decisions[place]?.isKept) continue;
    const features = open.featuresOf(place);
    const name = String(features[rules.select.domain] ?? 'no domain');
    const length = features[rules.select.length];
    const known = own.get(name) ?? { rows: 0, tokens: 0 };
    own.set(name, { rows: known.rows + 1, tokens: known.tokens + (typeof length === 'number' ? length : 0) });
  }
  const published = new Map(publishedDomains.map((each) => [each.title ?? each.name, each]));
  const names = new Set([...own.keys(), ...published.keys()]);
  const all = [...names].map((name): WireDomain => {
    const ours = own.get(name) ?? { rows: 0, tokens: 0 };
    const theirs = published.get(name);
    return {
      name,
      rows: ours.rows,
      kiloTokens: ours.tokens / 1_000,
      publishedRows: theirs?.questions ?? null,
      publishedKiloTokens: theirs?.kiloTokens ?? null,
    };
  });
  all.sort((a, b) => b.rows - a.rows || (b.publishedRows ?? 0) - (a.publishedRows ?? 0));
  const { questions: publishedRows, kiloTokens: publishedKiloTokens } = publishedOthers;
  return [...all, { name: '27 more of s1K', rows: 0, kiloTokens: 0, publishedRows, publishedKiloTokens }];
}

/** How many rows have a trace of what length, in steps of 1, 2 or 5 times a power of ten. */
function binsOf(open: OpenCuration): Summary['lengths']['bins'] {
  const { rows, decisions, rules } = open;
  const lengths: [number, boolean][] = [];
  for (const place of rows.keys()) {
    const length = open.featuresOf(place)[rules.select.length];
    if (typeof length === 'number') lengths.push([length, decisions[place]?.isKept ?? false]);
  }
  if (lengths.length === 0) return [];
  const step = stepFor(lengths.reduce((most, [length]) => Math.max(most, length), 0));
  const bins: Summary['lengths']['bins'] = [];
  for (const [length, isKept] of lengths) {
    const at = Math.floor(length / step);
    while (bins.length <= at)
      bins.push({ from: bins.length * step, to: (bins.length + 1) * step, dropped: 0, kept: 0 });
    const bin = bins[at];
    if (bin) bin[isKept ? 'kept' : 'dropped']++;
  }
  return bins;
}

function stepFor(most: number): number {
  for (let power = 1; ; power *= 10) {
    for (const factor of [1, 2, 5]) if (most / (power * factor) < mostBins) return power * factor;
  }
}
