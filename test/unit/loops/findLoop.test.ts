import { readFileSync } from 'node:fs';
import path from 'node:path';
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { findLoop, type Loop, LoopDetector } from '../../../src/core/loops/findLoop';

/** A trace of test/fixtures/loopTraces.jsonl, as scripts/loopTraces.mjs writes them. */
interface Labelled {
  kind: string;
  loop: { period: number; from: number; end: number; different: number } | null;
  ids: number[];
}

const file = path.resolve(import.meta.dirname, '../../fixtures/loopTraces.jsonl');
const traces = readFileSync(file, 'utf8')
  .trimEnd()
  .split('\n')
  .map((line) => JSON.parse(line) as Labelled);
const loops = traces.flatMap(({ ids, loop }) => (loop ? [{ ids, ...loop }] : []));
const others = traces.filter(({ loop }) => loop === null);

/** The first alarm, and how many ids had come. */
function firstAlarm(ids: readonly number[]): { loop: Loop; after: number } | null {
  const detector = new LoopDetector();
  for (const [index, id] of ids.entries()) {
    const loop = detector.push(id);
    if (loop) return { loop, after: index + 1 };
  }
  return null;
}

/** Few different ids may be data: the rule of findLoop.ts. */
const latest = (period: number, different: number) => (different <= 12 ? Math.max(4 * period, 256) : 4 * period);

describe('labelled traces', () => {
  test('there are a hundred loops of periods 1 to 200, and a hundred others', () => {
    expect([loops.length, others.length]).toEqual([100, 100]);
    expect([Math.min(...loops.map(({ period }) => period)), Math.max(...loops.map(({ period }) => period))]).toEqual([
      1, 200,
    ]);
  });

  test('every loop is found where it is, with its period and its repeats', () => {
    for (const { ids, period, from, end } of loops) {
      expect(findLoop(ids)).toEqual({ period, from, repeats: Math.floor((end - from) / period) });
    }
  });

  test('not before its third repeat is complete, and within one period after it', () => {
    for (const { ids, period, from, different } of loops) {
      const after = (firstAlarm(ids)?.after ?? Number.POSITIVE_INFINITY) - from;
      expect(after).toBeGreaterThanOrEqual(3 * period);
      expect(after).toBeLessThanOrEqual(latest(period, different));
    }
  });

  test.each([...new Set(others.map(({ kind }) => kind))])('no alarm in: %s', (kind) => {
    for (const { ids } of others.filter((one) => one.kind === kind)) expect(findLoop(ids)).toBeNull();
  });
});

const someIds = (length: number, variety: number) =>
  fc.array(fc.integer({ min: 0, max: variety }), { minLength: length, maxLength: length });

describe('any ids', () => {
  test('what is called a loop repeats exactly, at least three times', () => {
    const stuttering = fc
      .array(fc.tuple(fc.array(fc.integer({ min: 0, max: 30 }), { minLength: 1, maxLength: 40 }), fc.nat({ max: 9 })))
      .map((parts) => parts.flatMap(([block, times]) => Array.from({ length: times }, () => block).flat()));
    fc.assert(
      fc.property(stuttering, (ids) => {
        const detector = new LoopDetector();
        for (const [index, id] of ids.entries()) {
          const loop = detector.push(id);
          if (!loop) continue;
          expect(index + 1 - loop.from).toBeGreaterThanOrEqual(3 * loop.period);
          for (let at = loop.from + loop.period; at <= index; at++) expect(ids[at]).toBe(ids[at - loop.period]);
        }
      }),
    );
  });

  test('ids that all differ, repeated in any way and anywhere, are found after exactly three repeats', () => {
    fc.assert(
      fc.property(someIds(50, 1000), fc.integer({ min: 16, max: 1024 }), fc.nat({ max: 6000 }), (lead, period, far) => {
        // The block's ids occur nowhere else.
        const before = Array.from({ length: far }, (_, index) => 10_000 + index);
        const from = lead.length + far;
        const ids = [...lead, ...before, ...Array.from({ length: 3 * period }, (_, index) => 2000 + (index % period))];
        expect(firstAlarm(ids)).toEqual({ loop: { period, repeats: 3, from }, after: ids.length });
      }),
      { numRuns: 50 },
    );
  });

  test('one changed id in each repeat is no loop', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 100 }), (period) => {
        const ids = Array.from({ length: 20 * period }, (_, index) => (index % period ? index % period : 1000 + index));
        expect(findLoop(ids)).toBeNull();
      }),
    );
  });
});

describe('few different ids', () => {
  test.each([
    [1, 255, false],
    [1, 256, true],
    [12, 255, false],
    [12, 256, true],
    [13, 38, false],
    [13, 39, true],
  ])('%i of them over %i ids: a loop is %s', (different, length, isLoop) => {
    const ids = Array.from({ length }, (_, index) => index % different);
    expect(findLoop(ids) !== null).toBe(isLoop);
  });
});

test('a loop that ends is over, and the next one is found', () => {
  const block = Array.from({ length: 20 }, (_, index) => index);
  const detector = new LoopDetector();
  const feed = (ids: number[]) => ids.map((id) => detector.push(id)).at(-1);
  expect(feed([...block, ...block, ...block, 0])).toEqual({ period: 20, repeats: 3, from: 0 });
  expect(feed([99])).toBeNull();
  const other = block.map((id) => id + 200);
  expect(feed([...other, ...other, ...other])).toEqual({ period: 20, repeats: 3, from: 62 });
});
