import type { CurationFile } from '../curationFile';
import type { Collection } from '../curationFolder';
import type { FunnelStage } from '../decide';
import type { Row } from '../row';
import type { Rules } from '../rules';

export interface CardFacts {
  curation: CurationFile;
  rules: Rules;
  collection: Collection;
  funnel: readonly FunnelStage[];
  chosen: readonly Row[];
  seeds: number;
  /** SHA-256 of each file of the set. */
  hashes: Readonly<Record<string, string>>;
}

/** A Hugging Face data card (https://huggingface.co/docs/hub/datasets-cards): where the rows come from and what was done. */
export function dataCard({ curation, rules, collection, funnel, chosen, seeds, hashes }: CardFacts): string {
  const { title = 'Curated set', licence } = curation;
  const { domain, length } = rules.select;
  return `---
pretty_name: ${JSON.stringify(title)}
${licence === undefined ? '' : `license: ${JSON.stringify(licence)}\n`}size_categories: ["${chosen.length < 1_000 ? 'n<1K' : '1K<n<10K'}"]
task_categories: ["text-generation"]
---

# ${cell(title)}

${chosen.length} rows, ${seeds} of them seeds, selected with seed ${rules.seed}${curation.preset ? ` under the preset ${curation.preset}` : ''}.
Licence: ${licence ?? 'not stated; check the licences of the sources below before you publish this set'}.

## Sources

${table(['source', 'rows collected', 'rows here', 'SHA-256 of its file, or commit on the Hub'], sourceRows(collection, chosen))}

## Funnel

${table(['after', 'rows', 'dropped, by rule'], funnel.map(funnelRow))}

## Domains

${table(['domain', 'rows', 'mean length', 'tokens'], domainRows(chosen, domain, length))}

## Files

${table(['file', 'SHA-256'], Object.entries(hashes))}
`;
}

const funnelRow = ({ stage, left, dropped }: FunnelStage): string[] => [
  stage,
  String(left),
  Object.entries(dropped)
    .map(([rule, count]) => `${rule} ${count}`)
    .join('; '),
];

function sourceRows({ sources }: Collection, chosen: readonly Row[]): string[][] {
  return sources.map(({ name, rows, hash }) => [
    name,
    String(rows),
    String(chosen.filter(({ source }) => source === name).length),
    hash,
  ]);
}

/** As Table 6 of the paper: the largest domains first. */
function domainRows(chosen: readonly Row[], domain: string, length: string): string[][] {
  const byDomain = new Map<string, Row[]>();
  for (const row of chosen) {
    const name = String(row.features[domain] ?? '–');
    byDomain.set(name, [...(byDomain.get(name) ?? []), row]);
  }
  return [...byDomain]
    .sort(([a, rows], [b, others]) => others.length - rows.length || (a < b ? -1 : 1))
    .map(([name, rows]) => {
      const lengths = rows.flatMap(({ features }) => (typeof features[length] === 'number' ? [features[length]] : []));
      const tokens = lengths.reduce((sum, one) => sum + one, 0);
      const mean = lengths.length === 0 ? '–' : String(Math.round(tokens / lengths.length));
      return [name, String(rows.length), mean, lengths.length === 0 ? '–' : String(tokens)];
    });
}

function table(head: string[], rows: string[][]): string {
  const line = (cells: string[]) => `| ${cells.map(cell).join(' | ')} |`;
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n');
}

/** Names come from data files: nothing in them may be markup. */
const cell = (text: string) => text.replace(/[\\|`*_[\]<>$!#]/g, '\\$&').replace(/\s+/g, ' ');
