import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { createCondition, greedy, type Search, searchSchema } from '../../../src/core/forcing/condition';
import { waitAgain } from '../../../src/core/forcing/fork';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import type { CompletionChunk, CompletionRequest } from '../../../src/core/inference/inferenceClient';
import { randomScorer } from '../../../src/core/scorers/plainScorers';
import type { Scorer } from '../../../src/core/scorers/scorer';
import { treeOf } from '../../../src/core/search/tree';
import { treeLines } from '../../../src/core/search/treeText';
import { replayTrace, type TraceEvent } from '../../../src/core/traces/events';
import { checkTrace } from '../../../src/core/traces/history';
import { costsOf, generatedTokens, promptIdsOf, type Trace } from '../../../src/core/traces/trace';
import { parseTrace } from '../../../src/core/traces/traceFile';
import { ScriptedClient } from '../support/scriptedClient';

/** A model whose steps depend on the seed alone: a few letters, then a line end, the end of thinking, or no end. */
class TreeClient extends ScriptedClient {
  failAfter = Number.POSITIVE_INFINITY;

  constructor() {
    super([]);
  }

  override async *complete(request: CompletionRequest, signal?: AbortSignal): AsyncGenerator<CompletionChunk> {
    if (this.requests.length >= this.failAfter || signal?.aborted) throw new Error('the line is dead');
    this.requests.push(request);
    const isStep = (request.stopTexts ?? []).length > 0 || request.stopTokenIds.length > 1;
    const letters = 'abcdefgh'.slice(0, 1 + (request.seed % 7));
    const ending = isStep ? ['\n', '\n', '<|im_start|>', ''][request.seed % 4] : '<|im_end|>';
    const text = isStep ? letters : `The final answer is $\\boxed{${request.seed % 3}}$`;
    const ids = await this.tokenize(`${text}${ending}`);
    const tokenIds = ids.slice(0, request.maxTokens);
    const finishReason = tokenIds.length < request.maxTokens && ending !== '' ? 'stop' : 'length';
    const stopReason = ending === '\n' && finishReason === 'stop' ? '\n' : null;
    yield { tokenIds, text, finishReason, stopReason, cachedPromptTokens: null };
  }
}

const never = new AbortController().signal;

function orderOf(search: Partial<Search>, seed: number, cap: number | null) {
  const { stepDialect, ...fields } = { stepDialect: search.step === 'heading', ...search };
  return {
    problem: { question: 'How many?', answer: '1' },
    condition: createCondition({
      decoder: 'rebase',
      scorer: 'random',
      dialect: stepDialect ? 's1-steps' : 's1',
      sampling: { ...greedy, temperature: 1 },
      maxThinkingTokens: cap,
      search: searchSchema.parse(fields),
    }),
    server: { id: 'test', url: 'http://127.0.0.1:1/v1', model: 'scripted', version: null, contextLength: 2048 },
    studySeed: seed,
  };
}

async function search(changes: Partial<Search>, seed = 1, cap: number | null = 200, scorer: Scorer = randomScorer) {
  const client = new TreeClient();
  const header = await prepareTrace(orderOf(changes, seed, cap), client, systemClock);
  const trace = structuredClone(header);
  const events: TraceEvent[] = [];
  const options = { client, clock: systemClock, signal: never, scorer };
  await generateTrace(trace, { ...options, onEvent: (event) => events.push(structuredClone(event)) });
  return { client, header, trace, events, options };
}

const shapes = fc.record({
  width: fc.integer({ min: 1, max: 9 }),
  depth: fc.integer({ min: 1, max: 6 }),
  softmaxTemperature: fc.constantFrom(0.05, 0.2, 5),
  step: fc.constantFrom('line', 'heading') as fc.Arbitrary<Search['step']>,
  choose: fc.constantFrom('majority', 'weighted-majority', 'best') as fc.Arbitrary<Search['choose']>,
  rules: fc.constantFrom('default', 'published') as fc.Arbitrary<Search['rules']>,
  maxStepTokens: fc.constantFrom(null, 3, 20),
});
const seeds = fc.integer({ min: 0, max: 1e6 });
const caps = fc.constantFrom(null, 4, 12, 60);

const read = (trace: Trace) => parseTrace(JSON.stringify(trace), 'the disk');

