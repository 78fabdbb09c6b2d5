import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { extractChoice, gradeAnswer, isEquivalent } from '../../../src/core/grade/gradeAnswer';
import { isSameLatex } from '../../../src/core/grade/latex/compare';
import { compareExpressions } from '../../../src/core/grade/latex/expressions';

const pieces =
  String.raw`a x B 1 0. 12 , ; : . ! = < > | - + * / ( ) [ ] { } ^ _ ^{ _{ $ \$ % \% & \\ \frac \frac{ \frac{1}{2} \sqrt{ \text{ \text{and} \left( \pm
  \cup \{ \} \infty \begin{pmatrix} \end{pmatrix} \overline{3} \binom{ \exp( \over \le \in \pi i cm ° ½ √ Answer: \boxed{`.split(
    /\s+/,
  );
const nonsense = fc
  .array(fc.oneof(fc.constantFrom(...pieces, ' ', 'and ', '\n'), fc.string({ maxLength: 3 })), { maxLength: 14 })
  .map((parts) => parts.join(''));

describe('whatever a model writes', () => {
  it('is graded without an error, and is the same as itself', () => {
    fc.assert(
      fc.property(nonsense, nonsense, (given, wanted) => {
        for (const grader of ['latex', 'choice', 'exact', 's1-harness'] as const) {
          gradeAnswer(given, { question: '', answer: wanted }, grader);
        }
        extractChoice(given);
        expect(isEquivalent(given, { question: '', answer: given })).toBe(given.trim() !== '');
      }),
      { seed: 1, numRuns: 2_000 },
    );
  });

  it('is compared by the engine without an error', () => {
    fc.assert(
      fc.property(nonsense, nonsense, (a, b) => {
        compareExpressions(a, b, 'equal');
      }),
      { seed: 2, numRuns: 300 },
    );
  });
});

describe('numbers', () => {
  const whole = fc.bigInt({ min: -(10n ** 25n), max: 10n ** 25n });
  const written = (n: bigint, d: bigint, form: number) =>
    [`\\frac{${n}}{${d}}`, `${n}/${d}`, `-\\dfrac{${-n}}{${d}}`, `\\frac{${n * 7n}}{${d * 7n}}`][form % 4] ?? '';

  it('are the same exactly if their cross products are', () => {
    const below = fc.bigInt({ min: 1n, max: 10n ** 12n });
    const near = fc.tuple(whole, below, fc.constantFrom(-1n, 0n, 1n), fc.nat(3), fc.nat(3));
    fc.assert(
      fc.property(near, ([n, d, off, first, second]) => {
        const never = () => 'unknown' as const;
        expect(isSameLatex(written(n, d, first), written(n + off, d, second), never)).toBe(off === 0n);
      }),
      { seed: 3 },
    );
  });
});
