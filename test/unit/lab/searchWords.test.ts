import { describe, expect, it } from 'vitest';
import { parseSearch } from '../../../src/core/lab/searchWords';

describe('a search that is typed in one line', () => {
  it.each([
    ['let me check', { pattern: 'let me check', isRegExp: false }],
    ['/wait, (no|that)/', { pattern: 'wait, (no|that)', isRegExp: true }],
    ['hmm in:thinking outcome:wrong', { pattern: 'hmm', isRegExp: false, phase: 'thinking', outcome: 'wrong' }],
    ['origin:forced-cue fate:kept Wait', { pattern: 'Wait', isRegExp: false, origin: 'forced-cue', fate: 'kept' }],
    ['x tokens:>500', { pattern: 'x', isRegExp: false, minThinkingTokens: 501 }],
    ['x tokens:<500', { pattern: 'x', isRegExp: false, maxThinkingTokens: 499 }],
    ['x tokens:100-200', { pattern: 'x', isRegExp: false, minThinkingTokens: 100, maxThinkingTokens: 200 }],
    ['ratio: 3:4 http://x', { pattern: 'ratio: 3:4 http://x', isRegExp: false }],
    ['label:slip', { pattern: '\\S[^\\n]*', isRegExp: true, phase: 'question', label: 'slip' }],
    ['the in:sum is', { pattern: 'the in:sum is', isRegExp: false }],
  ])('%s', (line, query) => {
    expect(parseSearch(line)).toEqual(query);
  });

  it.each([
    ['x outcome:bad', /"outcome:bad" is no filter/],
    ['x tokens:many', /"tokens:many" is no filter/],
    ['  ', /nothing to search for/],
  ])('refuses %s in one sentence', (line, sentence) => {
    expect(() => parseSearch(line)).toThrow(sentence);
  });
});
