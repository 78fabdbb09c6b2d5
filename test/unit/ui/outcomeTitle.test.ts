import { describe, expect, it } from 'vitest';
import { shortHash } from '../../../src/core/base/seeds';
import type { OutcomeRecord } from '../../../src/core/evaluate/outcomeRecord';
import { outcomeTitle } from '../../../src/ui/outcomes/outcomeTitle';

const problem = { id: 'p', question: 'How many?', answer: '3' };

function record(changes: Partial<OutcomeRecord> = {}): OutcomeRecord {
  return {
    schemaVersion: 1,
    traceId: 't',
    problemKey: 'p',
    questionHash: shortHash(problem.question),
    conditionKey: 'c',
    condition: 'Wait ×2',
    server: 'bundled',
    model: 'm',
    sample: 0,
    outcome: 'correct',
    answer: '3',
    thinkingTokens: 1_234,
    generatedTokens: 1_300,
    durationMs: 10,
    at: '2026-01-01T00:00:00Z',
    ...changes,
  };
}

describe('the line above a problem', () => {
  it('says what came out, under which condition, at what cost', () => {
    expect(outcomeTitle(problem, [record()])).toBe('$(pass)\u00a0Correct: 3 · Wait ×2 · 1,234 thinking tokens');
    expect(outcomeTitle(problem, [record({ outcome: 'wrong', answer: '2' })])).toContain('Wrong: 2, expected 3');
    expect(outcomeTitle(problem, [record({ outcome: 'no-answer', answer: null })])).toContain('No answer, expected 3');
  });

  it('counts samples together', () => {
    const samples = [record(), record({ sample: 1, outcome: 'wrong', thinkingTokens: 234 })];
    expect(outcomeTitle(problem, samples)).toBe(
      '$(question)\u00a01 of 2 samples correct · Wait ×2 · 734 thinking tokens',
    );
  });

  it('says that the question has changed since', () => {
    expect(outcomeTitle({ ...problem, question: 'How few?' }, [record()])).toMatch(/the question has changed since$/);
  });

  it('lets nothing of the answer become an icon', () => {
    expect(outcomeTitle(problem, [record({ answer: '$(trash)\u202e\n7' })])).toContain(
      'Correct: $\u200b(trash)\ufffd 7 ·',
    );
  });
});
