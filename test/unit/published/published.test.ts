import { describe, expect, it } from 'vitest';
import { allPairsScaling, performance } from '../../../src/core/numbers/measures';
import { type PublishedFigureId, publishedFigure, publishedFigureIds } from '../../../src/core/published/published';

const pointsOf = (id: PublishedFigureId, series: string) =>
  (publishedFigure(id)?.sets ?? []).flatMap(({ points }) => points.filter((point) => point.series === series));

describe('the published numbers', () => {
  it.each(publishedFigureIds)('of %s each say where they stand, and are shares of a whole', (id) => {
    const all = publishedFigure(id)?.sets.flatMap(({ points }) => points) ?? [];
    expect(all.length).toBeGreaterThan(1);
    for (const { name, source, accuracy, x } of all) {
      expect(name).not.toBe('');
      expect(source).toMatch(/^s1, arXiv 2501\.19393v3, (Figure|Table) \d/);
      expect(accuracy).toBeGreaterThanOrEqual(0);
      expect(accuracy).toBeLessThanOrEqual(100);
      if (x !== null) expect(x).toBeGreaterThan(0);
    }
  });

  it.each([
    'token-conditional',
    'token-conditional with forcing',
    'step-conditional',
    'step-conditional with forcing',
    'class-conditional',
    'rejection sampling',
  ])('of Table 3 follow from the points behind them: %s', (method) => {
    const points = pointsOf('s1-table-3', method).map(({ x, accuracy }) => ({ x: x ?? 0, y: accuracy }));
    const printed = publishedFigure('s1-table-3')?.measures.find((measures) => measures.method === method);
    expect(Math.round(allPairsScaling(points, 'log2'))).toBe(printed?.scaling);
    // Rejection sampling: the best of the figure is at a limit that its Scaling leaves out.
    if (method !== 'rejection sampling') expect(performance(points)).toBeCloseTo(printed?.performance ?? 0, 1);
  });

  it('of budget forcing scale by 15 points per doubling', () => {
    const points = pointsOf('s1-figure-1', 's1-32B, budget forcing').filter(({ source }) =>
      source.includes('commands'),
    );
    expect(points).toHaveLength(7);
    expect(
      allPairsScaling(
        points.map(({ x, accuracy }) => ({ x: x ?? 0, y: accuracy })),
        'log2',
      ),
    ).toBeCloseTo(14.82, 2);
  });
});
