import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../../src/core/search/allocate';

const scores = fc.array(fc.double({ min: -5, max: 5, noNaN: true }), { minLength: 1, maxLength: 40 });
const width = fc.integer({ min: 0, max: 64 });
const temperature = fc.double({ min: 0.01, max: 10, noNaN: true });

describe('the width of a search is shared out', () => {
  it('as in the worked example of the s1 fact sheet', () => {
    expect(allocate([0.9, 0.5, 0.1], 16, 0.2)).toEqual([14, 2, 0]);
  });

  it('wherever the scores stand in the list', () => {
    expect(allocate([0.1, 0.9, 0.5], 16, 0.2)).toEqual([0, 14, 2]);
  });

  it('evenly among equals, the first of them first', () => {
    expect(allocate([0.5, 0.5, 0.5], 8, 0.2)).toEqual([3, 3, 2]);
    expect(allocate([1], 8, 0.2)).toEqual([8]);
    expect(allocate([], 8, 0.2)).toEqual([]);
  });

  it('to the last place, and a better score never gets less', () => {
    fc.assert(
      fc.property(scores, width, temperature, (values, total, t) => {
        const counts = allocate(values, total, t);
        expect(counts.reduce((a, b) => a + b, 0)).toBe(total);
        for (const [i, a] of values.entries()) {
          for (const [j, b] of values.entries()) {
            if (Math.exp((a - b) / t) > 1) expect(counts[i]).toBeGreaterThanOrEqual(Number(counts[j]));
          }
        }
      }),
    );
  });
});
