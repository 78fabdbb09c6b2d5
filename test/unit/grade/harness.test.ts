import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { gradeAnswer } from '../../../src/core/grade/gradeAnswer';
import { HarnessCrash, harnessExtracted, harnessTruth } from '../../../src/core/grade/harness';
import type { Problem } from '../../../src/core/problems/problem';

type Graded = { extracted: string; isCorrect: boolean } | { crash: true };
interface Vector {
  response: string;
  number: Graded;
  letter: Graded;
}

const vectors: Vector[] = JSON.parse(readFileSync(path.join(import.meta.dirname, 'harnessVectors.json'), 'utf8'));
const ofNumbers: Problem = { question: '', answer: '023' };
const ofLetters: Problem = { question: '', answer: 'B', choices: ['w', 'x', 'y', 'z'] };

function graded(response: string, problem: Problem): Graded {
  try {
    const extracted = harnessExtracted(response, problem);
    return { extracted, isCorrect: extracted === harnessTruth(problem) };
  } catch (error) {
    if (error instanceof HarnessCrash) return { crash: true };
    throw error;
  }
}

describe('the preset s1-harness', () => {
  it('extracts and grades every vector of the independent reading in Python', () => {
    expect(vectors.length).toBeGreaterThan(500);
    for (const { response, number, letter } of vectors) {
      expect({ response, graded: graded(response, ofNumbers) }).toEqual({ response, graded: number });
      expect({ response, graded: graded(response, ofLetters) }).toEqual({ response, graded: letter });
    }
  });

  it('leaves ungraded what the released evaluation would have crashed on', () => {
    expect(gradeAnswer('\\fbox{23}', ofNumbers, 's1-harness')).toEqual({ extracted: '\\fbox{23}', isCorrect: null });
  });

  it('looks at the whole response, and takes A where no letter was chosen', () => {
    const response = '<|im_start|>think\nAnswer: B\n<|im_start|>answer\nnone';
    expect(gradeAnswer('none', { ...ofLetters, answer: 'w' }, 's1-harness', response)).toEqual({
      extracted: 'A',
      isCorrect: true,
    });
  });
});
