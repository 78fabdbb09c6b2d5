import { afterEach, describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { harnessLogText } from '../../../src/core/forcing/harnessLog';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import { connect } from '../../../src/core/servers/connect';
import { checkTrace } from '../../../src/core/traces/history';
import { contextIds, type Trace, thinkingTokens } from '../../../src/core/traces/trace';
import { type Behaviour, detokenize, FaultServer, ids, tokenize } from '../../faults/faultServer';

/** `S` opens thinking, `E` opens the answer, as in the released evaluation; the answer is always the same. */
const S = '<|im_start|>think';
const E = '<|im_start|>answer';
const answer: ScriptedCompletion = { text: '\n42', finish: 'stop', stop: '<|im_end|>' };

/** What the model says in one request. `ids` counts the stop id when it stops; without it, one id per character. */
interface ScriptedCompletion {
  text: string;
  finish: 'stop' | 'length';
  ids?: number;
  stop?: '<|im_start|>' | '<|im_end|>';
}

/** Sends it as vLLM does: one event per id, the stop id among the ids and not in the text, no reason for the main EOS. */
function scripted({ text, finish, ids: count, stop = '<|im_start|>' }: ScriptedCompletion): Behaviour {
  return (stream) => {
    const wanted = (count ?? Number.POSITIVE_INFINITY) - (finish === 'stop' ? 1 : 0);
    const isSplit = wanted < text.length; // fewer ids than characters: the last id takes the rest
    const tokenIds = isSplit
      ? [...ids.of(text.slice(0, wanted - 1)), ids.piece(text.slice(wanted - 1))]
      : tokenize(text);
    for (const [index, id] of tokenIds.entries()) {
      const ends = finish === 'length' && index === tokenIds.length - 1;
      stream.send([id], detokenize([id]), ends ? 'length' : null);
    }
    const id = stop === '<|im_end|>' ? ids.imEnd : ids.imStart;
    if (finish === 'stop') stream.send([id], '', 'stop', id === ids.imEnd ? null : id);
    stream.done();
  };
}

let server: FaultServer;
afterEach(() => server.stop());

/** Runs a script through the real client; what each request had in front of the model, after the chat prompt. */
async function run(changes: Partial<Condition>, passes: ScriptedCompletion[]) {
  server = await FaultServer.start(...[...passes, answer].map(scripted));
  const spec = { kind: 'url', id: 'scripted', url: server.url, model: null, keySource: 'none' } as const;
  const { client, server: described } = await connect(spec, { packageRoot: '' });
  const condition = createCondition(changes);
  const trace = await prepareTrace({ problem: { question: 'q?' }, condition, server: described }, client, systemClock);
  const chat = trace.spans[0]?.tokenIds.length ?? 0;
  await generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
  expect(trace.status).toBe('complete');
  expect(checkTrace(trace)).toEqual([]);
  const prompts = server.requests.map((request) => detokenize(request.prompt.slice(chat)));
  return { trace, prompts, requests: server.requests, context: context(trace, chat) };
}

const context = (trace: Trace, chat: number) => detokenize(contextIds(trace).slice(chat));

describe('s1-harness, by the vectors of the released evaluation', () => {
  const harness = (changes: Partial<Condition>, passes: ScriptedCompletion[]) =>
    run({ preset: 's1-harness', maxThinkingTokens: 100, ...changes }, passes);

  it('1: a natural stop appends the bare delimiter', async () => {
    const { trace, prompts, context } = await harness({}, [{ text: '\nabc\n', finish: 'stop' }]);
    expect(prompts).toEqual([S, `${S}\nabc\n${E}`]);
    expect(harnessLogText(trace)).toBe(`${S}\nabc\n${E}\n42`);
    expect(context).toBe(`${S}\nabc\n${E}\n42<|im_end|>`);
  });

  it('2: a length stop without a newline inserts one before the delimiter and Final Answer:', async () => {
    const { trace, prompts } = await harness({}, [{ text: '\nabc', finish: 'length' }]);
    expect(prompts[1]).toBe(`${S}\nabc\n${E}\nFinal Answer:`);
    expect(harnessLogText(trace)).toBe(`${S}\nabc\n${E}\nFinal Answer:\n42`);
  });

  it('3: a length stop after a newline inserts none', async () => {
    const { trace, prompts } = await harness({}, [{ text: '\nabc\n', finish: 'length' }]);
    expect(prompts[1]).toBe(`${S}\nabc\n${E}\nFinal Answer:`);
    expect(harnessLogText(trace)).toBe(`${S}\nabc\n${E}\nFinal Answer:\n42`);
  });

  it('4: an ignored end becomes the cue, and every pass has the full limit and a minimum of one', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabc\n', finish: 'stop' },
      { text: ', def\n', finish: 'stop' },
    ];
    const { trace, prompts, requests } = await harness({ ignore: 1 }, passes);
    expect(prompts).toEqual([S, `${S}\nabc\nWait`, `${S}\nabc\nWait, def\n${E}`]);
    expect(requests.slice(0, 2).map((r) => [r.max_tokens, r.min_tokens])).toEqual([
      [100, 1],
      [100, 1],
    ]);
    expect(harnessLogText(trace)).toBe(`${S}\nabc\nWait, def\n${E}\n42`);
  });

  it('5: a length stop retires the sample: the third pass is not run', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabc\n', finish: 'stop' },
      { text: ' def', finish: 'length' },
    ];
    const { trace, prompts } = await harness({ ignore: 2 }, passes);
    expect(prompts).toHaveLength(3);
    expect(harnessLogText(trace)).toBe(`${S}\nabc\nWait def\n${E}\nFinal Answer:\n42`);
  });

  it('6: a total over the limit is cut by ids; the log keeps the whole text, without Final Answer:', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabcde\n', finish: 'stop', ids: 8 },
      { text: ' fghij\n', finish: 'stop', ids: 8 },
    ];
    const { trace, prompts } = await harness({ ignore: 1, maxThinkingTokens: 10 }, passes);
    expect(thinkingTokens(trace)).toBe(10);
    expect(prompts[2]).toBe(`${S}\nabcde\nWai${E}`);
    expect(harnessLogText(trace)).toBe(`${S}\nabcde\nWait fghij\n${E}\n42`);
  });

  it('7: without a cue, nothing stands between the two texts', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabc\n', finish: 'stop' },
      { text: ', def\n', finish: 'stop' },
    ];
    const { trace, prompts } = await harness({ ignore: 1, cues: [''] }, passes);
    expect(prompts[1]).toBe(`${S}\nabc\n`);
    expect(harnessLogText(trace)).toBe(`${S}\nabc\n, def\n${E}\n42`);
  });

  it('8: thinking in steps ends where the model opens step 0, and the log is as it was written', async () => {
    const steps = '2 steps left\nA\n<|im_start|>1 steps left\nB\n<|im_start|>0';
    const { trace, prompts, requests } = await harness({ dialect: 's1-steps' }, [
      { text: steps, finish: 'length' }, // a server that knows no stop strings: the end is found by its ids
    ]);
    expect(harnessLogText(trace)).toBe(`<|im_start|>2 steps left\nA\n<|im_start|>1 steps left\nB\n${E}\n42`);
    expect(prompts).toEqual(['<|im_start|>', `<|im_start|>2 steps left\nA\n<|im_start|>1 steps left\nB\n${E}`]);
    expect(requests[0]).toMatchObject({ stop: ['<|im_start|>0'] });
    expect(trace.thinkingEndedBy).toBe('steps');
    expect(thinkingTokens(trace)).toBe('A\n'.length + 'B\n'.length); // headings of steps are no thought
  });

  it('suppresses the main EOS like the delimiter, although the server gives no stop reason for it', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabc\n', finish: 'stop', stop: '<|im_end|>' },
      { text: ', def\n', finish: 'stop', stop: '<|im_end|>' },
    ];
    const { prompts } = await harness({ ignore: 1 }, passes);
    expect(prompts[2]).toBe(`${S}\nabc\nWait, def\n${E}`);
  });

  it('computes auto from the prompt, the delimiters and 100 reserved tokens', async () => {
    const { trace } = await harness({ maxThinkingTokens: 'auto' }, [{ text: '\nabc\n', finish: 'stop' }]);
    const prompt = trace.spans[0]?.tokenIds.length ?? 0;
    const { openingIds, forcedClosingIds } = trace.dialect;
    expect(trace.budget.maxThinkingTokens).toBe(32_768 - prompt - openingIds.length - forcedClosingIds.length - 100);
  });
});

