import { describe, expect, it } from 'vitest';
import { parseProblems, pickProblem, problemAt } from '../../../src/core/problems/problemFile';

const rows = '{"id":"a","question":"One?","answer":1}\n\nnot json\n{"problem":"Two?","choices":["x","y"]}\n';
const markdown = '# First\nHow many?\n\nAnswer: 3\n\n# Second\nAnd why?\n';

describe('problems of a file', () => {
  it('are its JSON lines that have a question, under any of its usual names', () => {
    expect(parseProblems(rows, { fileName: 'p.jsonl' })).toEqual([
      { problem: { id: 'a', question: 'One?', answer: '1' }, startLine: 0, endLine: 0 },
      { problem: { question: 'Two?', choices: ['x', 'y'] }, startLine: 3, endLine: 3 },
    ]);
  });

  it('are the sections of a Markdown file, with their answers', () => {
    expect(parseProblems(markdown, { fileName: 'p.md' })).toEqual([
      { problem: { id: 'First', question: 'How many?', answer: '3' }, startLine: 0, endLine: 4 },
      { problem: { id: 'Second', question: 'And why?' }, startLine: 5, endLine: 7 },
    ]);
  });

  it('are found by the line of the cursor', () => {
    expect(problemAt(markdown, 'p.md', 6)?.problem.id).toBe('Second');
    expect(problemAt(rows, 'p.jsonl', 1)).toBeUndefined();
  });

  it('are picked by id, and a wrong id names those there are', () => {
    const problems = parseProblems(rows, { fileName: 'p.jsonl' });
    expect(pickProblem(problems, undefined, 'p.jsonl').id).toBe('a');
    expect(() => pickProblem(problems, 'z', 'p.jsonl')).toThrow('no problem with the id "z"');
    expect(() => pickProblem([], undefined, 'p.jsonl')).toThrow('holds no problem');
  });
});
