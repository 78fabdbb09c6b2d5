import fc from 'fast-check';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { type Trace, traceSchema } from '../../../src/core/traces/trace';
import { ScriptedClient, type ScriptedPass } from './scriptedClient';

const server = { id: 'scripted', url: 'http://127.0.0.1:1/v1', model: 'scripted', version: null, contextLength: null };

export const passes: fc.Arbitrary<ScriptedPass[]> = fc.array(
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
export const others: Record<string, fc.Arbitrary<Condition>> = {
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
export const presets = { default: 'default', 's1-harness': 's1-harness', 's1-readme': 's1-readme' } as const;
export const conditions = (name: string): fc.Arbitrary<Condition> =>
  others[name] ?? budgetForcing(presets[name as keyof typeof presets]);

export async function generate(condition: Condition, script: ScriptedPass[], contextLength = 4096) {
  const client = new ScriptedClient(script, contextLength);
  const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server }, client, systemClock);
  await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
  return { trace, client };
}

export const fromDisk = (trace: Trace) => traceSchema.parse(JSON.parse(JSON.stringify(trace)));
