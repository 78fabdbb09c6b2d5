import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { seededDraws } from '../../../src/core/curate/select/draws';
import { type Candidate, select } from '../../../src/core/curate/select/select';
import { type Strategy, strategies } from '../../../src/core/curate/select/strategy';

interface Case {
  rows: { sourceType: string; correct: boolean; length: number; domain: string }[];
  size: number;
  switchAt: number | null;
  draws: number[];
  chosen: number[];
}

const candidate = ({ sourceType, correct, length, domain }: Case['rows'][number]): Candidate => ({
  source: sourceType,
  sourceType,
  features: { teacherCorrect: correct, length, domain },
});

/** Written by scripts/curationSelection.py, which reads the algorithm for itself. */
const cases = JSON.parse(
  readFileSync(path.join(import.meta.dirname, '../../fixtures/curationSelection.json'), 'utf8'),
) as Case[];

describe('selection', () => {
  it.each(cases.map((one, index) => [index, one] as const))(
    'takes the same rows as the NumPy reading, fed the same draws (case %i)',
    (_, { rows, size, switchAt, draws, chosen }) => {
      const strategy: Strategy = {
        ...strategies['s1-paper'],
        size,
        switchAt: switchAt === null ? null : { size: switchAt, domains: 'benchmark' },
      };
      const next = draws.values();
      const selection = select(rows.map(candidate), strategy, () => next.next().value as number);
      expect([...selection.chosen.keys()]).toEqual(chosen);
    },
  );

  it('draws domains uniformly and rows by 2^-rank: chi-square over 10,000 seeds', () => {
    const rows = Array.from({ length: 200 }, (_, index) =>
      candidate({ sourceType: 'x', correct: false, length: 1_000 - index, domain: `d${index % 8}` }),
    );
    const strategy: Strategy = { ...strategies['s1-paper'], size: 1, seeds: [] };
    const domains = new Array<number>(8).fill(0);
    const ranks = new Array<number>(9).fill(0);
    for (let seed = 0; seed < 10_000; seed++) {
      const [index = 0] = select(rows, strategy, seededDraws(seed)).chosen.keys();
      domains[index % 8] = (domains[index % 8] ?? 0) + 1;
      const rank = Math.min(8, Math.floor(index / 8)); // longest first, eight domains in turn
      ranks[rank] = (ranks[rank] ?? 0) + 1;
    }
    const chiSquare = (counts: number[], shares: number[]) =>
      counts.reduce((sum, count, i) => sum + (count - 10_000 * (shares[i] ?? 0)) ** 2 / (10_000 * (shares[i] ?? 0)), 0);
    const total = 2 - 2 ** -24;
    const halving = Array.from({ length: 8 }, (_, rank) => 2 ** -rank / total);
    const shares = [...halving, 1 - halving.reduce((a, b) => a + b, 0)];
    // Quantiles of chi-square at p = 0.001: 24.32 with 7 degrees of freedom, 26.12 with 8.
    expect(chiSquare(domains, new Array(8).fill(1 / 8))).toBeLessThan(24.32);
    expect(chiSquare(ranks, shares)).toBeLessThan(26.12);
  });

  const row = fc.record({
    sourceType: fc.constantFrom('GPQA', 'AIME', 'openaimath', 'other'),
    correct: fc.boolean(),
    length: fc.nat(9_000),
    domain: fc.constantFrom('a', 'b', 'c', 'd'),
  });
  const strategy = fc.record({
    domains: fc.constantFrom('uniform' as const, 'proportional' as const, 'none' as const),
    within: fc.constantFrom('halving' as const, 'uniform' as const, 'longest' as const),
  });

  it('has every seed in, no row twice, and never more of a domain than there is', () => {
    fc.assert(
      fc.property(
        fc.array(row, { minLength: 1, maxLength: 60 }),
        strategy,
        fc.nat(),
        fc.nat(),
        (rows, own, size, seed) => {
          const wanted = 1 + (size % rows.length);
          const chosen = select(
            rows.map(candidate),
            { ...strategies['s1-paper'], ...own, size: wanted },
            seededDraws(seed),
          ).chosen;
          const seeds = rows.flatMap(({ sourceType, correct, length }, index) => {
            const isBenchmark = sourceType === 'GPQA' || sourceType === 'AIME';
            return correct && (isBenchmark || (sourceType === 'openaimath' && length > 5_600)) ? [index] : [];
          });
          expect(seeds.every((index) => chosen.has(index))).toBe(true);
          expect(chosen.size).toBe(Math.max(wanted, seeds.length));
          expect([...chosen.keys()].every((index) => index < rows.length)).toBe(true);
        },
      ),
    );
  });

  it('keeps to quotas of domains and sources', () => {
    fc.assert(
      fc.property(fc.array(row, { minLength: 30, maxLength: 60 }), fc.nat(), (rows, seed) => {
        const quotas = { domain: { a: 2 }, source: { GPQA: 3 } };
        const own = { size: 5, seeds: [], quotas };
        const attempt = () =>
          select(rows.map(candidate), { ...strategies['s1-paper'], ...own }, seededDraws(seed)).chosen;
        let chosen: ReturnType<typeof attempt>;
        try {
          chosen = attempt();
        } catch (error) {
          expect(error).toMatchObject({ code: 'bad-usage' }); // too few rows outside of the quotas
          return;
        }
        const taken = [...chosen.keys()].map((index) => rows[index]);
        expect(taken.filter((one) => one?.domain === 'a').length).toBeLessThanOrEqual(2);
        expect(taken.filter((one) => one?.sourceType === 'GPQA').length).toBeLessThanOrEqual(3);
      }),
    );
  });

  it('refuses an empty domain and a target larger than the pool, each in one sentence', () => {
    const rows = [candidate({ sourceType: 'x', correct: false, length: 1, domain: 'a' })];
    const refusal = (changes: Partial<Strategy>) => {
      try {
        select(rows, { ...strategies['s1-paper'], size: 1, ...changes }, seededDraws(1));
      } catch (error) {
        return error instanceof Error ? error.message : '';
      }
      return '';
    };
    expect(refusal({ size: 2 })).toBe('The set is to have 2 rows, and only 1 are left to choose from.');
    expect(refusal({ domains: { b: 1 } })).toBe('No row is left in the domain "b" that select.domains names.');
    expect(refusal({ domains: 'benchmark' })).toMatch(/^Domains are to be drawn as in the benchmarks/);
  });
});
