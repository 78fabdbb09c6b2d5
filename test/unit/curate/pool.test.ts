import { describe, expect, it } from 'vitest';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { decide } from '../../../src/core/curate/decide';
import { rulesOf } from '../../../src/core/curate/rules';
import { curationPool, wholePool } from '../../support/curationPool';

/** The whole pool of 59,029 rows takes some seconds: `npm run test:long`. */
const size = process.env.SECOND_THOUGHT_LONG ? wholePool : 6_000;
const pool = curationPool(size);

const file = (preset: string, more = '') =>
  parseCuration(
    `
preset: ${preset}
seed: 7
sources:
  - name: all
    file: pool.jsonl
    features:
      isgeminicorrect: isgeminicorrect
      isqwen7bcorrect: isqwen7bcorrect
      isqwen32bcorrect: isqwen32bcorrect
      gemini_length: gemini_length
      domain: domain
select:
  size: ${size === wholePool ? 1000 : 400}
  length: gemini_length
  ${size === wholePool ? '' : preset === 's1-notebook' ? 'switchAt: { size: 300, domains: benchmark }' : ''}
  seeds:
    - { name: benchmark, sources: [gpqa, AIME], solvedBy: isgeminicorrect }
    - { name: MATH, sources: [openaimath], solvedBy: isgeminicorrect, longerThan: 5600 }
${more}`,
    'test',
  );

describe.each(['s1-paper', 's1-notebook'] as const)('the planted pool under %s', (preset) => {
  const rules = rulesOf(file(preset));
  const { decisions, funnel, selection, chosen } = decide(pool.rows, pool.tests, rules);
  const expected = pool.expected[preset];

  it('drops exactly the planted rows, each with its reason', () => {
    const wrong = decisions.flatMap(({ stage, reason }, index) => {
      const wanted = expected[index] ?? { stage: 'selection', reason: {} };
      const isRight =
        stage === wanted.stage &&
        Object.entries(wanted.reason).every(
          ([name, value]) => JSON.stringify(reason[name as keyof typeof reason]) === JSON.stringify(value),
        );
      return isRight ? [] : [{ index, question: pool.rows[index]?.question.slice(0, 80), stage, reason, wanted }];
    });
    expect(wrong.slice(0, 3)).toEqual([]);
  });

  it('decides the same with almost no memory for comparing n-grams', () => {
    const little = { ...rules, decontaminate: { ...rules.decontaminate, memory: 1 } };
    expect(decide(pool.rows, pool.tests, little)).toEqual({ decisions, funnel, selection, chosen });
  });

  it('counts the rows of each stage', () => {
    const leftAfter = (dropped: string[]) => expected.filter((fate) => !dropped.includes(fate?.stage ?? '')).length;
    const stages = ['decontamination', 'deduplication', 'quality', 'difficulty'];
    expect(funnel.map(({ left }) => left)).toEqual([
      pool.rows.length,
      ...stages.map((_, index) => leftAfter(stages.slice(0, index + 1))),
      rules.select.size,
    ]);
  });

  it('takes every seed and fills up by draws', () => {
    const seeds = pool.seeds[preset];
    expect(selection?.seeds).toBe(seeds.size);
    expect(chosen.slice(0, seeds.size).sort((a, b) => a - b)).toEqual([...seeds].sort((a, b) => a - b));
    expect(new Set(chosen).size).toBe(rules.select.size);
  });

  it('decides the same from what is decided already, where only what comes later differs', () => {
    const hand = {
      keep: new Map([[pool.rows[0]?.id ?? '', 'kept']]),
      drop: new Map([[pool.rows[20]?.id ?? '', 'out']]),
    };
    const size = 150 + [...expected].length / 100;
    const other = { ...rules, byHand: hand, seed: 8, select: { ...rules.select, size: Math.floor(size) } };
    const anew = decide(pool.rows, pool.tests, other);
    expect(decide(pool.rows, [], other, 'selection', decisions)).toEqual(anew);
    expect(anew.decisions[0]).toMatchObject({ isKept: true, reason: { rule: 'by-hand' } });
  });

  it('chooses the same rows again, and others with another seed', () => {
    expect(decide(pool.rows, pool.tests, rules).chosen).toEqual(chosen);
    expect(decide(pool.rows, pool.tests, { ...rules, seed: 8 }).chosen).not.toEqual(chosen);
  });
});

it('the presets differ in AIME, which the notebook does not compare with the test sets', () => {
  const kept = (preset: 's1-paper' | 's1-notebook') =>
    pool.expected[preset].filter((fate, index) => !fate && pool.rows[index]?.source === 'AIME').length;
  expect(kept('s1-notebook')).toBeGreaterThan(kept('s1-paper'));
});
