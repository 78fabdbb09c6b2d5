import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace, waitAgain } from '../../../src/core/forcing/prepare';
import { checkTrace } from '../../../src/core/traces/history';
import {
  contextIds,
  cuesUsed,
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
const conditions = (preset: Condition['preset']): fc.Arbitrary<Condition> =>
  fc
    .record({
      maxThinkingTokens: fc.oneof(fc.nat({ max: 60 }), fc.constant(null), fc.constant('auto' as const)),
      minThinkingTokens: fc.nat({ max: 20 }),
      ignore: fc.nat({ max: 5 }),
      cue: fc.constantFrom('Wait', '', 'Hmm, let me think'),
    })
    .map((parts) => createCondition({ preset, ...parts }));

async function generate(condition: Condition, script: ScriptedPass[], contextLength = 4096) {
  const client = new ScriptedClient(script, contextLength);
  const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock);
  await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
  return { trace, client };
}

const fromDisk = (trace: Trace) => traceSchema.parse(JSON.parse(JSON.stringify(trace)));

describe.each(['default', 's1-harness', 's1-readme'] as const)('preset %s, for any sequence of passes', (preset) => {
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
        expect(cuesUsed(trace)).toBeLessThanOrEqual(condition.ignore);
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

describe.each(['default', 's1-harness'] as const)('preset %s', (preset) => {
  it('never keeps more thinking than the cap', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, async (condition, script) => {
        const { trace } = await generate(condition, script);
        expect(thinkingTokens(trace)).toBeLessThanOrEqual(trace.budget.maxThinkingTokens);
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
        expect(client.requests[0]?.promptIds).toEqual([...shared, ...child.dialect.cueIds]);
        expect(checkTrace(fromDisk(child))).toEqual([]);
      }),
    );
  });
});
