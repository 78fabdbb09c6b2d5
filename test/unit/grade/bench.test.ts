import { expect, it } from 'vitest';
import { isEquivalent } from '../../../src/core/grade/gradeAnswer';
import { readCases } from './cases';
import { withGraderThread } from './support/graderProgram';

withGraderThread();

it('accepts at most 0.5 % of the pairs that differ and rejects at most 3 % of those that are the same', () => {
  const cases = readCases();
  const mistakes = cases.filter(
    ({ given, wanted, isSame }) => isEquivalent(given, { question: '', answer: wanted }) !== isSame,
  );
  const lines = mistakes.map(
    ({ kind, given, wanted, isSame }) => `${isSame ? 'rejected' : 'accepted'} (${kind}): ${given} for ${wanted}`,
  );
  const same = cases.filter(({ isSame }) => isSame).length;
  const accepted = mistakes.filter(({ isSame }) => !isSame).length;
  const rejected = mistakes.length - accepted;
  console.log(
    [`${accepted} of ${cases.length - same} accepted, ${rejected} of ${same} rejected falsely`, ...lines].join('\n'),
  );
  expect(cases.length).toBeGreaterThan(800);
  expect(accepted / (cases.length - same)).toBeLessThanOrEqual(0.005);
  expect(rejected / same).toBeLessThanOrEqual(0.03);
});
