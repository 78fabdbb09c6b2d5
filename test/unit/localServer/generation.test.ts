import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createRandom } from '../../../src/core/base/random';
import {
  type ChoicePlan,
  type Distributions,
  generate,
  type Step,
  type Vocabulary,
} from '../../../src/localServer/generation/choice';
import { type Adjustment, chooseId } from '../../../src/localServer/generation/sampler';
import { decideStop, isHeldBack, type StopRules } from '../../../src/localServer/generation/stopping';

const rules: StopRules = {
  minTokens: 0,
  maxTokens: 10,
  ignoreEos: false,
  eosId: 1,
  otherEogIds: new Set([2]),
  stopTokenIds: new Set(),
};

describe('how a generation ends', () => {
  test.each([
    ['the main end-of-sequence id', rules, 1, { finishReason: 'stop', stopReason: null }],
    [
      'the main one even if it is listed',
      { ...rules, stopTokenIds: new Set([1]) },
      1,
      { finishReason: 'stop', stopReason: null },
    ],
    [
      'a listed main one if it is ignored',
      { ...rules, ignoreEos: true, stopTokenIds: new Set([1]) },
      1,
      { finishReason: 'stop', stopReason: 1 },
    ],
    ['another end id of the model', rules, 2, { finishReason: 'stop', stopReason: 2 }],
    ['another one if it is ignored', { ...rules, ignoreEos: true }, 2, null],
    ['a stop id', { ...rules, stopTokenIds: new Set([7]) }, 7, { finishReason: 'stop', stopReason: 7 }],
    ['any other id', rules, 5, null],
  ])('%s', (_what, changed, id, expected) => {
    expect(decideStop(changed, id, 3)).toEqual(expected);
  });

  test('a stop id on the last place is a stop, not a length', () => {
    expect(decideStop(rules, 1, 10)?.finishReason).toBe('stop');
    expect(decideStop(rules, 5, 10)).toEqual({ finishReason: 'length', stopReason: null });
  });

  test('no id ends a generation before min_tokens, and each that would is held back', () => {
    const ids = fc.integer({ min: 0, max: 9 });
    const set = fc.uniqueArray(ids).map((list) => new Set(list));
    fc.assert(
      fc.property(
        set,
        ids,
        fc.integer({ min: 0, max: 10 }),
        fc.integer({ min: 0, max: 9 }),
        (stops, id, min, count) => {
          const own = { ...rules, stopTokenIds: stops, minTokens: min };
          const ends = decideStop(own, id, count + 1);
          if (count + 1 < min) expect(ends).toBeNull();
          if (ends?.finishReason === 'stop' && count < min) expect(isHeldBack(own, id, count)).toBe(true);
          if (count >= min) expect(isHeldBack(own, id, count)).toBe(false);
        },
      ),
    );
  });
});

const candidates = { ids: [10, 11, 12, 13], logprobs: [0.5, 0.3, 0.15, 0.05].map(Math.log) };
const free = { bias: new Map<number, number>(), banned: () => false };
const neutral = { temperature: 1, topK: 0, topP: 1, minP: 0 };

/** Which ids ever come out. */
function drawn(sampling: Partial<typeof neutral>, adjustment: Partial<Adjustment> = {}): number[] {
  const random = createRandom(1, 0);
  const ids = Array.from({ length: 500 }, () =>
    chooseId(candidates, { ...neutral, ...sampling }, { ...free, ...adjustment }, random),
  );
  return [...new Set(ids)].sort((a, b) => a - b);
}

