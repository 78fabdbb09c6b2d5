import { readFileSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, it } from 'vitest';
import { PythonRandom } from '../../../src/core/base/pythonRandom';

interface Vectors {
  seed: { text?: string; number?: string };
  randomDecimal: number[];
  /** The 696th to the 700th number: the state was renewed twice. */
  last: number[];
  getrandbits: [number, string][];
  shuffle: number[][];
  choice: number[];
  sample: [number, number, number[]][];
}

/** Made by CPython: test/makePythonRandomFixtures.py */
const fixture = path.join(import.meta.dirname, '..', '..', 'fixtures', 'pythonRandom.json');
const { vectors, gpqaLetters } = JSON.parse(readFileSync(fixture, 'utf8')) as {
  vectors: Vectors[];
  gpqaLetters: string;
};
const range = (length: number) => Array.from({ length }, (_, index) => index);
const choiceSizes = [1, 2, 3, 7, 64, 65, 1_000, 1_000_000];

describe.each(vectors.map((one) => [JSON.stringify(one.seed), one] as const))('seeded with %s', (_, wanted) => {
  const fresh = () => new PythonRandom(wanted.seed.text ?? BigInt(wanted.seed.number ?? 0));

  it('numbers are those of CPython', () => {
    const random = fresh();
    const numbers = range(700).map(() => random.random());
    expect(numbers.slice(0, 5)).toEqual(wanted.randomDecimal);
    expect(numbers.slice(-5)).toEqual(wanted.last);
  });

  it('bits are those of CPython', () => {
    const random = fresh();
    const bits = wanted.getrandbits.map(([count]) => [count, random.getrandbits(count).toString()]);
    expect(bits).toEqual(wanted.getrandbits);
  });

  it('lists are shuffled as by CPython', () => {
    const random = fresh();
    const lists = wanted.shuffle.map(({ length }) => {
      const list = range(length);
      random.shuffle(list);
      return list;
    });
    expect(lists).toEqual(wanted.shuffle);
  });

  it('choices and samples are those of CPython', () => {
    const [choosing, sampling] = [fresh(), fresh()];
    expect(choiceSizes.map((size) => choosing.choice(range(size)))).toEqual(wanted.choice);
    const samples = wanted.sample.map(([size, count]) => [size, count, sampling.sample(range(size), count)]);
    expect(samples).toEqual(wanted.sample);
  });
});

it('the right answers of 198 questions with four choices get the letters that the harness gives them', () => {
  const random = new PythonRandom(0);
  const letters = range(198).map(() => {
    const choices = ['w1', 'w2', 'w3', 'right'];
    random.shuffle(choices);
    return 'ABCD'[choices.indexOf('right')];
  });
  expect(letters.join('')).toBe(gpqaLetters);
});
