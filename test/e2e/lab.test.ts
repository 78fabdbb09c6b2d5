import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { parseJsonLines } from '../../src/core/base/files';
import { contextIds, type Span, type Trace, traceSchema } from '../../src/core/traces/trace';
import { CliHome, printed, root } from './support/cli';

/** The trace laboratory from the command line: a small study on the bundled model, probed and forked. */
vi.setConfig({ testTimeout: 120_000 });
const problems = path.join(root, 'model', 'data', 'dev.problems.jsonl');
let home: CliHome;
let server: string[];
let run: string;
let traces: Trace[];

const study = `
title: lab
problems: [{ file: ${problems}, limit: 12 }]
conditions:
  - name: natural
  - name: cap
    sweep: { maxThinkingTokens: [8, 16, 24] }
  - name: Wait ×
    sweep: { ignore: [1, 2, 4] }
`;

beforeAll(async () => {
  home = new CliHome();
  const served = home.start(['serve', '--deterministic', '--json', '--port', '0']);
  const [, url = '', key = ''] = await printed(served, /"url":\s*"([^"]+)",\s*"apiKey":\s*"([^"]+)"/);
  home.env.LAB_KEY = key;
  server = ['--server', url, '--api-key-env', 'LAB_KEY'];
  const file = path.join(home.folder, 'lab.study.yaml');
  writeFileSync(file, study);
  ({ run } = await json('run', file, ...server));
  const lines = parseJsonLines(readFileSync(path.join(run, 'traces-0001.jsonl'), 'utf8'));
  traces = lines.map((line) => traceSchema.parse(line));
}, 120_000);
afterAll(() => home.dispose());

async function json(...args: string[]) {
  const { stdout, stderr } = await home.run([...args, '--json']);
  expect(stderr).toBe('');
  return JSON.parse(stdout);
}

const answerIds = ({ spans }: Trace) =>
  spans.filter((span: Span) => span.phase === 'answer' && span.origin === 'model').flatMap(({ tokenIds }) => tokenIds);
const sibling = (trace: Trace, cap: number) =>
  traces.find((other) => other.problemKey === trace.problemKey && other.condition.maxThinkingTokens === cap);
const isNatural = ({ condition }: Trace) => condition.ignore === 0 && condition.maxThinkingTokens === null;

interface Probe {
  thinkingTokens: number;
  tokenIds: number[];
  isRight: boolean;
}
const probesOf = (traceId: string): Probe[] =>
  (parseJsonLines(readFileSync(path.join(run, 'probes.jsonl'), 'utf8')) as { traceId: string; probes: Probe[] }[])
    .filter((record) => record.traceId === traceId)
    .flatMap(({ probes }) => probes);

describe('probes of a study', () => {
  it('say at k thinking tokens what a run with cap k answers, id for id', async () => {
    await json('probe', run, '--condition', 'natural', '--every', '8', ...server);
    let compared = 0;
    for (const trace of traces.filter(isNatural)) {
      for (const probe of probesOf(trace.id)) {
        const capped = sibling(trace, probe.thinkingTokens);
        if (capped?.thinkingEndedBy !== 'cap') continue;
        expect(probe.tokenIds).toEqual(answerIds(capped).slice(0, 24));
        compared++;
      }
    }
    expect(compared).toBeGreaterThan(12);
  });

  it('change at each cue where the study itself says that the answer flips', async () => {
    await json('probe', run, '--condition', 'Wait × 4', '--at', 'cues', ...server);
    const { comparisons } = await json('compare', run, '--per-cue');
    const cued = traces.filter(({ condition }) => condition.ignore === 4);
    const flipsBetween = (from: number, to: number) =>
      cued
        .filter(({ id }) => probesOf(id)[from]?.isRight !== probesOf(id)[to]?.isRight)
        .map(({ problemKey }) => problemKey)
        .sort();
    const told = (comparisons as { flips: { problemKey: string }[] }[]).map(({ flips }) =>
      flips.map(({ problemKey }) => problemKey).sort(),
    );
    expect(told).toEqual([flipsBetween(0, 1), flipsBetween(1, 2), flipsBetween(2, 4)]);
    expect(told.flat().length).toBeGreaterThan(0);
  });

  it('are not asked again, and tell what an early stop would have saved', async () => {
    const before = readFileSync(path.join(run, 'probes.jsonl'), 'utf8');
    const { conditions } = await json('probe', run, '--condition', 'natural', '--every', '8', ...server);
    expect(readFileSync(path.join(run, 'probes.jsonl'), 'utf8')).toBe(before);
    const [{ earlyStop, rightByTokens }] = conditions;
    expect(rightByTokens.at(-1).thinking).toBe(0);
    expect(earlyStop[0]).toMatchObject({ agree: 2, total: 12 });
    expect(earlyStop[0].thinkingTokens).toBeLessThanOrEqual(earlyStop[0].thinkingTokensAtEnd);
  });
});

