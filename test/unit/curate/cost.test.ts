import { expect, it } from 'vitest';
import { costOf, describeCost } from '../../../src/core/curate/cost';

it('costs of replies are prompts and replies at their prices per million, and a price that is not known is said', () => {
  const tokens = { prompt: 2_000_000, generated: 500_000 };
  expect(costOf(tokens, { input: 0.5, output: 2 })).toBe(2);
  expect(costOf(tokens, null)).toBeNull();
  expect(describeCost(tokens, 2)).toBe('2,000,000 tokens in, 500,000 out, $2.00');
  expect(describeCost({ prompt: 1_200, generated: 30 }, 0.00126)).toBe('1,200 tokens in, 30 out, $0.0013');
  expect(describeCost(tokens, null)).toBe('2,000,000 tokens in, 500,000 out, price not known');
  expect(describeCost(tokens, 0)).toBe('2,000,000 tokens in, 500,000 out'); // what runs here costs nothing
});