describe('sampling', () => {
  test.each([
    ['temperature 0 takes the likeliest', { temperature: 0 }, {}, [10]],
    ['temperature 0 after a bias', { temperature: 0 }, { bias: new Map([[13, 5]]) }, [13]],
    ['top_k', { topK: 2 }, {}, [10, 11]],
    ['top_p keeps the id that crosses it', { topP: 0.6 }, {}, [10, 11]],
    ['min_p is relative to the likeliest', { minP: 0.25 }, {}, [10, 11, 12]],
    ['bans', {}, { banned: (id: number) => id === 10 }, [11, 12, 13]],
    ['a bias of -100', {}, { bias: new Map([[11, -100]]) }, [10, 12, 13]],
  ])('%s', (_what, sampling, adjustment, expected) => {
    expect(drawn(sampling, adjustment)).toEqual(expected);
  });

  test('frequencies follow the probabilities', () => {
    const random = createRandom(5, 0);
    const draws = Array.from({ length: 20_000 }, () => chooseId(candidates, neutral, free, random));
    for (const [index, id] of candidates.ids.entries()) {
      const expected = Math.exp(candidates.logprobs[index] ?? 0);
      // Four standard errors of a proportion.
      const tolerance = 4 * Math.sqrt((expected * (1 - expected)) / draws.length);
      expect(Math.abs(draws.filter((draw) => draw === id).length / draws.length - expected)).toBeLessThan(tolerance);
    }
  });

  test('all bits of a seed count, and choices of one request differ', () => {
    const first = (seed: number, child = 0) => createRandom(seed, child)();
    expect(first(2 ** 53 - 1)).toBe(first(2 ** 53 - 1));
    expect(new Set([first(1), first(2), first(1 + 2 ** 40), first(1, 5)]).size).toBe(4);
    expect(first(1, 1)).toBe(first(2)); // vLLM: choice i has seed+i
  });
});

const letters: Vocabulary = {
  size: 30,
  eosId: 1,
  otherEogIds: new Set([2]),
  unusedIds: new Set([29]),
  detokenize: (ids, keepSpecial) =>
    ids.map((id) => (id < 3 ? (keepSpecial ? `<${id}>` : '') : String.fromCharCode(94 + id))).join(''),
};

const plan: ChoicePlan = {
  promptIds: [3],
  maxTokens: 10,
  minTokens: 0,
  ignoreEos: false,
  stopTokenIds: new Set(),
  stopStrings: [],
  includeStopText: false,
  keepSpecial: true,
  sampling: { ...neutral, temperature: 0 },
  repetitionPenalty: 1,
  presencePenalty: 0,
  frequencyPenalty: 0,
  logitBias: new Map(),
  allowedIds: null,
  badWords: [],
  thinkingBudget: null,
  logprobs: null,
  promptLogprobs: null,
  seed: 1,
  child: 0,
};

/** A "model" that wants to say the given ids, each with id 4 as the second choice. */
async function* wanting(ids: readonly number[]): Distributions {
  for (const id of ids) yield { ids: [id, 4], logprobs: [-0.1, -3] };
}

async function run(ids: readonly number[], changes: Partial<ChoicePlan>) {
  const steps: Step[] = [];
  for await (const step of generate({ ...plan, ...changes }, letters, wanting(ids))) steps.push(step);
  return {
    ids: steps.map(({ id }) => id),
    text: steps.map(({ text }) => text).join(''),
    ending: steps.at(-1)?.ending,
    steps,
  };
}