describe('forks of a study', () => {
  it('share the ids before the place, and stay out of the numbers', async () => {
    const parent = traces.find(isNatural) as Trace;
    const score = await json('score', run);
    const place = contextIds({ spans: parent.spans.filter(({ phase }) => phase !== 'answer') }).length - 5;
    const address = `${run}#${parent.id}`;
    const cued = await json('fork', `${address}@${place}`, '--cue', 'Hmm', ...server);
    expect(contextIds(cued).slice(0, place)).toEqual(contextIds(parent).slice(0, place));
    expect(cued.fork).toMatchObject({ parent: parent.id, offset: place, step: 'cue', text: 'Hmm' });
    const { forks } = await json(
      'fork',
      `${address}@${place}`,
      '--sample',
      '--samples',
      '3',
      '--temperature',
      '1',
      ...server,
    );
    expect(forks).toHaveLength(3);
    const again = await json('fork', `${run}#${cued.id}@${place}`, '--end', ...server);
    const tree = await json('fork', address);
    expect(tree.forks.map(({ id }: { id: string }) => id)).toContain(cued.id);
    expect(JSON.stringify(tree)).toContain(again.id);
    expect(existsSync(path.join(run, 'forks', 'traces-0001.jsonl'))).toBe(true);
    expect(await json('score', run)).toEqual(score);
  });

  it('are deleted from the leaves up, and brought back', async () => {
    const parent = traces.find(isNatural) as Trace;
    const place = contextIds({ spans: parent.spans.filter(({ phase }) => phase !== 'answer') }).length - 5;
    const fork = await json('fork', `${run}#${parent.id}@${place}`, '--cue', 'Hmm', ...server);
    const leaf = await json('fork', `${run}#${fork.id}@${place}`, '--end', ...server);
    const tree = async () => JSON.stringify(await json('fork', `${run}#${parent.id}`));
    const refused = await home.run(['fork', `${run}#${fork.id}`, '--delete']);
    expect(refused).toMatchObject({ code: 2, stderr: expect.stringMatching(/has a fork of its own/) });
    expect((await home.run(['fork', `${run}#${traces[0]?.id}`, '--delete'])).code).not.toBe(0);

    expect(await json('fork', `${run}#${leaf.id}`, '--delete')).toMatchObject({ id: leaf.id, isRemoved: true });
    expect(await tree()).not.toContain(leaf.id);
    await json('fork', `${run}#${fork.id}`, '--delete');
    expect(await tree()).not.toContain(fork.id);
    await json('fork', `${run}#${fork.id.slice(0, 8)}`, '--restore');
    await json('fork', `${run}#${leaf.id.slice(0, 8)}`, '--restore');
    expect(await tree()).toContain(leaf.id);
  });

  it.each([
    ['no place', ['--cue', 'Hmm'], /A fork needs a place and a way/],
    ['words that are not there', ['--after', 'zebra', '--end'], /does not say "zebra"/],
    ['several greedy continuations', ['--after', '\n', '--sample', '--samples', '2'], /would be the same/],
  ])('are refused for %s', async (_, args, sentence) => {
    const parent = traces.find(isNatural) as Trace;
    const { code, stderr } = await home.run(['fork', `${run}#${parent.id}`, ...args, ...server]);
    expect(code).toBe(2);
    expect(stderr).toMatch(sentence);
  });
});

describe('what a reader does with a trace', () => {
  const address = () => `${run}#${(traces.find(isNatural) as Trace).id}`;

  it('finds the words of one trace among all', async () => {
    const [first] = traces.filter(isNatural);
    const words =
      first?.spans.find(({ phase, origin }) => phase === 'thinking' && origin === 'model')?.text.slice(-12) ?? '';
    const { hits } = await json('search', words, run, '--match-case');
    expect(hits.map(({ traceId }: { traceId: string }) => traceId)).toContain(first?.id);
    const { hits: cues } = await json('search', 'wait', run, '--origin', 'forced-cue', '--limit', '1000');
    expect(cues).toHaveLength(12 * (1 + 2 + 4));
  });

  it('notes parts of it, takes a note away and brings it back', async () => {
    const [note] = await json(
      'notes',
      `${address()}@45`,
      '--to',
      '50',
      '--label',
      'slip',
      '--add',
      'forgets the carry',
    );
    expect(await json('notes', run, '--label', 'slip')).toEqual([note]);
    await json('notes', run, '--remove', note.id);
    expect(await json('notes', run)).toEqual([]);
    await json('notes', run, '--restore', note.id.slice(0, 8));
    expect(await json('notes', address())).toEqual([note]);
    expect((await home.run(['notes', address(), '--label', ' '])).stderr).toMatch(/needs a text or a label/);
  });

  it('sees how thoughts are built, by outcome', async () => {
    const { outcomes, traces: all } = await json('structure', run);
    expect(all).toHaveLength(traces.length);
    expect(outcomes.reduce((sum: number, { traces: count }: { traces: number }) => sum + count, 0)).toBe(traces.length);
    const cued = traces.find(({ condition }) => condition.ignore === 4);
    const structure = all.find(({ traceId }: { traceId: string }) => traceId === cued?.id);
    expect(structure.reflections.wait).toBeGreaterThanOrEqual(4);
  });

  it('makes a training row of it, trimmed, which a curation reads', async () => {
    const rows = path.join(home.folder, 'mine.jsonl');
    const places = await home.run(['show', address(), '--places']);
    const [, from = ''] = /(\d+)–\d+ +thinking +model/.exec(places.stdout) ?? [];
    await json('curate', 'add', address(), '--to', rows);
    const row = await json('curate', 'add', address(), '--to', rows, '--until', `${Number(from) + 3}`, ...server);
    expect(row.thinking.length).toBeGreaterThan(0);
    expect(JSON.parse(row.metadata)).toMatchObject({ trimmedAt: Number(from) + 3, model: 's1-tiny' });
    const curation = path.join(home.folder, 'mine.curation.yaml');
    const source = `{ name: mine, file: mine.jsonl, traces: { teacher: { thinking: thinking, attempt: attempt } } }`;
    writeFileSync(curation, `sources:\n  - ${source}\nselect: { strategy: 59k-full }\n`);
    const { stderr } = await home.run(['curate', 'run', curation, '--json']);
    expect(stderr).toBe('');
  });
});
