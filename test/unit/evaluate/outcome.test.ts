import { describe, expect, it } from 'vitest';
import { extractAnswer, isEquivalent } from '../../../src/core/evaluate/outcome';

describe('the answer in a text', () => {
  it.each([
    ['Final Answer: The final answer is $\\boxed{3}$', '3'],
    ['first \\boxed{1}, then \\boxed{\\frac{1}{2}}', '\\frac{1}{2}'],
    ['Final Answer: 42.', '42'],
    ['Answer: no\nAnswer: yes', 'yes'],
    ['7', '7'],
    ['\\boxed{broken', '\\boxed{broken'],
    ['', null],
    ['two\nlines', null],
    ['Final Answer:', null],
    ['So the answer is $5$.\nThat is all.', '$5$'],
    ['Final Answer: The answer is 42.', '42'],
    ['**Answer:** 42', '42'],
  ])('of %j is %j', (text, answer) => {
    expect(extractAnswer(text)).toBe(answer);
  });
});

describe('an answer', () => {
  it.each([
    ['3', '3', true],
    ['3', '03', true],
    ['3.0', '3', true],
    ['1,234', '1234', true],
    ['\\frac{1}{2}', '0.5', true],
    ['-\\frac{1}{2}', '-0.5', true],
    ['1/4', '0.25', true],
    ['3', '4', false],
    ['blue', 'Blue', true],
    ['x', 'X', false],
    ['a  b', 'a b', true],
    ['1,2', '12', false],
  ])('%j counts as %j: %s', (given, answer, isRight) => {
    expect(isEquivalent(given, { question: 'q', answer })).toBe(isRight);
  });

  it.each([
    ['(B)', 'B', true],
    ['b', 'B', true],
    ['C. the third', 'B', false],
  ])('of a choice question, %j against %j: %s', (given, answer, isRight) => {
    expect(isEquivalent(given, { question: 'q', answer, choices: ['w', 'x', 'y', 'z'] })).toBe(isRight);
  });

  it.each([
    ['4', 'C', true],
    ['4.0', 'C', true],
    ['3', 'C', false],
    ['C', '4', true],
    ['5', '6', false],
  ])('a choice may be named by its text: %j for %j', (given, answer, isRight) => {
    expect(isEquivalent(given, { question: 'q', answer, choices: ['2', '3', '4'] })).toBe(isRight);
  });
});