describe('s1-readme, with a budget of 10', () => {
  const readme = (ignore: number, passes: ScriptedCompletion[]) =>
    run({ preset: 's1-readme', maxThinkingTokens: 10, ignore }, passes);
  const first: ScriptedCompletion = { text: '\nabc\n', finish: 'stop', ids: 6 };
  const second: ScriptedCompletion = { text: ', def', finish: 'length', ids: 4 };

  it('R1: the second request gets what the first left, and no delimiter is appended', async () => {
    const { prompts, requests } = await readme(1, [first, second]);
    expect(requests[1]).toMatchObject({ max_tokens: 4, min_tokens: 1 });
    expect(prompts[2]).toBe(`${S}\nabc\nWait, def`);
  });

  it('R2: no second cue when nothing is left', async () => {
    const { prompts } = await readme(2, [first, second]);
    expect(prompts).toHaveLength(3);
    expect(prompts[2]).toBe(`${S}\nabc\nWait, def`);
  });

  it('R3: no cue when the first pass took it all', async () => {
    const { prompts } = await readme(1, [{ text: '\nabcdefghi', finish: 'length', ids: 10 }]);
    expect(prompts).toEqual([S, `${S}\nabcdefghi`]);
  });

  it('counts as thinking what the model writes before its own delimiter in the answer pass', async () => {
    const { trace } = await readme(1, [first, second, { text: ` ghi\n${E}\n42`, finish: 'stop', stop: '<|im_end|>' }]);
    const texts = (phase: string) =>
      trace.spans
        .filter((s) => s.phase === phase && s.fate === 'kept' && !s.delimiter)
        .map((s) => s.text)
        .join('');
    expect(texts('thinking')).toBe('\nabc\nWait, def ghi\n');
    expect(texts('answer')).toBe('\n42');
  });
});

