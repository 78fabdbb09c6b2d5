import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { exitCodeOf } from '../../../src/cli/output';
import { errorCodes, SecondThoughtError } from '../../../src/core/base/errors';

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
