import { appendFileSync, mkdtempSync, readdirSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createCondition } from '../../../src/core/forcing/condition';
import { placedSpans } from '../../../src/core/lab/place';
import { longestLiteral, type SearchHit, type SearchQuery, searchTraces } from '../../../src/core/lab/searchTraces';
import type { Trace } from '../../../src/core/traces/trace';
import { generate } from '../support/anyTrace';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(path.join(tmpdir(), 'second-thought-search-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

/** A trace of two thoughts with a cue between them, saying what the test wants. */
async function trace(first: string, second: string): Promise<Trace> {
  const script = [
    { ids: 5, stop: '<|im_start|>' as const },
    { ids: 5, stop: '<|im_start|>' as const },
  ];
  const { trace: made } = await generate(createCondition({ ignore: 1 }), script);
  const thoughts = made.spans.filter(
    ({ phase, origin, fate }) => phase === 'thinking' && origin === 'model' && fate === 'kept',
  );
  for (const [index, text] of [first, second].entries()) if (thoughts[index]) thoughts[index].text = text;
  return made;
}

function write(...traces: Trace[]): void {
  appendFileSync(path.join(folder, 'traces-0001.jsonl'), traces.map((each) => `${JSON.stringify(each)}\n`).join(''));
}

async function search(pattern: string, query: Partial<SearchQuery> = {}): Promise<SearchHit[]> {
  const hits: SearchHit[] = [];
  for await (const hit of searchTraces(folder, { pattern, isRegExp: false, ...query })) hits.push(hit);
  return hits;
}

describe('search', () => {
  it('finds words across a forced cue and what follows it, and says who wrote the first of them', async () => {
    const one = await trace('a guess. ', ', in chunks');
    write(one);
    const [hit, ...more] = await search('Wait, in');
    expect(more).toEqual([]);
    expect(hit).toMatchObject({
      traceId: one.id,
      phase: 'thinking',
      origin: 'forced-cue',
      before: 'a guess. ',
      after: ' chunks',
    });
  });

  it('takes a text in lower case for both cases, and one with capitals as it stands', async () => {
    write(await trace('Hmm. ', 'hmm'));
    expect(await search('hmm')).toHaveLength(2);
    expect(await search('Hmm')).toHaveLength(1);
    expect(await search('hmm', { matchCase: true })).toHaveLength(1);
  });

  it('finds traces that were added, or changed, after the index was made', async () => {
    write(await trace('one', ''));
    expect(await search('one')).toHaveLength(1);
    write(await trace('another one', ''));
    expect(await search('one')).toHaveLength(2);
    writeFileSync(path.join(folder, 'traces-0001.jsonl'), `${JSON.stringify(await trace('new', ''))}\n`);
    expect(await search('one')).toEqual([]);
    expect(await search('new')).toHaveLength(1);
  });

  it('makes the index again where it is damaged, and passes over a torn line', async () => {
    write(await trace('one', ''));
    await search('one');
    const [words = ''] = readdirSync(path.join(folder, 'index'));
    writeFileSync(path.join(folder, 'index', words), 'nonsense');
    appendFileSync(path.join(folder, 'traces-0001.jsonl'), '{"id": "torn');
    expect(await search('one')).toHaveLength(1);
  });

  it('keeps to the filters', async () => {
    write(await trace('alpha', 'beta'));
    expect(await search('wait', { origin: 'model' })).toEqual([]);
    expect(await search('wait', { origin: 'forced-cue' })).toHaveLength(1);
    expect(await search('alpha', { phase: 'answer' })).toEqual([]);
    expect(await search('alpha', { maxThinkingTokens: 3 })).toEqual([]);
    expect(await search('im_start', { fate: 'suppressed' })).toHaveLength(2);
    expect(await search('alpha', { outcome: 'correct' })).toEqual([]);
  });

  it('refuses an empty text and a bad expression in a sentence', async () => {
    write(await trace('alpha', ''));
    await expect(search('')).rejects.toThrow(/nothing to search for/);
    await expect(search('(', { isRegExp: true })).rejects.toThrow(/no regular expression/);
  });
});

describe('the literal of an expression', () => {
  it('is part of whatever the expression matches', () => {
    const sources = fc.stringMatching(/^([a-c]|\\w|\.|[ab]\+|c\?|a\*|[abc]{2}|\[ab\]){1,8}$/);
    fc.assert(
      fc.property(sources, (source) => {
        const [text] = fc.sample(fc.stringMatching(new RegExp(`^${source}$`)), 1);
        expect(text).toContain(longestLiteral(source));
      }),
    );
  });

  it.each([
    ['quetzal\\w+', 'quetzal'],
    ['so (no|yes)', ''],
    ['colou?r of', 'colo'],
    ['a{3}bc', 'bc'],
  ])('of %s is "%s"', (source, literal) => {
    expect(longestLiteral(source)).toBe(literal);
  });
});

describe('places', () => {
  it('follow one another through the whole context', async () => {
    const made = await trace('alpha', 'beta');
    const placed = placedSpans(made);
    for (const [index, { from }] of placed.entries()) expect(from).toBe(placed[index - 1]?.to ?? 0);
  });
});
