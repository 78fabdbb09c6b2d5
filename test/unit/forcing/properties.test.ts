import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition, cueIndex } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace, waitAgain } from '../../../src/core/forcing/prepare';
import { triesOf } from '../../../src/core/forcing/rejectionPolicy';
import { checkTrace } from '../../../src/core/traces/history';
import {
  contextIds,
  costsOf,
  cuesUsed,
  extensions,
  generatedTokens,
  promptIdsOf,
  receivedIdsOf,
  type Trace,
  thinkingTokens,
  traceSchema,
} from '../../../src/core/traces/trace';
import { ScriptedClient, type ScriptedPass } from '../support/scriptedClient';

const server = { id: 'scripted', url: 'http://127.0.0.1:1/v1', model: 'scripted', version: null, contextLength: null };

const passes: fc.Arbitrary<ScriptedPass[]> = fc.array(
  fc.record(
    { ids: fc.nat({ max: 30 }), stop: fc.constantFrom('<|im_start|>' as const, '<|im_end|>' as const) },
    { requiredKeys: ['ids'] },
  ),
  { maxLength: 8 },
);
const budgetForcing = (preset: Condition['preset']): fc.Arbitrary<Condition> =>
  fc
    .record({
      maxThinkingTokens: fc.oneof(fc.nat({ max: 60 }), fc.constant(null), fc.constant('auto' as const)),
      minThinkingTokens: fc.nat({ max: 20 }),
      ignore: fc.nat({ max: 5 }),
      cues: fc.array(fc.constantFrom('Wait', '', 'Hmm, let me think'), { minLength: 1, maxLength: 3 }),
      cueOrder: fc.constantFrom('list' as const, 'rotation' as const, 'random' as const),
      temperaturePerCue: fc.constantFrom(0, 0.5),
      loopGuard: fc.constantFrom('off' as const, 'mark' as const, 'stop' as const),
    })
    .map(({ minThinkingTokens, ...parts }) => {
      const { maxThinkingTokens: cap } = parts;
      const least = typeof cap === 'number' ? Math.min(cap, minThinkingTokens) : minThinkingTokens;
      return createCondition({ preset, minThinkingTokens: least, ...parts });
    });

/** What is asked for beside a preset: exact budgets, probes, and the decoders that are not budget forcing. */
const others: Record<string, fc.Arbitrary<Condition>> = {
  'until the cap': fc
    .record({
      maxThinkingTokens: fc.nat({ max: 60 }),
      cues: fc.constantFrom<string[]>(['Wait'], [''], ['Hmm', 'Wait']),
    })
    .map((parts) => createCondition({ ...parts, ignore: 'until-cap' })),
  'with probes': fc
    .record({
      earlyStop: fc.record({
        everyTokens: fc.integer({ min: 1, max: 20 }),
        agree: fc.integer({ min: 2, max: 4 }),
        probeTokens: fc.integer({ min: 1, max: 8 }),
      }),
      maxThinkingTokens: fc.option(fc.nat({ max: 60 })),
      ignore: fc.nat({ max: 3 }),
    })
    .map(createCondition),
  rejection: fc
    .record({ maxThinkingTokens: fc.nat({ max: 40 }), maxTries: fc.integer({ min: 1, max: 5 }) })
    .map((parts) =>
      createCondition({ ...parts, decoder: 'rejection', sampling: { ...createCondition().sampling, temperature: 1 } }),
    ),
  none: fc.constant(createCondition({ decoder: 'none' })),
  'native-budget': fc
    .nat({ max: 60 })
    .map((maxThinkingTokens) => createCondition({ decoder: 'native-budget', maxThinkingTokens })),
};
const presets = { default: 'default', 's1-harness': 's1-harness', 's1-readme': 's1-readme' } as const;
const conditions = (name: string): fc.Arbitrary<Condition> =>
  others[name] ?? budgetForcing(presets[name as keyof typeof presets]);

async function generate(condition: Condition, script: ScriptedPass[], contextLength = 4096) {
  const client = new ScriptedClient(script, contextLength);
  const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock);
  await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
  return { trace, client };
}

const fromDisk = (trace: Trace) => traceSchema.parse(JSON.parse(JSON.stringify(trace)));

