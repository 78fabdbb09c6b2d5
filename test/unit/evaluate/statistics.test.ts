import { describe, expect, it } from 'vitest';
import { wilsonInterval } from '../../../src/core/evaluate/statistics';

describe('the Wilson interval', () => {
  // The roots of (p − k/n)² = z² p (1 − p) / n, solved in Python with z from statistics.NormalDist.
  it.each([
    [211, 400, 0.478546, 0.575931],
    [392, 400, 0.961037, 0.989832],
    [0, 10, 0, 0.277533],
    [10, 10, 0.722467, 1],
  ])('of %i out of %i agrees with the roots of its equation', (successes, total, low, high) => {
    const [a, b] = wilsonInterval(successes, total);
    expect(a).toBeCloseTo(low, 5);
    expect(b).toBeCloseTo(high, 5);
  });
});