describe('a generation', () => {
  test('keeps the stop id among its ids and out of its text', async () => {
    expect(await run([5, 6, 7], { stopTokenIds: new Set([6]) })).toMatchObject({
      ids: [5, 6],
      text: 'c',
      ending: { stopReason: 6 },
    });
  });

  test('keeps the text of the stop id if asked to', async () => {
    expect((await run([5, 1], { includeStopText: true })).text).toBe('c<1>');
  });

  test('takes the next best id while min_tokens hold back the end', async () => {
    expect((await run([1, 1, 1], { minTokens: 2 })).ids).toEqual([4, 4, 1]);
  });

  test('never says a row that only pads the vocabulary', async () => {
    expect((await run([29, 1], {})).ids).toEqual([4, 1]);
  });

  test('cuts its text at a stop string, not its ids', async () => {
    const { ids, text, ending } = await run([5, 6, 7, 8], { stopStrings: ['de'] });
    expect({ ids, text, ending }).toEqual({
      ids: [5, 6, 7],
      text: 'c',
      ending: { finishReason: 'stop', stopReason: 'de' },
    });
  });

  test('shows what was held back when it ends by length', async () => {
    expect(await run([5, 6, 7], { stopStrings: ['dex'], maxTokens: 3 })).toMatchObject({
      text: 'cde',
      ending: { finishReason: 'length' },
    });
  });

  test('subtracts presence and frequency penalties from what it said', async () => {
    expect((await run([5, 5, 5], { maxTokens: 3, presencePenalty: 2, frequencyPenalty: 1 })).ids).toEqual([5, 4, 5]);
  });

  test('lists raw log-probabilities, whatever was forbidden', async () => {
    const logprobs = { top: 1, ids: null };
    const { steps } = await run([5], { maxTokens: 1, logprobs, logitBias: new Map([[5, -100]]) });
    expect(steps[0]?.logprobs).toEqual({ id: 4, logprob: -3, rank: 2, others: [{ id: 5, logprob: -0.1, rank: 1 }] });
  });

  test('never completes a bad word, and may say its parts', async () => {
    const badWords = [[5], [6, 7]];
    expect((await run([5, 6, 7, 7, 6, 8], { maxTokens: 6, badWords })).ids).toEqual([4, 6, 4, 7, 6, 8]);
  });

  test('looks for bad words in the output only', async () => {
    expect((await run([7], { promptIds: [6], maxTokens: 1, badWords: [[6, 7]] })).ids).toEqual([7]);
  });
});

/** Thinking is between id 20 and ids 21, 22. */
const marks = { start: [20], end: [21, 22] };

describe('a thinking budget', () => {
  const think = async (limit: number, promptIds: number[], wanted: number[]) =>
    (await run(wanted, { promptIds, maxTokens: wanted.length, thinkingBudget: { limit, marks } })).ids;

  test.each([
    ['forces the end mark after so many ids', 2, [20], [5, 6, 7, 8, 9], [5, 6, 21, 22, 9]],
    ['counts thinking ids of the prompt', 2, [20, 5], [6, 7, 8, 9], [6, 21, 22, 9]],
    ['is spent at once where the prompt has spent it', 2, [20, 5, 6, 7], [8, 9, 10], [21, 22, 10]],
    ['of 0 allows no thinking', 0, [20], [5, 6, 7], [21, 22, 7]],
    ['does nothing outside of a thought', 0, [20, 5, 21, 22], [5, 6, 7], [5, 6, 7]],
    ['does nothing where the model ends in time', 3, [20], [5, 21, 22, 8, 9, 10], [5, 21, 22, 8, 9, 10]],
    ['begins with a thought that the model begins', 1, [5], [6, 20, 7, 8, 9, 10], [6, 20, 7, 21, 22, 10]],
    ['forces the whole mark behind one that was only begun', 2, [20], [5, 21, 7, 8, 9], [5, 21, 21, 22, 9]],
    ['is there again for the next thought', 1, [20], [5, 6, 7, 20, 8, 9, 10], [5, 21, 22, 20, 8, 21, 22]],
  ])('%s', async (_what, limit, promptIds, wanted, expected) => {
    expect(await think(limit, promptIds, wanted)).toEqual(expected);
  });

  test('lets no thought be longer', async () => {
    const free = fc.array(fc.integer({ min: 5, max: 19 }), { minLength: 1, maxLength: 30 });
    await fc.assert(
      fc.asyncProperty(free, fc.nat({ max: 35 }), async (wanted, limit) => {
        const ids = await think(limit, [20], wanted);
        const end = ids.indexOf(21);
        expect(end < 0 ? ids.length : end).toBe(Math.min(limit, wanted.length));
      }),
    );
  });
});
