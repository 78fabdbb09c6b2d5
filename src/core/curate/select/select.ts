import { SecondThoughtError } from '../../base/errors';
import type { Reason, Row } from '../row';
import { benchmarkWeights } from './benchmark';
import { type Draws, drawWeighted } from './draws';
import type { Domains, SeedRule, Strategy } from './strategy';

export type Candidate = Pick<Row, 'source' | 'sourceType' | 'features'>;

export interface Selection {
  /** Places of the chosen rows in the order in which they were taken, with how. */
  chosen: Map<number, Reason>;
  seeds: number;
  /** Draws made; those that hit a row already chosen count. */
  draws: number;
}

/**
 * Chooses rows: seeds first, then draws of a domain and of a row in it, until the set has its size (s1 paper Algorithm 1, and
 * what the released notebook does instead). Each draw takes two uniform numbers: one for the domain, one for the row. A row
 * that was drawn leaves its pool, an empty pool its distribution. Seeds stay in their pools: a draw that hits one adds nothing.
 * Rows of equal length rank in the order in which they are given; domains in the order in which they first occur.
 * @param fixed rows that are in the set before all others
 * @throws SecondThoughtError `bad-usage` where the set cannot become as large as it should be
 */
export function select(
  rows: readonly Candidate[],
  strategy: Strategy,
  draws: Draws,
  fixed: ReadonlyMap<number, Reason> = new Map(),
): Selection {
  const chosen = new Map(fixed);
  for (const [index, row] of rows.entries()) {
    const rule = strategy.seeds.find((seed) => isSeed(row, seed, strategy.length));
    if (rule && !chosen.has(index)) chosen.set(index, { rule: 'seed', seed: rule.name ?? rule.sources.join(', ') });
  }
  const seeds = chosen.size;
  if (strategy.size === 'all') {
    for (const index of rows.keys()) if (!chosen.has(index)) chosen.set(index, { rule: 'taken' });
    return { chosen, seeds, draws: 0 };
  }
  refuseTooLarge(rows.length, strategy.size);
  return { chosen, seeds, draws: new Drawing(rows, strategy, chosen).fill(strategy.size, draws) };
}

/** Everything a draw depends on: the pools, and what is left of each distribution. */
class Drawing {
  readonly #rows: readonly Candidate[];
  readonly #strategy: Strategy;
  readonly #chosen: Map<number, Reason>;
  /** Places of the rows of each domain, longest first. */
  readonly #pools: Map<string, number[]>;
  readonly #weights = new Map<Domains, Map<string, number>>();
  readonly #taken = { domain: new Map<string, number>(), source: new Map<string, number>() };

  constructor(rows: readonly Candidate[], strategy: Strategy, chosen: Map<number, Reason>) {
    this.#rows = rows;
    this.#strategy = strategy;
    this.#chosen = chosen;
    this.#pools = poolsOf(rows, strategy);
    for (const domains of [strategy.domains, strategy.switchAt?.domains]) {
      if (domains !== undefined) this.#weights.set(domains, this.#weightsOf(domains));
    }
    for (const index of chosen.keys()) this.#count(index);
  }

  fill(size: number, draws: Draws): number {
    let made = 0;
    for (; this.#chosen.size < size; made++) {
      const { switchAt } = this.#strategy;
      const domains = switchAt && this.#chosen.size >= switchAt.size ? switchAt.domains : this.#strategy.domains;
      const domain = this.#drawDomain(domains, draws(), size);
      this.#drawRow(domain, describeDomains(domains), draws(), made);
    }
    return made;
  }

