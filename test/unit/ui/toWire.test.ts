import { execFileSync } from 'node:child_process';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { receivedIdsOf, thinkingTokens } from '../../../src/core/traces/trace';
import { logprobsToWire } from '../../../src/ui/traceViewer/logprobsToWire';
import { toWire, traceCommand, traceText } from '../../../src/ui/traceViewer/toWire';
import { ScriptedClient, type ScriptedPass } from '../support/scriptedClient';

const server = { id: 'gpu01', url: 'http://gpu01:8000/v1', model: 'm', version: null, contextLength: null };

async function trace(question: string, changes: number | Partial<Condition>, script: ScriptedPass[]) {
  const client = new ScriptedClient(script);
  const order = {
    problem: { question, answer: '3' },
    condition: createCondition(typeof changes === 'number' ? { ignore: changes } : changes),
    server,
  };
  const made = await prepareTrace(order, client, systemClock);
  return generateTrace(made, { client, clock: systemClock, signal: new AbortController().signal });
}

const script: ScriptedPass[] = [
  { ids: 5, stop: '<|im_start|>' },
  { ids: 4, stop: '<|im_start|>' },
  { ids: 2, stop: '<|im_end|>' },
];

describe('what the viewer is told of log-probabilities', () => {
  it('is one entry for each id of each span, cut and suppressed ones too, with its end in the text', async () => {
    const made = await trace('q?', 1, script);
    const passes = made.passes.map(({ index }) =>
      receivedIdsOf(made, index).map((id) => ({
        text: ['<|im_start|>', '<|im_end|>'][id] ?? 'x',
        logprob: -id / 1e3,
        top: [],
      })),
    );
    const { spans } = logprobsToWire(made, { alternatives: 1, passes });
    const own = made.spans.flatMap((span, index) => (span.origin === 'model' ? [{ span, index }] : []));
    expect(spans?.map(({ index }) => index)).toEqual(own.map(({ index }) => index));
    for (const [at, { span }] of own.entries()) {
      expect(spans?.[at]?.logprobs).toEqual(span.tokenIds.map((id) => -id / 1e3));
      expect(spans?.[at]?.ends.at(-1)).toBe(span.text.length);
      if (!span.delimiter) expect(spans?.[at]?.ends).toEqual(span.tokenIds.map((_, token) => token + 1));
    }
  });

  it('is nothing of spans whose tokens the server did not name, and null where nothing was recorded', async () => {
    const made = await trace('q?', 0, script);
    const passes = made.passes.map(({ index }) => receivedIdsOf(made, index).map(() => null));
    expect(logprobsToWire(made, { alternatives: 1, passes }).spans).toEqual([]);
    expect(logprobsToWire(made, undefined).spans).toBeNull();
  });
});

describe('what the viewer is told', () => {
  it('tells an end that was suppressed from one that was let pass', async () => {
    const wire = toWire(await trace('q?', 1, script), { canAct: true });
    const kinds = wire.spans.filter((span) => span.phase === 'thinking').map((span) => span.kind);
    expect(kinds).toEqual(['marker', 'text', 'suppressed', 'cue', 'text', 'ended']);
  });

  it('places the cues by the thinking tokens before them', async () => {
    const made = await trace('q?', 1, script);
    const wire = toWire(made, { canAct: true });
    expect(wire.cuesAt).toEqual([5]);
    expect(wire.thinkingTokens).toBe(thinkingTokens(made));
  });

  it('names probes and rejected thoughts, and keeps probes out of the answer', async () => {
    const earlyStop = { everyTokens: 4, agree: 9, probeTokens: 2 };
    const probed = toWire(await trace('q?', { earlyStop }, [{ ids: 9 }, { ids: 9 }, ...script]), { canAct: true });
    expect(probed.spans.filter((span) => span.kind === 'probe').map((span) => span.phase)).toContain('thinking');
    expect(probed.spans.filter((span) => span.kind === 'cut')).toEqual([]);
    const sampling = { ...createCondition().sampling, temperature: 1 };
    const rejection = { decoder: 'rejection', maxThinkingTokens: 3, sampling } as const;
    const tried = toWire(await trace('q?', rejection, script), { canAct: true });
    expect(tried.spans.map((span) => span.kind).filter((kind) => kind === 'rejected').length).toBeGreaterThan(1);
  });

  it('shows the headings of steps as the model wrote them', async () => {
    const wire = toWire(await trace('q?', { dialect: 's1-steps' }, [{ ids: 5, stop: '<|im_end|>' }]), { canAct: true });
    expect(wire.spans.filter((span) => span.phase === 'thinking').map((span) => span.kind)).toEqual([
      'marker',
      'text',
      'ended',
    ]);
  });

  it('copies the kept text only', async () => {
    expect(traceText(await trace('q?', 1, script))).not.toContain('<|im_start|><|im_start|>');
  });
});

describe('Copy as CLI Command', () => {
  it('reaches the shell byte for byte, whatever the problem holds', async () => {
    await fc.assert(
      fc.asyncProperty(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 30 }), async (text) => {
        const question = text.replaceAll('\0', '').replaceAll('<|', '');
        fc.pre(question.trim() !== '');
        const command = traceCommand(await trace(question, 2, script));
        const words = command.replace(/^second-thought/, 'printf "%s\\n"');
        const shown = execFileSync('/bin/sh', ['-c', words], { encoding: 'utf8' });
        const expected = ['force', '--problem', question, '--reference', '3', '--ignore', '2'];
        expect(shown).toBe([...expected, '--server', server.url, '--model', 'm', ''].join('\n'));
      }),
      { numRuns: 30 },
    );
  });
});
