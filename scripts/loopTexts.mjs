// @ts-check
/** Seeded texts for scripts/loopTraces.mjs: thinking as models write it, and what looks like a loop and is none. */

/** @typedef {{ (): number, below(limit: number): number, pick<T>(things: readonly T[]): T }} Random */

/** Mulberry32 (Tommy Ettinger, public domain). @param {number} seed @returns {Random} */
export function createRandom(seed) {
  let state = seed;
  const next = () => {
    state = (state + 0x6d2b79f5) | 0;
    let mixed = Math.imul(state ^ (state >>> 15), 1 | state);
    mixed = (mixed + Math.imul(mixed ^ (mixed >>> 7), 61 | mixed)) ^ mixed;
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
  /** @param {number} limit */
  const below = (limit) => Math.floor(next() * limit);
  return Object.assign(next, {
    below,
    /** @template T @param {readonly T[]} things @returns {T} */
    pick: (things) => /** @type {T} */ (things[below(things.length)]),
  });
}

/** @type {readonly ((r: Random) => string)[]} */
const sentences = [
  (r) => `So we need the number of ways to write ${r.below(90)} as a sum of ${2 + r.below(5)} positive integers. `,
  (r) => `Let me set x = ${r.below(40)} and see what happens to the left-hand side. `,
  (r) => `That gives ${r.below(50)}x + ${r.below(50)} = ${r.below(300)}, hence x = ${r.below(20)}. `,
  (r) => `Wait, I should double-check the case where n is ${r.pick(['even', 'odd', 'prime', 'divisible by 3'])}. `,
  (r) =>
    `Hmm, if the triangle has sides ${r.below(20)}, ${r.below(20)} and ${r.below(20)}, the area follows from Heron. `,
  (r) => `By symmetry, the ${r.pick(['first', 'second', 'last'])} term contributes ${r.below(100)} in total.\n`,
  (r) =>
    `But the problem says that ${r.pick(['Alice', 'Bob', 'the train', 'the bug'])} starts at ${r.below(24)} o'clock. `,
  (r) =>
    `Alternatively, use the ${r.pick(['pigeonhole principle', 'binomial theorem', 'Chinese remainder theorem'])}. `,
  (r) => `Modulo ${2 + r.below(30)} this leaves a remainder of ${r.below(9)}, which contradicts the assumption. `,
  (r) => `Okay, so the probability is ${r.below(9)}/${10 + r.below(90)}, unless I counted something twice.\n\n`,
  (r) => `The derivative vanishes at t = ${r.below(12)}, and the second derivative there is negative. `,
  (r) => `I recall that the sum of the first ${r.below(99)} squares is given by n(n+1)(2n+1)/6. `,
];

/** Thinking of at least so many tokens, no sentence like the one before. @param {Random} random @param {number} tokens */
export function thought(random, tokens) {
  let text = '';
  // A sentence has about twenty tokens and surely more than ten.
  for (let index = 0; index <= tokens / 10; index++) text += random.pick(sentences)(random);
  return text;
}

/** @param {number} count @param {(index: number) => string} line */
const lines = (count, line) => Array.from({ length: count }, (_, index) => line(index)).join('');

/** @param {number} top @param {number} bottom @param {number} digits */
function decimals(top, bottom, digits) {
  let [text, rest] = ['', top % bottom];
  for (let index = 0; index < digits; index++)
    [text, rest] = [text + Math.floor((rest * 10) / bottom), (rest * 10) % bottom];
  return text;
}

/** Ten of each kind. @type {readonly [kind: string, write: (r: Random, index: number) => string][]} */
const kinds = [
  [
    'table',
    (r, i) =>
      `| n | n^2 | ${r.pick(['prime', 'even', 'square'])}? |\n|---|---|---|\n${lines(20 + r.below(30), (n) => `| ${n} | ${n * n} | ${(n + i) % 3 ? 'no' : 'yes'} |\n`)}`,
  ],
  [
    'enumeration',
    (r) => {
      const m = 3 + r.below(20);
      return lines(40, (n) => `For n = ${n}: ${n}^2 + ${m} = ${n * n + m}, which is not divisible by ${m + 40}.\n`);
    },
  ],
  [
    'countdown',
    (r, i) =>
      i % 2
        ? lines(90, (n) => `${90 - n}, `)
        : lines(60, (n) => `${60 - n} steps left\n${r.pick(['Add', 'Move', 'Check'])} it.\n`),
  ],
  [
    'numbered list',
    (r) => lines(30, (n) => `${n + 1}. The ${r.pick(['red', 'blue', 'green'])} ball is in box ${r.below(9)}.\n`),
  ],
  [
    're-check',
    (r) =>
      lines(8, () => {
        const [a, b] = [r.below(90), r.below(90)];
        const said = `Let me verify this once more: ${a} times ${b} is ${a * b}, and that matches what we had before. `;
        return `${said}${said}${thought(r, 10)}`;
      }),
  ],
  [
    'digits',
    (r, i) =>
      i % 2
        ? `${r.below(9)}/7 = 0.${decimals(1 + r.below(6), 7, 150)}, and 1/3 = 0.${'3'.repeat(60 + r.below(90))}, 1/17 = 0.${decimals(1, 17, 100)}.`
        : `The number is ${lines(300, () => String(r.below(10)))}.`,
  ],
  [
    'code',
    (r) =>
      lines(
        25,
        (n) =>
          `    if (grid[${n}][${r.below(9)}] === 0) {\n      count += 1;\n      queue.push([${n}, ${r.below(9)}]);\n    }\n`,
      ),
  ],
  [
    'matrix',
    (r, i) => {
      const size = 5 + r.below(6);
      /** @param {number} a @param {number} b */
      const entry = (a, b) => (i % 3 === 0 ? 0 : i % 3 === 1 ? Number(a === b) : r.below(2));
      const rows = Array.from({ length: size }, (_, a) => Array.from({ length: size }, (_unused, b) => entry(a, b)));
      return `\\begin{pmatrix}\n${rows.map((row) => row.join(' & ')).join(' \\\\\n')}\n\\end{pmatrix}\n${'.'.repeat(40)}\n${'-'.repeat(80)}\n\n\n\n`;
    },
  ],
  ['cues', (r) => lines(25, () => `Wait, ${r.pick(sentences)(r)}\nWait. Wait, no. `)],
  [
    'search',
    (r) =>
      lines(
        12,
        (n) => `Try (a, b) = (${n}, ${r.below(9)}): too ${r.pick(['small', 'big'])}. No. No. No.\n0 0 0 0 0 0 0 0\n`,
      ),
  ],
];

/** A hundred texts without a loop, each within a thought. @param {Random} random */
export function monotonous(random) {
  return kinds.flatMap(([kind, write]) =>
    Array.from({ length: 10 }, (_, index) => ({
      kind,
      text: thought(random, 30) + write(random, index) + thought(random, 30),
    })),
  );
}
