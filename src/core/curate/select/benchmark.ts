import { SecondThoughtError } from '../../base/errors';
import type { Row } from '../row';
import type { Strategy } from './strategy';

/**
 * How the benchmarks spread over domains, as the released notebook computes it: GPQA questions per domain, multiplied by
 * 0.5 · (AIME total) / (GPQA total) and cut to whole numbers, plus AIME questions per domain. A domain whose sum is 0 vanishes.
 * @throws SecondThoughtError `bad-usage` where there is no question of either benchmark
 */
export function benchmarkWeights(
  rows: readonly Pick<Row, 'sourceType' | 'features'>[],
  { benchmark, domain }: Pick<Strategy, 'benchmark' | 'domain'>,
): Map<string, number> {
  const scaled = countDomains(rows, benchmark.scaled, domain);
  const whole = countDomains(rows, benchmark.whole, domain);
  const totals = [total(scaled), total(whole)] as const;
  if (totals[0] === 0 || totals[1] === 0) throw nothingToMeasure(totals[0] === 0 ? benchmark.scaled : benchmark.whole);
  const factor = (0.5 * totals[1]) / totals[0];
  const weights = new Map([...scaled].map(([name, count]) => [name, Math.trunc(count * factor)]));
  for (const [name, count] of whole) weights.set(name, (weights.get(name) ?? 0) + count);
  return new Map([...weights].filter(([, weight]) => weight > 0));
}

function countDomains(
  rows: readonly Pick<Row, 'sourceType' | 'features'>[],
  sources: readonly string[],
  domain: string,
): Map<string, number> {
  const counts = new Map<string, number>();
  for (const { sourceType, features } of rows) {
    if (!sources.some((text) => sourceType.includes(text))) continue;
    const name = String(features[domain]);
    counts.set(name, (counts.get(name) ?? 0) + 1);
  }
  return counts;
}

const total = (counts: Map<string, number>) => [...counts.values()].reduce((sum, count) => sum + count, 0);

const nothingToMeasure = (sources: readonly string[]) =>
  new SecondThoughtError(
    'bad-usage',
    `Domains are to be drawn as in the benchmarks, and no row left is from ${sources.join(' or ')}.`,
    { remedy: 'Name the benchmark sources in select.benchmark, or draw domains uniformly (preset s1-paper).' },
  );
