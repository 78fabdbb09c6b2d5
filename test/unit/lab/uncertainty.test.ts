import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { entropyEstimate, tokenEnds } from '../../../src/core/lab/uncertainty';

describe('the estimate of entropy', () => {
  it('is exact where every outcome is listed, whether the token itself is among them or not', () => {
    const top: [string, number][] = [
      ['a', Math.log(0.5)],
      ['b', Math.log(0.25)],
      ['c', Math.log(0.25)],
    ];
    const exact = 0.5 * Math.log(2) + 0.5 * Math.log(4);
    expect(entropyEstimate({ text: 'a', logprob: Math.log(0.5), top })).toBeCloseTo(exact, 10);
    expect(entropyEstimate({ text: 'a', logprob: Math.log(0.5), top: top.slice(1) })).toBeCloseTo(exact, 10);
  });

  it('never exceeds the entropy of the whole distribution, and grows with every alternative that is listed', () => {
    const weights = fc.array(fc.double({ min: 1e-6, max: 1, noNaN: true }), { minLength: 2, maxLength: 40 });
    fc.assert(
      fc.property(weights, (raw) => {
        const sum = raw.reduce((a, b) => a + b, 0);
        const all = raw.map((weight) => weight / sum).sort((a, b) => b - a);
        const whole = all.reduce((entropy, p) => entropy - p * Math.log(p), 0);
        const listed = (count: number) =>
          entropyEstimate({
            text: '0',
            logprob: Math.log(all[0] ?? 1),
            top: all.slice(0, count).map((p, index): [string, number] => [String(index), Math.log(p)]),
          });
        for (let count = 1; count <= all.length; count++) {
          expect(listed(count)).toBeLessThanOrEqual(whole + 1e-9);
          expect(listed(count)).toBeGreaterThanOrEqual(listed(count - 1) - 1e-9);
        }
        expect(listed(all.length)).toBeCloseTo(whole, 6);
      }),
    );
  });

  it('of a server that claims more than certainty is still a number from 0 up', () => {
    expect(
      entropyEstimate({
        text: 'a',
        logprob: 0,
        top: [
          ['a', 0],
          ['b', 0],
        ],
      }),
    ).toBeCloseTo(Math.log(2), 10);
    expect(entropyEstimate({ text: 'a', logprob: -9999, top: [] })).toBe(0);
  });
});

describe('the ends of tokens in a text', () => {
  it('are found exactly where the tokens are pieces of the text', () => {
    fc.assert(
      fc.property(fc.array(fc.string({ minLength: 1, maxLength: 5 }), { minLength: 1 }), (tokens) => {
        let at = 0;
        expect(tokenEnds(tokens.join(''), tokens)).toEqual(tokens.map((token) => (at += token.length)));
      }),
    );
  });

  it('give a character to the last of the tokens that make it, and go on exactly behind it', () => {
    expect(tokenEnds('so 😀 it', ['so', ' ', '', '', '😀', ' it'])).toEqual([2, 3, 3, 3, 5, 8]);
    expect(tokenEnds('so 😀 it', ['so', ' ', '\ufffd', '\ufffd', '\ufffd', ' it'])).toEqual([2, 3, 3, 3, 5, 8]);
  });

  it('are not made up where the names are not in the text', () => {
    expect(tokenEnds('so it is', ['token_id:5', 'token_id:6', 'token_id:7'])).toBeUndefined();
  });
});
