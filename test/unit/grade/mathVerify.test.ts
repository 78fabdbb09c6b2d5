import { readFileSync } from 'node:fs';
import path from 'node:path';
import { expect, it } from 'vitest';
import { isEquivalent } from '../../../src/core/grade/gradeAnswer';
import { withGraderThread } from './support/graderProgram';

interface Pair {
  kind: string;
  given: string;
  wanted: string;
  /** By construction. */
  isSame: boolean;
  /** What math-verify said. */
  mathVerify: boolean;
}

withGraderThread();

it('judges the 2,000 generated pairs as they were made, also where math-verify does not', () => {
  const file = path.join(import.meta.dirname, 'mathVerifyPairs.jsonl');
  const pairs: Pair[] = readFileSync(file, 'utf8')
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line));
  const judged = pairs.map((pair) => ({
    ...pair,
    ours: isEquivalent(pair.given, { question: '', answer: pair.wanted }),
  }));
  const disagreements = judged.filter(({ ours, mathVerify }) => ours !== mathVerify);
  console.log(tableOf(disagreements));
  expect(pairs.length).toBe(2_000);
  expect(disagreements.length).toBe(104); // as in docs/grading.md
  expect(judged.filter(({ ours, isSame }) => ours !== isSame)).toEqual([]);
});

function tableOf(disagreements: Pair[]): string {
  const kinds = new Map<string, Pair[]>();
  for (const pair of disagreements) {
    const name = `${pair.kind}, ${pair.isSame ? 'the same' : 'different'}`;
    kinds.set(name, [...(kinds.get(name) ?? []), pair]);
  }
  return [...kinds]
    .map(([kind, all]) => `${kind}: ${all.length}, such as ${all[0]?.given} for ${all[0]?.wanted}`)
    .join('\n');
}
