import { describe, expect, it } from 'vitest';
import { gradeAnswer, isEquivalent } from '../../../src/core/grade/gradeAnswer';
import { askGraderThread } from '../../../src/core/grade/graderThread';
import { withGraderThread } from './support/graderProgram';

withGraderThread();

const isSame = (given: string, answer: string) => isEquivalent(given, { question: '', answer });

describe('the grader thread', () => {
  it('gives up on a sum that would take minutes, and replies to the next question', () => {
    const endless = String.raw`\sum_{k=1}^{2000}\sum_{j=1}^{2000}\sin(j)`;
    expect(askGraderThread({ ask: 'compare', a: endless, b: String.raw`\sqrt{2}`, relation: 'equal' })).toBe(null);
    expect(isSame(endless, String.raw`\sqrt{2}`)).toBe(false);
    expect(isSame(String.raw`\sqrt{8}`, String.raw`2\sqrt{2}`)).toBe(true);
  });

  it('ends a regular expression that backtracks without end, and finds no answer by it', () => {
    const problem = { question: '', answer: 'a' };
    expect(gradeAnswer(`${'a'.repeat(40)}!`, problem, { regex: '((?:a+)+)$' })).toEqual({
      extracted: null,
      isCorrect: false,
    });
    expect(gradeAnswer('#### 42', { question: '', answer: '42' }, { regex: '####\\s*(.+)' }).isCorrect).toBe(true);
  });

  it('says what is wrong with a pattern that is none', () => {
    expect(askGraderThread({ ask: 'match', pattern: '(', text: '' })).toMatchObject({
      failed: expect.stringContaining('SyntaxError'),
    });
  });
});
