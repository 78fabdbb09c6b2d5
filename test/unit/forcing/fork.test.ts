import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { createCondition } from '../../../src/core/forcing/condition';
import { type ForkStep, forkTrace } from '../../../src/core/forcing/fork';
import { generateTrace } from '../../../src/core/forcing/generate';
import { checkTrace } from '../../../src/core/traces/history';
import {
  answerText,
  contextIds,
  cuesUsed,
  isOpening,
  keptSpans,
  promptIdsOf,
  receivedIdsOf,
  type Trace,
  thinkingText,
  thinkingTokens,
  traceSchema,
} from '../../../src/core/traces/trace';
import { conditions, fromDisk, generate, others, passes, presets } from '../support/anyTrace';
import { ScriptedClient, type ScriptedPass } from '../support/scriptedClient';

const steps: fc.Arbitrary<ForkStep> = fc.constantFrom<ForkStep>(
  { kind: 'cue', text: 'Hmm' },
  { kind: 'edit', text: 'so 7. ' },
  { kind: 'end' },
  { kind: 'sample' },
);

async function fork(parent: Trace, offset: number, step: ForkStep, script: ScriptedPass[] = []) {
  const client = new ScriptedClient(script);
  const child = await forkTrace(parent, { offset, step }, client, systemClock);
  await generateTrace(child, { client, clock: systemClock, signal: new AbortController().signal });
  return { child: fromDisk(child), client };
}

/** Where the context is full there is nothing to fork. */
function full(error: { code?: string }): undefined {
  if (error.code !== 'context-too-long') throw error;
}

const opening = (trace: Trace) => contextIds({ spans: keptSpans(trace).filter(isOpening) }).length;
const isInAnswer = (trace: Trace, offset: number) =>
  offset > contextIds({ spans: trace.spans.filter(({ phase }) => phase !== 'answer') }).length;

describe.each([...Object.keys(presets), ...Object.keys(others)])('a fork of a trace made by %s', (preset) => {
  it('begins with exactly the ids of its parent up to the place, and can be checked from disk', async () => {
    await fc.assert(
      fc.asyncProperty(
        conditions(preset),
        passes,
        steps,
        fc.nat(),
        passes,
        async (condition, script, step, n, more) => {
          const { trace: parent } = await generate(condition, script);
          const first = opening(parent);
          const offset = first + (n % (contextIds(parent).length - first + 1));
          fc.pre(!isInAnswer(parent, offset) || step.kind === 'edit' || step.kind === 'sample');
          const made = await fork(parent, offset, step, more).catch(full);
          fc.pre(made !== undefined);
          const { child, client } = made;
          const from = child.fork?.offset ?? -1;
          const shared = contextIds(parent).slice(0, from);
          expect(offset - from).toBeLessThan(40); // inside a forced text its beginning is taken
          expect(contextIds(child).slice(0, from)).toEqual(shared);
          const at = child.fork?.fromPass ?? 0;
          for (const [index, request] of client.requests.entries()) {
            expect(request.promptIds.slice(0, from)).toEqual(shared);
            expect(promptIdsOf(child, at + index)).toEqual(request.promptIds);
          }
          for (const pass of child.passes) expect(receivedIdsOf(child, pass.index)).toHaveLength(pass.receivedTokens);
          expect(checkTrace(child)).toEqual([]);
        },
      ),
      { numRuns: 50 },
    );
  });
});

describe('forking', () => {
  const endless = [{ ids: 40, stop: '<|im_start|>' as const }];

  it('puts the named cue behind the prefix, counts it, and goes on', async () => {
    const { trace: parent } = await generate(createCondition(), endless);
    const { child, client } = await fork(parent, opening(parent) + 10, { kind: 'cue', text: 'Hmm' });
    expect(thinkingText(child)).toMatch(/^x{10}Hmmx+$/);
    expect(cuesUsed(child)).toBe(1);
    expect(client.requests[0]?.minTokens).toBe(1);
    expect(child.passes.map(({ purpose }) => purpose)).toEqual(['start', 'extend', 'answer']);
  });

  it("marks the user's words as such, and tokenizes nothing but them", async () => {
    const { trace: parent } = await generate(createCondition(), endless);
    const { child } = await fork(parent, opening(parent) + 10, { kind: 'edit', text: 'no: ' });
    expect(child.spans.filter(({ origin }) => origin === 'user').map(({ text, phase }) => [text, phase])).toEqual([
      ['no: ', 'thinking'],
    ]);
  });

  it('ends the thinking at the place as a cap there would have', async () => {
    const { trace: parent } = await generate(createCondition(), endless);
    const { child, client } = await fork(parent, opening(parent) + 10, { kind: 'end' });
    const capped = await generate(createCondition({ maxThinkingTokens: 10 }), endless);
    expect(client.requests[0]?.promptIds).toEqual(capped.client.requests[1]?.promptIds);
    expect(child.thinkingEndedBy).toBe('user');
    expect(thinkingTokens(child)).toBe(10);
  });

  it('goes on with an answer that was begun, in the user’s words or anew', async () => {
    const { trace: parent } = await generate(createCondition(), [...endless, { ids: 9, stop: '<|im_end|>' }]);
    const length = contextIds(parent).length;
    const { child } = await fork(parent, length - 5, { kind: 'edit', text: '42' });
    expect(answerText(child)).toMatch(/^x{5}42x+$/);
    expect(child.thinkingEndedBy).toBe('model');
    await expect(fork(parent, length - 5, { kind: 'cue', text: 'Hmm' })).rejects.toThrow(/is answering/);
  });

  it('of a trace of schema 3, which knew one kind, is read', async () => {
    const { trace } = await generate(createCondition(), endless);
    const old = { ...trace, schemaVersion: 3, fork: { parent: 'p', fromPass: 1, step: 'extend' } };
    expect(traceSchema.parse(JSON.parse(JSON.stringify(old))).fork).toEqual(old.fork);
  });

  it('lifts a cap that leaves no room for a thought, and says so', async () => {
    const { trace: parent } = await generate(createCondition({ maxThinkingTokens: 10 }), endless);
    const { child } = await fork(parent, opening(parent) + 10, { kind: 'cue', text: 'Hmm' });
    expect(child.condition.maxThinkingTokens).toBeNull();
    expect(child.warnings).toEqual(['The cap of the parent was used up at this place, so this trace has none.']);
  });

  it.each([
    ['a place in the prompt', 3, { kind: 'end' }, /no place 3 behind the prompt/],
    ['a place behind the end', 9_999, { kind: 'end' }, /no place 9999 behind/],
    ['a cue that ends thinking', 30, { kind: 'cue', text: 'a<|im_start|>b' }, /reads as a control token/],
  ] as [string, number, ForkStep, RegExp][])('refuses %s in a sentence', async (_, offset, step, sentence) => {
    const { trace: parent } = await generate(createCondition(), endless);
    await expect(fork(parent, offset + (offset === 30 ? opening(parent) : 0), step)).rejects.toThrow(sentence);
  });
});
