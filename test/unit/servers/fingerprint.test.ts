import { describe, expect, it } from 'vitest';
import { compareFingerprints, type Fingerprint } from '../../../src/core/servers/fingerprint';

const before: Fingerprint = {
  model: 's1-32B',
  version: '0.10.2',
  contextLength: 32_768,
  prompt: 'abc',
  greedyIds: [1, 2, 3],
};

describe('a server', () => {
  it('that is the same differs in nothing', () => {
    expect(compareFingerprints(before, { ...before })).toEqual({ refuse: [], warn: [] });
  });

  it.each([
    [{ model: 's1.1-32B' }, /model was s1-32B and is s1\.1-32B/],
    [{ version: null }, /version .* was 0\.10\.2 and is not told/],
    [{ contextLength: 20_000 }, /context length was 32768/],
    [{ prompt: 'xyz' }, /chat template or the tokenizer/],
  ])('with %j is another one', (change, says) => {
    const { refuse, warn } = compareFingerprints(before, { ...before, ...change });
    expect(refuse).toEqual([expect.stringMatching(says)]);
    expect(warn).toEqual([]);
  });

  it.each([
    [[1, 2, 4], /from token 3 on/],
    [[1, 2], /from token 3 on/],
  ])('that goes on with %j only warns: sums differ between batches', (greedyIds, says) => {
    expect(compareFingerprints(before, { ...before, greedyIds })).toEqual({
      refuse: [],
      warn: [expect.stringMatching(says)],
    });
  });
});
