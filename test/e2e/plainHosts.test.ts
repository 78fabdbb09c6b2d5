import { writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest';
import { systemClock } from '../../src/core/base/clock';
import { type Condition, createCondition } from '../../src/core/forcing/condition';
import { generateTrace } from '../../src/core/forcing/generate';
import { prepareTrace } from '../../src/core/forcing/prepare';
import { dialectSchema, findDialect } from '../../src/core/inference/dialects';
import { connect } from '../../src/core/servers/connect';
import { type LocalServerProcess, startLocalServer } from '../../src/core/servers/localServerProcess';
import { checkTrace } from '../../src/core/traces/history';
import { answerText, costsOf, describeTrace, type Trace, thinkingTokens } from '../../src/core/traces/trace';
import { CliHome, root } from './support/cli';
import { modelFile, program } from './support/localServer';
import { type HostRules, startPlainHost } from './support/plainHost';

/** Hosts that take texts, or only chat: a real model, real replies, and every trace and number of them says what it is. */
let home: CliHome;
let own: LocalServerProcess;
let host: Awaited<ReturnType<typeof startPlainHost>>;
vi.setConfig({ testTimeout: 60_000 });

beforeAll(async () => {
  home = new CliHome();
  own = await startLocalServer({ program, modelFile, modelName: 's1-tiny', deterministic: true });
});
afterEach(() => host?.stop());
afterAll(async () => {
  await own?.stop();
  home.dispose();
});

/** s1, with the prompt that the bundled model's own template makes. */
const tiny = {
  ...dialectSchema.parse(findDialect('s1')),
  name: 'tiny',
  prompt: '<|im_start|>user\n{question}<|im_end|>\n<|im_start|>assistant\n',
};

async function meet(rules: HostRules): Promise<string[]> {
  host = await startPlainHost(own, rules);
  return ['--server', host.url, '--context-length', '1024'];
}

const never = new AbortController().signal;

/** In this process: what is tested are the replies of a real model, not the command line. */
async function force(server: { url: string; apiKey?: string }, changes: Partial<Condition>): Promise<Trace> {
  const spec = { kind: 'url', id: 'host', model: null, keySource: 'none', contextLength: 1024, ...server } as const;
  const connection = await connect(spec, { packageRoot: root });
  const { client } = connection;
  const problem = { question: 'How many r in raspberry?', answer: '3' };
  const condition = createCondition({ dialect: tiny, ...changes });
  const trace = await prepareTrace({ problem, condition, server: connection.server }, client, systemClock);
  return generateTrace(trace, { client, clock: systemClock, signal: never });
}

const kept = ({ spans }: Trace) =>
  spans
    .filter(({ fate, phase }) => fate === 'kept' && phase !== 'prompt')
    .map(({ text }) => text)
    .join('')
    .replace(/<\|im_end\|>$/, ''); // a stop string is not part of a reply

describe('a host that takes texts', () => {
  it('is forced by texts: the same words as by ids, labelled', async () => {
    await meet({ completes: true });
    const exact = await force(own, { ignore: 2 });
    const approximate = await force(host, { ignore: 2 });
    expect(exact.server.level).toBeUndefined();
    expect(approximate.server.level).toBe('text');
    expect(approximate.warnings[0]).toMatch(/^Approximate/);
    expect(describeTrace(approximate)).toMatch(/\(approximate\)$/);
    expect(kept(approximate)).toBe(kept(exact));
    expect(checkTrace(approximate)).toEqual([]);
    const costs = costsOf(approximate);
    expect(costs.generated).toBe(approximate.passes.reduce((sum, pass) => sum + (pass.reportedTokens ?? 0), 0));
  });

  it('that refuses what OpenAI does not have is asked without it', async () => {
    await meet({ completes: true, isStrict: true });
    expect(await force(host, { ignore: 1 })).toMatchObject({ status: 'complete', server: { level: 'text' } });
  });

  it('keeps to a cap; a trace made there is not gone on with by ids', async () => {
    await meet({ completes: true });
    const trace = await force(host, { maxThinkingTokens: 8 });
    expect(thinkingTokens(trace)).toBeLessThanOrEqual(8);
    const { client } = await connect(
      { kind: 'url', id: 'own', model: null, keySource: 'none', ...own },
      { packageRoot: root },
    );
    const broken = { ...trace, status: 'interrupted' as const };
    await generateTrace(broken, { client, clock: systemClock, signal: never });
    expect(broken.interruption).toMatchObject({ code: 'server-changed' });
  });

  it('labels each condition of a study made there, wherever its numbers go', async () => {
    const places = await meet({ completes: true });
    const study = path.join(home.folder, 'texts.study.yaml');
    writeFileSync(path.join(home.folder, 'two.jsonl'), '{"question":"What is 2+3?","answer":"5"}\n');
    writeFileSync(
      study,
      'problems: [{ file: two.jsonl }]\nconditions: [{ name: plain }, { name: waits, ignore: 1 }]\n',
    );
    const { stdout } = await home.run(['run', study, '--json', ...places]);
    const { run } = JSON.parse(stdout);
    const scored = await home.run(['score', run]);
    for (const name of ['plain', 'waits']) {
      expect(scored.stdout).toContain(`${name} (approximate)`);
      expect(scored.stdout).not.toMatch(new RegExp(`${name}(?! \\(approximate\\))`));
    }
    const again = await home.run(['run', '--resume', run, '--json', '--server', 'bundled', '--accept-server-change']);
    expect(again.stderr).toMatch(/"code":"server-changed".*cannot be mixed/);
  });

  it('refuses what needs ids, and a context that nobody tells, each with what would do', async () => {
    await meet({ completes: true });
    await expect(force(host, { bannedWords: ['Wait'] })).rejects.toMatchObject({ code: 'bad-usage' });
    const untold = { contextLength: undefined } as unknown as object;
    await expect(force({ ...host, ...untold }, {})).rejects.toMatchObject({
      remedy: expect.stringContaining('--context-length'),
    });
  });
});

describe('a host that only chats', () => {
  it('is evaluated as it is, with its own effort; forcing is refused with the reason', async () => {
    await meet({ completes: false });
    await expect(force(host, { ignore: 1 })).rejects.toMatchObject({ code: 'chat-only' });
    const trace = await force(host, { decoder: 'none', templateArguments: { reasoning_effort: 'low' } });
    expect(trace).toMatchObject({ status: 'complete', server: { level: 'chat' } });
    expect(answerText(trace)).not.toBe('');
    expect(host.asked.at(-1)).toMatchObject({
      path: '/v1/chat/completions',
      body: { messages: [{ role: 'user', content: 'How many r in raspberry?' }], reasoning_effort: 'low' },
    });
    const checked = await home.run(['doctor', '--json', '--server', host.url]);
    expect(JSON.parse(checked.stdout).findings).toMatchObject([{ verdict: 'missing', evidence: 'it only chats' }]);
  });
});