  #drawDomain(domains: Domains, u: number, size: number): string {
    const weights = this.#weights.get(domains) ?? new Map<string, number>();
    const left = [...this.#pools.keys()].filter((name) => (weights.get(name) ?? 0) > 0 && !this.#isFull(name));
    const [only] = left;
    if (only === undefined) throw ranOut(this.#chosen.size, size, domains);
    if (domains === 'uniform' || domains === 'none') return left[Math.floor(u * left.length)] ?? only;
    const shares = left.map((name) =>
      domains === 'proportional' ? (this.#pools.get(name)?.length ?? 0) : (weights.get(name) ?? 0),
    );
    return left[drawWeighted(shares, u)] ?? only;
  }

  #drawRow(domain: string, domains: string, u: number, draw: number): void {
    const pool = this.#pools.get(domain) ?? [];
    const { rank, probability } = rankOf(this.#strategy.within, pool.length, u);
    const index = pool[rank] as number;
    pool.splice(rank, 1);
    if (pool.length === 0) this.#pools.delete(domain);
    if (this.#chosen.has(index) || this.#isOverQuota(index)) return;
    this.#chosen.set(index, { rule: 'drawn', draw, domain, domains, rank, probability });
    this.#count(index);
  }

  /** Weights of the domains of a distribution; 1 where they are drawn uniformly. */
  #weightsOf(domains: Domains): Map<string, number> {
    if (domains === 'benchmark') return benchmarkWeights(this.#rows, this.#strategy);
    if (typeof domains === 'string') return new Map([...this.#pools.keys()].map((name) => [name, 1]));
    const unknown = Object.keys(domains).find((name) => !this.#pools.has(name));
    if (unknown !== undefined) throw emptyDomain(unknown, [...this.#pools.keys()]);
    return new Map(Object.entries(domains));
  }

  #count(index: number): void {
    const { domain, source } = this.#taken;
    const row = this.#rows[index] as Candidate;
    const name = String(row.features[this.#strategy.domain]);
    domain.set(name, (domain.get(name) ?? 0) + 1);
    source.set(row.source, (source.get(row.source) ?? 0) + 1);
  }

  #isFull(name: string): boolean {
    return (this.#taken.domain.get(name) ?? 0) >= (this.#strategy.quotas.domain?.[name] ?? Infinity);
  }

  #isOverQuota(index: number): boolean {
    const { source, features } = this.#rows[index] as Candidate;
    const most = this.#strategy.quotas.source?.[source] ?? Infinity;
    return (this.#taken.source.get(source) ?? 0) >= most || this.#isFull(String(features[this.#strategy.domain]));
  }
}

function isSeed({ sourceType, features }: Candidate, rule: SeedRule, length: string): boolean {
  if (!rule.sources.some((text) => sourceType.includes(text))) return false;
  if (rule.solvedBy !== undefined && features[rule.solvedBy] !== true) return false;
  return rule.longerThan === undefined || Number(features[length] ?? 0) > rule.longerThan;
}

function poolsOf(rows: readonly Candidate[], { domains, domain, length }: Strategy): Map<string, number[]> {
  const pools = new Map<string, number[]>();
  for (const [index, { features }] of rows.entries()) {
    const value = domains === 'none' ? 'all' : features[domain];
    if (value === null || value === undefined || value === '') throw noDomain(domain);
    const name = String(value);
    const pool = pools.get(name);
    if (pool) pool.push(index);
    else pools.set(name, [index]);
  }
  const lengthOf = (index: number) => Number(rows[index]?.features[length] ?? 0);
  for (const pool of pools.values()) pool.sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  return pools;
}

/** Which row of a pool, longest first, a draw takes, and how likely that was. */
function rankOf(within: Strategy['within'], size: number, u: number): { rank: number; probability: number } {
  if (within === 'longest') return { rank: 0, probability: 1 };
  if (within === 'uniform') return { rank: Math.floor(u * size), probability: 1 / size };
  // Weights 2^-rank: beyond rank 1,074 they are 0 in double precision, so nothing there is ever drawn.
  const total = 2 - 2 ** (1 - size);
  let cumulative = 0;
  for (let rank = 0; rank < size; rank++) {
    cumulative += 2 ** -rank;
    if (u * total < cumulative) return { rank, probability: 2 ** -rank / total };
  }
  return { rank: 0, probability: 1 / total }; // not reached: u < 1 and the weights sum to the total
}

const describeDomains = (domains: Domains) => (typeof domains === 'string' ? domains : 'weights');

function refuseTooLarge(rows: number, size: number): void {
  if (size <= rows) return;
  throw new SecondThoughtError(
    'bad-usage',
    `The set is to have ${size} rows, and only ${rows} are left to choose from.`,
    {
      remedy: `Lower select.size to at most ${rows}, or loosen a filter.`,
    },
  );
}

function ranOut(chosen: number, size: number, domains: Domains): SecondThoughtError {
  const message = `The domains to draw from (${describeDomains(domains)}) are empty after ${chosen} of ${size} rows.`;
  return new SecondThoughtError('bad-usage', message, {
    remedy: 'Lower select.size, raise the quotas, or draw domains uniformly.',
  });
}

function emptyDomain(name: string, known: string[]): SecondThoughtError {
  return new SecondThoughtError('bad-usage', `No row is left in the domain "${name}" that select.domains names.`, {
    remedy: `Domains with rows: ${known.slice(0, 12).join(', ')}${known.length > 12 ? ', …' : ''}.`,
  });
}

const noDomain = (feature: string) =>
  new SecondThoughtError('bad-usage', `Some rows have no value of the feature "${feature}" that names their domain.`, {
    remedy: `Add "${feature}" to quality.notNull, name another feature in select.domain, or use select.domains: none.`,
  });