describe.each([...Object.keys(presets), ...Object.keys(others)])('%s, for any sequence of passes', (preset) => {
  it('sends as prompt exactly the kept ids, and records every id it received', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, async (condition, script) => {
        const { trace, client } = await generate(condition, script);
        const read = fromDisk(trace);
        for (const [index, request] of client.requests.entries()) {
          expect(promptIdsOf(read, index)).toEqual(request.promptIds);
          expect(receivedIdsOf(read, index)).toHaveLength(read.passes[index]?.receivedTokens ?? -1);
        }
        expect(read.passes).toHaveLength(client.requests.length);
        expect(generatedTokens(read)).toBe(read.passes.reduce((sum, pass) => sum + pass.receivedTokens, 0));
      }),
    );
  });

  it('plans the same requests again from a trace read from disk', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, async (condition, script) => {
        const { trace } = await generate(condition, script);
        expect(checkTrace(fromDisk(trace))).toEqual([]);
      }),
    );
  });

  it('never forces more cues than it was told to, and comes to an end', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, async (condition, script) => {
        const { trace } = await generate(condition, script);
        const { ignore } = condition;
        if (ignore !== 'until-cap') expect(cuesUsed(trace)).toBeLessThanOrEqual(ignore);
        expect(trace.status).toBe('complete');
      }),
    );
  });

  it('never asks for more than the context holds, and still comes to an end', async () => {
    await fc.assert(
      fc.asyncProperty(
        conditions(preset),
        passes,
        fc.integer({ min: 180, max: 300 }),
        async (condition, script, size) => {
          const { client, trace } = await generate(condition, script, size);
          expect(trace.status).toBe('complete');
          for (const { promptIds, maxTokens } of client.requests) {
            expect(promptIds.length + maxTokens).toBeLessThanOrEqual(size);
            expect(maxTokens).toBeGreaterThanOrEqual(1);
          }
        },
      ),
    );
  });
});

describe.each(['default', 's1-harness', 'until the cap', 'with probes', 'rejection'])('%s', (preset) => {
  it('never keeps more thinking than the cap', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, async (condition, script) => {
        const { trace } = await generate(condition, script);
        expect(thinkingTokens(trace)).toBeLessThanOrEqual(trace.budget.maxThinkingTokens);
      }),
    );
  });
});

describe('an exact budget', () => {
  it('is thought to the last token, whatever the model does, while the context holds it', async () => {
    await fc.assert(
      fc.asyncProperty(conditions('until the cap'), passes, async (condition, script) => {
        const { trace } = await generate(condition, script);
        expect(thinkingTokens(trace)).toBe(condition.maxThinkingTokens);
      }),
    );
  });
});

describe('rejection', () => {
  it('keeps one whole thought that fits, or none; each try costs what it received', async () => {
    await fc.assert(
      fc.asyncProperty(conditions('rejection'), passes, async (condition, script) => {
        const { trace } = await generate(condition, script);
        const costs = costsOf(trace);
        const ends = costs.generated - costs.thinking - costs.answer - costs.rejected;
        expect(ends).toBeGreaterThanOrEqual(0);
        expect(ends).toBeLessThanOrEqual(2); // of the accepted thought, and of the answer
        expect(triesOf(trace)).toBeLessThanOrEqual(condition.maxTries);
        if (trace.answerEndedBy === 'tries') {
          expect([costs.thinking, costs.answer, trace.thinkingEndedBy]).toEqual([0, 0, 'cap']);
          expect(trace.warnings.at(-1)).toMatch(/^None of the \d+ tries thought for at most \d+ tokens/);
        }
      }),
    );
  });
});

describe('Wait Again', () => {
  it('keeps the ids of the thinking and adds one cue after them', async () => {
    await fc.assert(
      fc.asyncProperty(conditions('default'), passes, async (condition, script) => {
        const { trace: parent } = await generate(condition, script);
        fc.pre(thinkingTokens(parent) > 0 && thinkingTokens(parent) < 1000);
        const client = new ScriptedClient([]);
        const child = waitAgain(parent, systemClock);
        const shared = contextIds(child);
        await generateTrace(child, { client, clock: systemClock, signal: new AbortController().signal });
        expect(contextIds(parent).slice(0, shared.length)).toEqual(shared);
        expect(client.requests[0]?.promptIds).toEqual([
          ...shared,
          ...(child.dialect.cueIds[cueIndex(child.condition, extensions(parent), parent)] ?? []),
        ]);
        expect(checkTrace(fromDisk(child))).toEqual([]);
      }),
    );
  });
});
