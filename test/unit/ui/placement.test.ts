import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { moveLine } from '../../../src/ui/inlineTrace/placement';

/** What an editor does to a document of numbered lines. */
function edited(
  lines: string[],
  { startLine, endLine, newLines }: { startLine: number; endLine: number; newLines: number },
) {
  const inserted = Array.from({ length: newLines }, () => 'new');
  return [...lines.slice(0, startLine + 1), ...inserted, ...lines.slice(endLine + 1)];
}

describe('a line that an inline trace stands below', () => {
  it('moves with lines that are inserted or removed above it, and stays where others change', () => {
    expect(moveLine(5, [{ startLine: 2, endLine: 2, newLines: 3 }])).toBe(8);
    expect(moveLine(5, [{ startLine: 1, endLine: 3, newLines: 0 }])).toBe(3);
    expect(moveLine(5, [{ startLine: 5, endLine: 5, newLines: 2 }])).toBe(5);
    expect(moveLine(5, [{ startLine: 7, endLine: 9, newLines: 0 }])).toBe(5);
  });

  it('is where its text is after any change that leaves it alone', () => {
    const change = fc
      .record({ a: fc.nat(29), b: fc.nat(29), newLines: fc.nat(5) })
      .map(({ a, b, newLines }) => ({ startLine: Math.min(a, b), endLine: Math.max(a, b), newLines }));
    fc.assert(
      fc.property(fc.nat(29), change, (line, by) => {
        fc.pre(line <= by.startLine || line > by.endLine);
        const lines = Array.from({ length: 30 }, (_, number) => `line ${number}`);
        const after = edited(lines, by);
        expect(after[moveLine(line, [by])]).toBe(line === by.startLine ? lines[by.startLine] : `line ${line}`);
      }),
      { seed: 1 },
    );
  });

  it('stays inside what replaced it', () => {
    expect(moveLine(5, [{ startLine: 3, endLine: 9, newLines: 1 }])).toBe(4);
    expect(moveLine(5, [{ startLine: 3, endLine: 9, newLines: 20 }])).toBe(5);
  });
});
