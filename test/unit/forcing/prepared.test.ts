import { describe, expect, it } from 'vitest';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { prepareTrace, type TraceOrder } from '../../../src/core/forcing/prepare';
import { ScriptedClient } from '../support/scriptedClient';

const clock = { now: () => 0, after: () => () => {} };
const server = { id: 's', url: 'http://s/v1', model: 'm', version: null, contextLength: 4096 };

function prepare(changes: Partial<Condition>, more: Partial<TraceOrder> = {}) {
  const order = { problem: { question: 'q?' }, condition: createCondition(changes), server, ...more };
  return prepareTrace(order, new ScriptedClient([]), clock);
}

const promptOf = ({ spans }: Awaited<ReturnType<typeof prepare>>) =>
  spans.filter(({ phase }) => phase === 'prompt').flatMap(({ tokenIds }) => tokenIds).length;

describe('a cap that is computed', () => {
  it('depends on the longest prompt of all problems (auto), or on its own alone (auto-each)', async () => {
    const together = { longestPromptTokens: 500 };
    const all = await prepare({ maxThinkingTokens: 'auto' }, together);
    const each = await prepare({ maxThinkingTokens: 'auto-each' }, together);
    expect(each.budget.maxThinkingTokens - all.budget.maxThinkingTokens).toBe(500 - promptOf(each));
    expect((await prepare({ maxThinkingTokens: 'auto' })).budget).toEqual(each.budget);
  });
});

describe('the countdown of s1-steps', () => {
  const steps = { dialect: 's1-steps', promptSuffix: 'Think for up to 8 steps.' };
  const opening = async (changes: Partial<Condition>) =>
    (await prepare({ ...steps, ...changes })).spans.find(({ phase }) => phase === 'thinking')?.text;

  it('is begun by the model, or by us with the number that the prompt asks for', async () => {
    expect(await opening({})).toBe('<|im_start|>');
    expect(await opening({ firstStep: 'instructed' })).toBe('<|im_start|>8 steps left\n');
  });

  it('has no number to begin with where the prompt asks for none', async () => {
    await expect(opening({ firstStep: 'instructed', promptSuffix: '' })).rejects.toMatchObject({ code: 'bad-usage' });
  });
});