describe('the default preset', () => {
  it('counts cue ids against the cap', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabc\n', finish: 'stop' },
      { text: 'd', finish: 'length' },
    ];
    const { requests, prompts, trace } = await run({ maxThinkingTokens: 10, ignore: 2 }, passes);
    expect(requests[1]).toMatchObject({ max_tokens: 1, min_tokens: 1 });
    expect(prompts[2]).toBe(`${S}\nabc\nWaitd\n${E}\nFinal Answer:`);
    expect(trace.thinkingEndedBy).toBe('cap');
  });

  it('forces no cue that thinking could not follow', async () => {
    const { prompts, trace } = await run({ maxThinkingTokens: 9, ignore: 2 }, [{ text: '\nabc\n', finish: 'stop' }]);
    expect(prompts).toEqual([S, `${S}\nabc\n${E}`]);
    expect(trace.thinkingEndedBy).toBe('model');
  });

  it('suppresses an end that comes before the minimum, without a cue', async () => {
    const passes: ScriptedCompletion[] = [
      { text: '\nabc\n', finish: 'stop' },
      { text: 'more\n', finish: 'stop' },
    ];
    const { requests, prompts, trace } = await run({ minThinkingTokens: 8 }, passes);
    expect(requests.map((r) => r.min_tokens)).toEqual([8, 3, 0]);
    expect(prompts[1]).toBe(`${S}\nabc\n`);
    expect(trace.passes.map((pass) => pass.purpose)).toEqual(['start', 'minimum', 'answer']);
  });

  it('with a cap of 0 asks for the answer at once', async () => {
    const { prompts } = await run({ maxThinkingTokens: 0 }, []);
    expect(prompts).toEqual([`${S}\n${E}\nFinal Answer:`]);
  });
});
