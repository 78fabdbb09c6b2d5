import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { type Collected, collectSource, type SourceRow } from '../../../src/core/curate/collect';
import type { SourceEntry } from '../../../src/core/curate/curationFile';

async function collected(entry: Partial<SourceEntry>, rows: readonly SourceRow[]): Promise<Collected[]> {
  const each = async function* () {
    yield* rows;
  };
  const all: Collected[] = [];
  for await (const one of collectSource({ name: 'a', file: 'a.jsonl', ...entry }, each(), 7)) all.push(one);
  return all;
}

describe("s1's sources", () => {
  it('GPQA has its choices in its question, shuffled as Python does with seed 42', async () => {
    const fixture = path.join(import.meta.dirname, '..', '..', 'fixtures', 'pythonRandom.json');
    const { gpqaSourceLetters } = JSON.parse(readFileSync(fixture, 'utf8')) as { gpqaSourceLetters: string };
    const rows = Array.from({ length: 348 }, (_, at) => ({
      Question: `What is ${at}?`,
      'Correct Answer': 'right\n',
      'Incorrect Answer 1': 'w1',
      'Incorrect Answer 2': 'w2',
      'Incorrect Answer 3': 'w3',
      Explanation: 'Because.',
    }));
    const all = (await collected({ preset: 'gpqa' }, rows)).map(({ row }) => row);
    expect(all.map(({ solution }) => solution?.at(-1)).join('')).toBe(gpqaSourceLetters);
    expect(all[0]?.solution).toMatch(/^Because\.\n\nAnswer: [A-D]$/);
    for (const { question, solution } of all) expect(question).toContain(`\n(${solution?.at(-1)}) right`);
    expect(all[0]?.question).toMatch(/^What is 0\?\nAnswer Choices:\n\(A\) \w+\n\(B\) \w+\n\(C\) \w+\n\(D\) \w+$/);
    expect(all[0]?.sourceType).toBe('Idavidrein/gpqa');
  });

  it('a sample is the same rows whatever else is sampled, in their order', async () => {
    const rows = Array.from({ length: 200 }, (_, at) => ({ question: `What is ${at}?` }));
    const drawn = async (sample: number) => (await collected({ sample }, rows)).map(({ row }) => row.question);
    const [few, more] = [await drawn(20), await drawn(50)];
    expect([few.length, more.length]).toEqual([20, 50]);
    expect(more.filter((question) => few.includes(question))).toEqual(few);
  });
});
