import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { createCondition } from '../../../src/core/forcing/condition';
import { linear } from '../../../src/core/forcing/fork';
import { type Probe, probeRequest, probeTrace } from '../../../src/core/lab/probe';
import { type ProbeAt, probePlaces } from '../../../src/core/lab/probePlaces';
import { earlyStop, rightByTokens, trajectoryOf } from '../../../src/core/lab/trajectory';
import { contextIds, thinkingTokens } from '../../../src/core/traces/trace';
import { conditions, generate, others, passes, presets } from '../support/anyTrace';
import { ScriptedClient } from '../support/scriptedClient';

const ways: fc.Arbitrary<ProbeAt> = fc.oneof(
  fc.constant<ProbeAt>({ kind: 'even' }),
  fc.integer({ min: 1, max: 12 }).map((count): ProbeAt => ({ kind: 'even', count })),
  fc.integer({ min: 1, max: 30 }).map((tokens): ProbeAt => ({ kind: 'every', tokens })),
  fc.constant<ProbeAt>({ kind: 'sentences' }),
  fc.constant<ProbeAt>({ kind: 'cues' }),
);

describe.each([...Object.keys(presets), ...Object.keys(others)])('probes of a trace made by %s', (preset) => {
  it('are asked with exactly its ids up to the place, in order, never beyond its thinking', async () => {
    await fc.assert(
      fc.asyncProperty(conditions(preset), passes, ways, async (condition, script, at) => {
        const trace = linear((await generate(condition, script, 200)).trace);
        const client = new ScriptedClient([]);
        const places = await probePlaces(trace, at, 24, client);
        const counts = places.map((place) => place.thinkingTokens);
        expect(counts).toEqual([...new Set(counts)].sort((a, b) => a - b));
        expect(Math.max(0, ...counts)).toBeLessThanOrEqual(thinkingTokens(trace));
        for (const place of places) {
          const { request } = await probeRequest(trace, place, 24, client);
          expect(request.promptIds.slice(0, place.offset)).toEqual(contextIds(trace).slice(0, place.offset));
        }
      }),
      { numRuns: 50 },
    );
  });
});

describe('a probe', () => {
  it('asks what a run with a cap at its place asks, for any length of thought and any cap', async () => {
    await fc.assert(
      fc.asyncProperty(fc.integer({ min: 2, max: 60 }), fc.nat(), async (ids, n) => {
        const script = [{ ids, stop: '<|im_start|>' as const }];
        const cap = 1 + (n % (ids - 1));
        const { trace } = await generate(createCondition(), script);
        const capped = await generate(createCondition({ maxThinkingTokens: cap }), script);
        const client = new ScriptedClient([]);
        const places = await probePlaces(trace, { kind: 'every', tokens: cap }, 24, client);
        const { request } = await probeRequest(trace, places[0] as (typeof places)[number], 24, client);
        expect(request.promptIds).toEqual(capped.client.requests[1]?.promptIds);
      }),
    );
  });

  it('sends the shortest prefix first, and says what was answered', async () => {
    const { trace } = await generate(createCondition(), [{ ids: 40, stop: '<|im_start|>' }]);
    const client = new ScriptedClient(Array.from({ length: 9 }, () => ({ ids: 2, stop: '<|im_end|>' as const })));
    const places = await probePlaces(trace, { kind: 'even' }, 24, client);
    const { signal } = new AbortController();
    const { probes } = await probeTrace(trace, places.reverse(), { client, clock: systemClock, signal, setting: 's' });
    const lengths = client.requests.map(({ promptIds }) => promptIds.length);
    expect(lengths).toEqual([...lengths].sort((a, b) => a - b));
    expect(probes).toHaveLength(8);
    expect(probes[0]).toMatchObject({ thinkingTokens: 5, text: 'xx', answer: 'xx', isRight: null });
  });
});

const probe = (tokens: number, answer: string | null, isRight: boolean): Probe => ({
  offset: tokens,
  thinkingTokens: tokens,
  isNaturalEnd: false,
  tokenIds: [1, 2],
  text: '',
  answer,
  answerKey: answer,
  isRight,
  promptTokens: tokens,
});
const late = [probe(10, '2', false), probe(20, null, false), probe(30, '3', true), probe(40, '3', true)];
const never = [probe(10, '5', false), probe(20, '5', false)];

describe('the trajectory of an answer', () => {
  it('says when it was right first, when it settled, and how often it changed', () => {
    expect(trajectoryOf(late)).toEqual({ firstRight: 30, settled: 30, changes: 2 });
    expect(trajectoryOf(never)).toEqual({ firstRight: null, settled: 10, changes: 0 });
    expect(trajectoryOf([probe(10, '3', true), probe(20, null, false)])).toMatchObject({
      firstRight: 10,
      settled: null,
    });
    expect(trajectoryOf([])).toEqual({ firstRight: null, settled: null, changes: 0 });
  });

  it('of a run is the share right by tokens, a trace that has ended counting as it ended', () => {
    const shares = rightByTokens([late, never], 4);
    expect(shares.map(({ thinkingTokens: at, right, thinking }) => [at, right, thinking])).toEqual([
      [10, 0, 2],
      [20, 0, 1],
      [30, 1, 1],
      [40, 1, 0],
    ]);
  });

  it('tells what stopping when probes agree would have cost: an answer that was right later is lost', () => {
    const stop = earlyStop([[probe(10, '2', false), probe(20, '2', false), ...late.slice(2)], never], 2);
    expect(stop).toMatchObject({ total: 2, right: 0, rightAtEnd: 1, thinkingTokens: 20, thinkingTokensAtEnd: 30 });
    expect(stop?.probeTokens).toBe(4);
    expect(earlyStop([], 2)).toBeNull();
  });
});
