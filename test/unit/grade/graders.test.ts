import { describe, expect, it } from 'vitest';
import { extractChoice, gradeAnswer } from '../../../src/core/grade/gradeAnswer';
import { graderName, graderSchema, parseGrader } from '../../../src/core/grade/graderSpec';
import { parseStudy } from '../../../src/core/studies/studyFile';

describe('the grader choice', () => {
  it.each([
    ['B', 'B'],
    ['b', 'B'],
    ['(B)', 'B'],
    ['B. because it is', 'B'],
    ['\\text{B}', 'B'],
    ['$\\boxed{\\text{(C)}}$', 'C'],
    ['Answer: B', 'B'],
    ['Final Answer: The final answer is $\\boxed{D}$. I hope it is correct.', 'D'],
    ['**Answer: (A)**', 'A'],
    ['The correct answer is B.', 'B'],
    ['I think about it.\nSo the answer is (C).', 'C'],
    ['Answer: option D', 'D'],
    ['A triangle', null],
    ['Both', null],
    ['none of these', null],
    ['', null],
    ['A, B', null],
  ])('finds in %j the letter %j', (text, letter) => {
    expect(extractChoice(text)).toBe(letter);
  });

  it('compares with a reference that is a letter or the text of a choice', () => {
    const choices = ['red', 'green'];
    expect(gradeAnswer('Answer: B', { question: '', answer: 'green', choices }, 'choice').isCorrect).toBe(true);
    expect(gradeAnswer('Answer: B', { question: '', answer: '(B)' }, 'choice').isCorrect).toBe(true);
    expect(gradeAnswer('Answer: A', { question: '', answer: 'green', choices }, 'choice').isCorrect).toBe(false);
  });
});

describe('the grader exact', () => {
  it('takes the reference, character for character, and nothing else', () => {
    expect(gradeAnswer('\\boxed{1/2}', { question: '', answer: '1/2' }, 'exact').isCorrect).toBe(true);
    expect(gradeAnswer('\\boxed{0.5}', { question: '', answer: '1/2' }, 'exact').isCorrect).toBe(false);
  });

  it('cannot say anything without a reference', () => {
    expect(gradeAnswer('5', { question: '' }, 'exact')).toEqual({ extracted: '5', isCorrect: null });
  });
});

describe('the name of a grader', () => {
  it.each(['latex', 'choice', 'exact', 's1-harness', 'regex:####\\s*(.+)'])('%s is read and written alike', (name) => {
    expect(graderName(parseGrader(name))).toBe(name);
  });

  it.each([
    ['regex:(', 'no regular expression with one group'],
    ['regex:a', 'no regular expression with one group'],
    ['regex:(a)(b)', 'no regular expression with one group'],
    ['math', 'There is no grader "math"'],
  ])('%s is refused: %s', (name, message) => {
    expect(() => parseGrader(name)).toThrow(message);
  });

  it.each([
    [
      'latexx',
      'It must be one of latex, choice, exact, s1-harness, { regex: PATTERN }, or { kind: llm-matcher, server: ID }',
    ],
    ['{ regex: a }', 'It must be a regular expression with one group, around the answer'],
  ])('in a study is explained with its place: %s', (grader, message) => {
    const study = `problems: [{ file: a.jsonl }]\nconditions: [{}]\ngrader: ${grader}\n`;
    expect(() => parseStudy(study, 'a.study.yaml')).toThrow(new RegExp(`a.study.yaml:3:\\d+: grader.*${message}`));
  });

  it('of a pattern is an object in files', () => {
    expect(graderSchema.safeParse({ regex: 'x(.)' }).success).toBe(true);
    expect(graderSchema.safeParse({ regex: 'x' }).success).toBe(false);
  });
});
