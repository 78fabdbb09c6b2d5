import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOf, printable } from '../../../src/cli/output';
import { errorCodes, SecondThoughtError } from '../../../src/core/base/errors';

describe('text of a model on a terminal', () => {
  it.each([
    ['\u001b[2J\u001b]0;owned\u0007', 'escape sequences'],
    ['a\rb', 'carriage returns'],
    ['\u202eevil', 'direction overrides'],
    ['\u0000\u009b31m', 'NULs and eight-bit controls'],
  ])('%j is shown without its %s', (text) => {
    expect(printable(text)).toMatch(/\ufffd/);
    expect(printable(text)).not.toMatch(/(?![\n\t])\p{Cc}|[\u202a-\u202e]/u);
  });

  it('keeps lines, tabs and other languages', () => {
    expect(printable('a\n\tб中🙂')).toBe('a\n\tб中🙂');
  });
});

describe('exit codes', () => {
  it.each([
    ['cancelled', 130],
    ['bad-usage', 2],
    ['empty-problem', 2],
    ['server-unreachable', 1],
  ] as const)('%s is %i', (code, exit) => {
    expect(exitCodeOf(new SecondThoughtError(code, 'x'))).toBe(exit);
  });
});

describe('docs/errors.md', () => {
  it('lists every code with what it stands for', () => {
    const page = readFileSync(path.resolve(import.meta.dirname, '../../../docs/errors.md'), 'utf8');
    const rows = [...page.matchAll(/^\| `([\w-]+)` \| (.*) \|$/gm)].map((row) => [row[1], row[2]]);
    expect(Object.fromEntries(rows)).toEqual(errorCodes);
  });
});