describe('a tree search', () => {
  it('has the kept ids of its branch as the prompt of every pass, also when it is read from disk', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, caps, async (shape, seed, cap) => {
        const { client, trace, header, events } = await search(shape, seed, cap);
        expect(trace.status).toBe('complete');
        const again = read(trace);
        for (const [index, request] of client.requests.entries()) {
          expect(promptIdsOf(again, index)).toEqual(request.promptIds);
        }
        expect(checkTrace(again)).toEqual([]);
        expect(replayTrace(header, events)).toEqual(trace);
      }),
      { numRuns: 60 },
    );
  });

  it('never has more branches than its width, nor a branch beyond its limits', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, caps, async (shape, seed, cap) => {
        const { trace } = await search(shape, seed, cap);
        const nodes = treeOf(trace);
        const leaves = nodes.filter(({ answer }) => answer !== null);
        expect(leaves.length).toBeLessThanOrEqual(shape.width);
        expect(Math.max(...nodes.map(({ depth }) => depth))).toBeLessThanOrEqual(shape.depth);
        if (shape.rules === 'default') {
          expect(leaves).toHaveLength(shape.width);
          const limit = trace.budget.maxThinkingTokens;
          for (const { branchTokens } of nodes) expect(branchTokens).toBeLessThanOrEqual(limit);
        }
        expect(costsOf(trace).generated).toBe(generatedTokens(trace));
        expect(treeLines(trace)).toHaveLength(nodes.length);
      }),
      { numRuns: 40 },
    );
  });

  it('is continued after any interruption, and makes no step twice', async () => {
    await fc.assert(
      fc.asyncProperty(shapes, seeds, fc.integer({ min: 0, max: 12 }), async (shape, seed, failAfter) => {
        const client = new TreeClient();
        client.failAfter = failAfter;
        const trace = await prepareTrace(orderOf(shape, seed, 60), client, systemClock);
        const options = { client, clock: systemClock, signal: never, scorer: randomScorer };
        await generateTrace(trace, options);
        client.failAfter = Number.POSITIVE_INFINITY;
        const later = read(trace);
        const settled = later.passes.filter(({ ending }) => ending === 'stop').length;
        await generateTrace(later, options);
        expect(later.status).toBe('complete');
        expect(checkTrace(read(later))).toEqual([]);
        const before = trace.passes.filter(({ ending }) => ending === 'stop').length;
        expect(settled).toBe(before);
        for (const pass of later.passes) expect(pass.ending).not.toBe('running');
      }),
      { numRuns: 40 },
    );
  });

  it('keeps its tree when the scorer fails, names the step, and goes on from there', async () => {
    let asked = 0;
    const failing: Scorer = {
      name: 'judge',
      score: async (request, signal) => {
        asked += 1;
        if (asked === 6) throw new Error('the judge has gone home');
        return randomScorer.score(request, signal);
      },
    };
    const { trace, client } = await search({ width: 4, depth: 6, maxStepTokens: 3 }, 3, 200, failing);
    expect(trace.interruption?.code).toBe('scorer-failed');
    expect(trace.interruption?.message).toMatch(/^The scorer "judge" did not judge step 2 of a branch \(pass \d\): /);
    const judged = trace.passes.filter(({ score }) => score).length;
    const made = trace.passes.length;
    expect(judged).toBeGreaterThanOrEqual(5);
    const later = read(trace);
    await generateTrace(later, { client, clock: systemClock, signal: never, scorer: randomScorer });
    expect(later.status).toBe('complete');
    expect(later.passes.slice(0, made).map(({ request }) => request)).toEqual(
      trace.passes.map(({ request }) => request),
    );
    expect(checkTrace(later)).toEqual([]);
  });

  it('says when a changed score would have shared out the width in another way', async () => {
    const { trace } = await search({ width: 6, depth: 4, maxStepTokens: 3, softmaxTemperature: 0.05 }, 5);
    const first = trace.passes.findIndex(({ score }) => score);
    for (const pass of trace.passes) if (pass.score && pass.index !== first) pass.score.value = -9;
    expect(checkTrace(trace)).not.toEqual([]);
  });

  it('counts the scorer apart, and the slowest branch of each level as its depth', async () => {
    const costly: Scorer = { name: 'costly', score: async () => ({ value: 1, promptTokens: 10, generatedTokens: 1 }) };
    const { trace } = await search({ width: 3, depth: 1, maxStepTokens: 3 }, 2, 200, costly);
    expect(costsOf(trace)).toMatchObject({ scorer: 33, sequentialDepth: 3 }); // a step, its verdict, the answer
  });

  it('can be thought on from its chosen branch', async () => {
    const { trace, client } = await search({ width: 4, depth: 3 }, 4);
    const child = waitAgain(trace, systemClock);
    await generateTrace(child, { client, clock: systemClock, signal: never });
    expect(child.status).toBe('complete');
    expect(checkTrace(child)).toEqual([]);
  });

  it('under the published rules answers only branches that ended by themselves, and says so if there is none', async () => {
    const { trace } = await search({ width: 2, depth: 1, maxStepTokens: 1, rules: 'published' }, 1);
    expect(trace).toMatchObject({ status: 'complete', answerEndedBy: 'tries' });
    expect(trace.warnings.join()).toMatch(/^No branch of the search came to an end of its own/);
  });
});
