import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { cueIndex } from '../../../src/core/forcing/condition';
import { waitAgain } from '../../../src/core/forcing/fork';
import { generateTrace } from '../../../src/core/forcing/generate';
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
  thinkingTokens,
} from '../../../src/core/traces/trace';
import { conditions, fromDisk, generate, others, passes, presets } from '../support/anyTrace';
import { ScriptedClient } from '../support/scriptedClient';

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
