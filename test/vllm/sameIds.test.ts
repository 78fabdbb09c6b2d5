import { readFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { createCondition } from '../../src/core/forcing/condition';
import { generateTrace } from '../../src/core/forcing/generate';
import { prepareTrace } from '../../src/core/forcing/prepare';
import type { TokenLogprob } from '../../src/core/inference/inferenceClient';
import { parseProblems } from '../../src/core/problems/problemFile';
import {
  bundledModelFile,
  bundledModelName,
  type Connection,
  connect,
  localServerProgram,
} from '../../src/core/servers/connect';
import { examineServer } from '../../src/core/servers/doctor';
import { type LocalServerProcess, startLocalServer } from '../../src/core/servers/localServerProcess';
import { isGood } from '../../src/core/servers/serverFacts';
import { checkTrace } from '../../src/core/traces/history';
import type { LogprobListener } from '../../src/core/traces/logprobs';
import { contextIds, cuesUsed, generatedTokens, type Trace } from '../../src/core/traces/trace';
import { logprobsToWire } from '../../src/ui/traceViewer/logprobsToWire';
import { firstDifference, topTwoGap } from './difference';
import { largestDifference, type Reply } from './logprobs';
import { startVllm, type VllmServer } from './vllmServer';

/** The bundled model's Hugging Face files in an unmodified vLLM, beside its GGUF in the local server. */
const root = path.resolve(import.meta.dirname, '..', '..');
const problemCount = 12;
const nearTie = 1e-3;
/** Measured: 0.03. llama.cpp computes with floats of 16 bits where vLLM is told here to take 32. */
const logprobTolerance = 0.1;
const never = new AbortController().signal;

let vllm: VllmServer;
let own: LocalServerProcess;
let remote: Connection;
let local: Connection;

beforeAll(async () => {
  [vllm, own] = await Promise.all([
    startVllm(root),
    startLocalServer({
      program: localServerProgram(root),
      modelFile: bundledModelFile(root),
      modelName: bundledModelName,
      deterministic: true,
    }),
  ]);
  const spec = { kind: 'url', model: null, keySource: 'none' } as const;
  [remote, local] = await Promise.all([
    connect({ ...spec, id: 'vllm', url: vllm.url }, { packageRoot: root }),
    connect({ ...spec, id: 'local', url: own.url, apiKey: own.apiKey }, { packageRoot: root }),
  ]);
});

afterAll(async () => {
  await own?.stop();
  await vllm?.stop();
});

const testProblems = path.join(root, 'media', 'studies', 'five-families.problems.jsonl');
const problems = parseProblems(readFileSync(testProblems, 'utf8'), { fileName: testProblems })
  .map((placed) => placed.problem)
  .slice(0, problemCount);

async function force(
  { client, server }: Connection,
  index: number,
  changes: Parameters<typeof createCondition>[0],
  logprobs?: LogprobListener,
) {
  const problem = problems[index];
  if (!problem) throw new Error(`no problem ${index}`);
  const trace = await prepareTrace({ problem, condition: createCondition(changes), server }, client, systemClock);
  return generateTrace(trace, { client, clock: systemClock, signal: never, logprobs });
}

/** What was told in order, pass by pass. */
function byPass(trace: Trace, told: readonly (TokenLogprob | null)[]): (TokenLogprob | null)[][] {
  const rest = [...told];
  return trace.passes.map(({ receivedTokens }) => rest.splice(0, receivedTokens));
}

describe('real vLLM', () => {
  it('says of every id that it sends how likely it was and what else was, as the local server does', async () => {
    const said = async (connection: Connection) => {
      const told: (TokenLogprob | null)[] = [];
      const onReceived: LogprobListener['onReceived'] = (_, __, logprobs) => told.push(...logprobs);
      const trace = await force(connection, 0, { ignore: 1 }, { alternatives: 3, onReceived });
      expect(told).toHaveLength(generatedTokens(trace));
      for (const entry of told) {
        expect(entry?.top.length).toBeGreaterThanOrEqual(3);
        expect(entry?.logprob).toBe(entry?.top[0]?.[1]); // greedy
      }
      const spans = logprobsToWire(trace, { alternatives: 3, passes: byPass(trace, told) }).spans ?? [];
      expect(spans.map(({ index }) => index)).toEqual(
        trace.spans.flatMap(({ origin }, index) => (origin === 'model' ? [index] : [])),
      );
      return { trace, told };
    };
    const [there, here] = [await said(remote), await said(local)];
    const isSame = contextIds(there.trace).join() === contextIds(here.trace).join();
    for (const [at, entry] of isSame ? there.told.entries() : []) {
      expect(here.told[at]?.text).toBe(entry?.text);
      expect(Math.abs((here.told[at]?.logprob ?? 9) - (entry?.logprob ?? 0))).toBeLessThan(logprobTolerance);
    }
  });

  it('does everything that exact forcing needs', async () => {
    const { client, server } = remote;
    const findings = await examineServer({
      client,
      kind: 'vllm',
      dialect: 's1',
      version: server.version,
      signal: never,
    });
    expect(findings.filter((finding) => finding.need !== 'extra' && !isGood(finding))).toEqual([]);
  });

  it('renders the chat template and the dialect to the same ids as the local server', async () => {
    const [a, b] = await Promise.all([force(remote, 0, {}), force(local, 0, {})]);
    expect(a.dialect).toEqual(b.dialect);
    expect(a.spans[0]).toEqual(b.spans[0]);
  });

  it.each([{ ignore: 2 }, { maxThinkingTokens: 16 }])(
    'gives the same greedy ids under %j, or differs first at a near-tie',
    async (changes) => {
      const differences: string[] = [];
      for (const index of problems.keys()) {
        const [a, b] = await Promise.all([force(remote, index, changes), force(local, index, changes)]);
        for (const trace of [a, b]) expectSound(trace);
        const at = firstDifference(contextIds(a), contextIds(b));
        if (at === undefined) continue;
        const gap = await topTwoGap(remote, contextIds(a).slice(0, at));
        differences.push(`problem ${index}, id ${at}: gap ${gap}`);
        expect(gap).toBeLessThan(nearTie);
      }
      console.log(differences.length === 0 ? 'all ids equal' : differences.join('\n'));
    },
  );

  it('gives the same log-probabilities of prompts and outputs as the local server, in the same shape', async () => {
    let largest = 0;
    for (const index of problems.keys()) {
      const prompt = (await force(local, index, { maxThinkingTokens: 1 })).spans[0]?.tokenIds ?? [];
      const greedy = {
        prompt,
        max_tokens: 4,
        temperature: 0,
        ignore_eos: true,
        logprobs: 5,
        prompt_logprobs: 5,
      };
      const [a, b] = await Promise.all([ask(vllm, '/completions', greedy), ask(own, '/completions', greedy)]);
      largest = Math.max(largest, largestDifference(a, b));
    }
    console.log(`largest difference of a log-probability: ${largest}`);
    expect(largest).toBeLessThan(logprobTolerance);
  });

  it.each([0, 5])('ends a thought at a thinking_token_budget of %i where the local server does', async (budget) => {
    const greedy = { max_tokens: 20, temperature: 0, return_token_ids: true, thinking_token_budget: budget };
    for (const index of problems.keys()) {
      const { spans, dialect } = await force(local, index, { maxThinkingTokens: 1 });
      const unopened = spans[0]?.tokenIds ?? [];
      const ids = (prompt: number[]) =>
        Promise.all(
          [vllm, own].map(async (one) => (await ask(one, '/completions', { prompt, ...greedy })).choices[0]?.token_ids),
        );
      const [a, b] = await ids(unopened);
      expect(b).toEqual(a);
      const [far, exact] = await ids([...unopened, ...dialect.openingIds]);
      const { closingIds, openingIds } = dialect;
      expect(exact?.slice(budget, budget + closingIds.length)).toEqual(closingIds);
      // vLLM 0.32 takes a start mark in the prompt for one id, however many it has, and thinks so much longer.
      const late = budget === 0 ? 0 : openingIds.length - 1;
      expect(far?.slice(budget + late, budget + late + closingIds.length)).toEqual(closingIds);
    }
  });
});

async function ask(server: { url: string; apiKey?: string }, route: string, body: object): Promise<Reply> {
  const reply = await fetch(`${server.url}${route}`, {
    method: 'POST',
    headers: { 'content-type': 'application/json', authorization: `Bearer ${server.apiKey ?? 'none'}` },
    body: JSON.stringify({ model: 's1-tiny', ...body }),
  });
  if (!reply.ok) throw new Error(await reply.text());
  return (await reply.json()) as Reply;
}

function expectSound(trace: Trace): void {
  expect(trace.status).toBe('complete');
  expect(checkTrace(trace)).toEqual([]);
  expect(cuesUsed(trace)).toBe(trace.condition.ignore);
}
