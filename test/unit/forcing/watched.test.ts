import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { connect } from '../../../src/core/servers/connect';
import { checkTrace } from '../../../src/core/traces/history';
import { costsOf, type Trace, thinkingText } from '../../../src/core/traces/trace';
import { type Behaviour, FaultServer, ids, natural } from '../../faults/faultServer';

/** Thinking that is watched while it comes: loops, probes, forbidden words, temperatures. */
let server: FaultServer;
afterEach(() => server.stop());

async function run(changes: Partial<Condition>, ...behaviours: Behaviour[]): Promise<Trace> {
  server = await FaultServer.start(...behaviours);
  const spec = { kind: 'url', id: 'scripted', url: server.url, model: null, keySource: 'none' } as const;
  const { client, server: described } = await connect(spec, { packageRoot: '' });
  const order = { problem: { question: 'q?' }, condition: createCondition(changes), server: described };
  const trace = await prepareTrace(order, client, systemClock);
  await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
  expect([trace.status, checkTrace(trace)]).toEqual(['complete', []]);
  return trace;
}

/** Says the same sentence again until nobody listens, an id at a time. */
const turnsRound: Behaviour = async (stream) => {
  for (let at = 0; at < 2_000 && !stream.isClosed; at++) {
    const character = 'But is it so? Let me see it again. '.charAt(at % 35);
    stream.send(ids.of(character), character);
    await stream.breathe();
  }
  stream.send([ids.imStart], '', 'stop', ids.imStart);
  stream.done();
};
/** So many characters, then the limit. */
const limited =
  (text: string): Behaviour =>
  (stream) => {
    stream.send(ids.of(text), text, 'length');
    stream.done();
  };
const answer = natural('\n42', ids.imEnd);

describe('a thought that repeats itself', () => {
  it('is ended soon after the third time, and answered', async () => {
    const trace = await run({ loopGuard: 'stop' }, turnsRound, answer);
    expect(trace.thinkingEndedBy).toBe('loop');
    expect(thinkingText(trace).length).toBeGreaterThanOrEqual(3 * 35);
    expect(thinkingText(trace).length).toBeLessThan(300); // some more were on their way
    expect(trace.warnings).toEqual(['The thinking repeats 35 tokens again and again: it was ended.']);
  });

  it('goes on with the next cue where cues are to turn it', async () => {
    const trace = await run(
      { loopGuard: 'rotate', cues: ['Hmm', 'Alternatively'], cueOrder: 'rotation' },
      turnsRound,
      natural('\nno'),
      answer,
    );
    expect(thinkingText(trace)).toMatch(/again\. .*Hmm\nno$/s);
    expect(trace.thinkingEndedBy).toBe('model');
  });

  it('is only marked where that is asked for', async () => {
    const trace = await run({ loopGuard: 'mark' }, turnsRound, answer);
    expect(thinkingText(trace)).toHaveLength(2_000);
    expect(trace.warnings).toEqual(['The thinking repeats 35 tokens again and again: it was let go on.']);
  });
});

describe('probes', () => {
  const condition = { earlyStop: { everyTokens: 4, agree: 2, probeTokens: 8 } };

  it('end the thinking when they agree, and leave nothing of themselves in what the model reads', async () => {
    const trace = await run(
      condition,
      ...[limited('aaaa'), natural(' 7', ids.imEnd)],
      ...[limited('bbbb'), natural(' 8', ids.imEnd)],
      ...[limited('cccc'), natural(' 8.', ids.imEnd)],
      answer,
    );
    expect(trace.thinkingEndedBy).toBe('probe');
    expect(thinkingText(trace)).toBe('aaaabbbbcccc');
    expect(costsOf(trace).probe).toBe(' 7 8 8.'.length + 3);
    const thinking = server.requests.filter((_, at) => at % 2 === 0).map(({ prompt }) => prompt.length);
    expect(thinking.slice(1, 3).map((length) => length - Number(thinking[0]))).toEqual([4, 8]);
  });

  it('that never agree let the model end by itself', async () => {
    const trace = await run(
      condition,
      ...[limited('aaaa'), natural(' 7', ids.imEnd), limited('bbbb'), natural(' 8', ids.imEnd)],
      ...[natural('c'), answer],
    );
    expect([trace.thinkingEndedBy, thinkingText(trace)]).toEqual(['model', 'aaaabbbbc']);
  });
});

describe('what is asked of the server while it thinks', () => {
  it('forbids words as ids where they are one, else as words, and never in the answer', async () => {
    await run({ bannedWords: ['W', 'Wait'] }, natural('hm'), answer);
    const [thinking, answered] = server.requests as unknown as Record<string, unknown>[];
    const forbidden = Object.keys(thinking?.logit_bias as object).map(Number);
    expect(forbidden.sort()).toEqual([...ids.of('W'), ...ids.of('w')].sort());
    expect(thinking?.bad_words).toEqual([' W', ' w', 'Wait', ' Wait', 'wait', ' wait']);
    expect(answered?.logit_bias ?? answered?.bad_words).toBeUndefined();
  });

  it('gets warmer with each cue, and the answer has a temperature of its own', async () => {
    const sampling = createCondition().sampling;
    await run(
      { ignore: 2, temperaturePerCue: 0.4, answerSampling: { ...sampling, temperature: 0.1 } },
      ...[natural('a'), natural('b'), natural('c'), answer],
    );
    const temperatures = (server.requests as unknown as { temperature: number }[]).map((r) => r.temperature);
    expect(temperatures).toEqual([0, 0.4, 0.8, 0.1]);
  });

  it('renders the prompt with its suffix and closes with the text that was chosen', async () => {
    const closing = 'So.\n<|im_start|>answer';
    const trace = await run({ promptSuffix: 'Be brief.', maxThinkingTokens: 2, closing }, limited('ab'), answer);
    expect(trace.spans.find((span) => span.origin === 'forced-delimiter')?.text).toBe(`\n${closing}`);
    expect(server.requests[0]?.prompt).toEqual([...ids.of('q?\n\nBe brief.'), ids.imStart, ...ids.of('think')]);
  });
});
