import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseCuration } from '../../../src/core/curate/curationFile';
import { outputRulesOf } from '../../../src/core/curate/output/outputRules';
import { powerOfTwo, qwenSystem, type TextOrder, trainingText } from '../../../src/core/curate/output/trainingText';
import { rulesOf } from '../../../src/core/curate/rules';

const order = (changes: Partial<TextOrder>): TextOrder => ({
  question: 'What is 1+1?',
  thinking: '\nOne.\n\nTwo.\n\nThree.\n',
  attempt: ' 2 ',
  length: 1_025,
  dialect: 's1',
  format: 'plain',
  system: qwenSystem,
  stepSeparator: '\n\n',
  ...changes,
});
const prompt = (asked: string) =>
  `<|im_start|>system\n${qwenSystem}<|im_end|>\n<|im_start|>user\n${asked}<|im_end|>\n<|im_start|>assistant\n`;

describe('the text that is trained on', () => {
  it('is the conversation of App. D, its parts trimmed, with "Answer: " in front of an answer that does not say so', () => {
    expect(trainingText(order({}))).toBe(
      `${prompt('What is 1+1?')}<|im_start|>think\nOne.\n\nTwo.\n\nThree.\n<|im_start|>answer\nAnswer: 2<|im_end|>\n`,
    );
    expect(trainingText(order({ attempt: 'Final Answer: 2' }))).toContain('answer\nFinal Answer: 2<|im_end|>');
  });

  it('tells token-conditional rows the next power of two, and is otherwise the plain text', () => {
    const asked = 'What is 1+1?\n\nThink for up to 2048 tokens.';
    expect(trainingText(order({ format: 'tcc' }))).toBe(
      trainingText(order({ question: asked })), // only the question differs
    );
    expect([1, 2, 3, 1_024, 1_025, 2_048, 2_049, 2 ** 29, 2 ** 29 + 1].map(powerOfTwo)).toEqual([
      1,
      2,
      4,
      1_024,
      2_048,
      2_048,
      4_096,
      2 ** 29,
      2 ** 30,
    ]);
  });

  it.each([
    ['scc-true', 3],
    ['scc-bucket', 4],
  ] as const)('counts steps down (%s), without the mark of thinking', (format, first) => {
    const step = (index: number, text: string) => `<|im_start|>${first - index} steps left\n${text}\n`;
    const body = `${step(0, 'One.')}${step(1, 'Two.')}${step(2, 'Three.')}<|im_start|>answer\nAnswer: 2<|im_end|>\n`;
    const asked = 'What is 1+1?\n\nThink for up to 4 steps.';
    expect(trainingText(order({ format }))).toBe(`${prompt(asked)}${body}`);
  });

  it('ends true countdowns with step 1, and both readings are one where the bucket is full', () => {
    const thoughts = fc.array(fc.stringMatching(/^[a-z.]{1,9}$/), { minLength: 1, maxLength: 40 });
    fc.assert(
      fc.property(thoughts, fc.constantFrom('\n', '\n\n', ' | '), (steps, stepSeparator) => {
        const text = (format: 'scc-true' | 'scc-bucket') =>
          trainingText(order({ thinking: steps.join(stepSeparator), format, stepSeparator }));
        const counts = (from: string) =>
          [...from.matchAll(/<\|im_start\|>(\d+) steps left\n/g)].map(([, left]) => Number(left));
        const down = (first: number) => steps.map((_, index) => first - index);
        expect(counts(text('scc-true'))).toEqual(down(steps.length));
        expect(counts(text('scc-bucket'))).toEqual(down(powerOfTwo(steps.length)));
        expect(text('scc-true') === text('scc-bucket')).toBe(powerOfTwo(steps.length) === steps.length);
        expect(text('scc-true')).toContain(`Think for up to ${powerOfTwo(steps.length)} steps.`);
      }),
    );
  });

  it('has no system turn for a model whose template has none', () => {
    expect(trainingText(order({ system: null }))).toBe(
      trainingText(order({})).replace(`<|im_start|>system\n${qwenSystem}<|im_end|>\n`, ''),
    );
    expect(trainingText(order({ system: '' }))).toMatch(/^<\|im_start\|>system\n<\|im_end\|>\n/);
  });
});

describe('what a set cannot be written as', () => {
  const refusal = (output: object, features: object = {}) => {
    const file = parseCuration(JSON.stringify({ sources: [{ name: 'a', file: 'a.jsonl', features }], output }), 'test');
    const rules = rulesOf({ ...file, select: { strategy: '59k-full' } });
    try {
      outputRulesOf(file, rules);
    } catch (error) {
      return error instanceof Error ? error.message : '';
    }
    return '';
  };

  it('is refused before models are asked: counted steps in think tags, lengths that nothing gives', () => {
    expect(refusal({ formats: ['scc-true'], dialect: 'think-tags' })).toBe(
      "The format scc-true counts steps in s1's marks, not in think-tags.",
    );
    expect(refusal({ formats: ['tcc'] })).toBe('The format tcc needs the feature "length", and nothing gives it.');
    expect(refusal({ formats: ['tcc'] }, { length: 'gemini_length' })).toBe('');
  });
});
