// @ts-check
// node scripts/loopTraces.mjs: writes test/fixtures/loopTraces.jsonl, labelled traces for the loop guard: 100 with a loop,
// 100 monotonous ones without. Seeded: the same file every time. Texts are tokenised by gpt-tokenizer; ids are then
// numbered in order of first use, which keeps the file small and changes nothing: only equality of ids matters.
import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { encode } from 'gpt-tokenizer';
import { createRandom, monotonous, thought } from './loopTexts.mjs';

/** @typedef {{ period: number, from: number, end: number, different: number }} LoopLabel */

const random = createRandom(20250131);
const numbers = new Map();
/** @param {readonly number[]} ids */
const renumber = (ids) =>
  ids.map((id) => {
    if (!numbers.has(id)) numbers.set(id, numbers.size);
    return numbers.get(id);
  });

/** Ids of exactly this many, from a text that goes on; one id is the cue itself. @param {number} period */
function block(period) {
  if (period === 1) return encode(' Wait');
  const ids = encode(thought(random, period + 50));
  const start = random.below(ids.length - period);
  return ids.slice(start, start + period);
}

/** True unless the block is itself a repetition. @param {number[]} ids */
function isPrimitive(ids) {
  for (let part = 1; part <= ids.length / 2; part++) {
    if (ids.length % part === 0 && ids.every((id, index) => id === ids[index % part])) return false;
  }
  return true;
}

/** @param {number} period */
function looping(period) {
  let ids = block(period);
  while (!isPrimitive(ids)) ids = block(period);
  const lead = encode(thought(random, 40 + random.below(300)));
  const different = new Set(ids).size;
  // Few different ids: a short stretch of them would be data, see src/core/loops/findLoop.ts.
  const least = different <= 12 ? Math.max(3 * period, 256) : 3 * period;
  const length = least + period + random.below(Math.min(2 * period, 250));
  const trace = [...lead, ...Array.from({ length }, (_, index) => ids[index % period] ?? 0)];
  let from = lead.length;
  while (from > 0 && trace[from - 1] === trace[from - 1 + period]) from--;
  return { kind: 'loop', loop: { period, from, end: trace.length, different }, ids: renumber(trace) };
}

const periods = Array.from({ length: 100 }, (_, index) =>
  index < 20 ? index + 1 : 20 + Math.round((index - 19) * 2.25),
);
const loops = periods.map(looping);
const others = monotonous(random).map(({ kind, text }) => ({ kind, loop: null, ids: renumber(encode(text)) }));
const lines = [...loops, ...others].map((trace) => `${JSON.stringify(trace)}\n`);
writeFileSync(path.resolve(import.meta.dirname, '..', 'test', 'fixtures', 'loopTraces.jsonl'), lines.join(''));
console.log(`${loops.length} loops, ${others.length} others, ${numbers.size} different ids`);
