import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { judgeQuestion, readVerdict } from '../../../src/core/curate/features/grades';
import { type TrainingFormat, trainingText } from '../../../src/core/curate/output/trainingText';
import { promptSuffix } from '../../../src/core/forcing/promptSuffix';

interface Prompts {
  figure8: {
    problem: string;
    attempt: string;
    correctAnswer: string;
    sections: string;
    replies: [reply: string, verdict: boolean | null][];
  };
  figure10: {
    question: string;
    thinking: string;
    answer: string;
    tokens: [length: number, suffix: string][];
    left: string;
    right: string;
  };
}

const file = path.resolve(import.meta.dirname, '../../fixtures/s1Prompts.json');
const { figure8, figure10 } = JSON.parse(readFileSync(file, 'utf8')) as Prompts;

describe('the grading prompt of Figure 8', () => {
  it('has problem, attempt and correct answer under their headings, in this order, at its end', () => {
    const asked = judgeQuestion({ question: figure8.problem, solution: figure8.correctAnswer }, figure8.attempt);
    expect(asked.endsWith(figure8.sections)).toBe(true);
    expect(asked).toContain('a last line that is exactly "Yes" or "No"');
  });

  it.each(figure8.replies)('reads the reply %j as %j', (reply, verdict) => {
    expect(readVerdict(reply)).toBe(verdict);
  });
});

describe('the prompts of Figure 10', () => {
  const written = (format: TrainingFormat, length: number) =>
    trainingText({
      ...figure10,
      system: '',
      dialect: 's1',
      stepSeparator: '\n\n',
      format,
      length,
      attempt: figure10.answer,
    });

  it.each(figure10.tokens)('ask of a trace of %i tokens: %s', (length, suffix) => {
    expect(written('tcc', length)).toContain(`${figure10.question}\n\n${suffix}<|im_end|>`);
  });

  it('on the left ask for tokens and leave the thought as it is', () => {
    expect(written('tcc', 1_500).endsWith(figure10.left)).toBe(true);
  });

  it('on the right ask for steps and count them down', () => {
    expect(written('scc-bucket', 0).endsWith(figure10.right)).toBe(true);
  });

  it('are asked in the same words when a model is evaluated', () => {
    expect(figure10.left).toContain(promptSuffix('tokens:2048'));
    expect(figure10.right).toContain(promptSuffix('steps:4'));
  });
});
