import { readFileSync } from 'node:fs';
import path from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { systemClock } from '../../../src/core/base/clock';
import { type Condition, createCondition } from '../../../src/core/forcing/condition';
import { generateTrace } from '../../../src/core/forcing/generate';
import { prepareTrace } from '../../../src/core/forcing/prepare';
import type { Span, Trace } from '../../../src/core/traces/trace';
import { placeInText, traceToText } from '../../../src/core/traces/traceText';
import { readTraceLine, traceTextSections, visible } from '../../../src/core/traces/traceTextLines';
import { ScriptedClient, type ScriptedPass } from '../support/scriptedClient';

const server = { id: 'gpu01', url: 'http://gpu01:8000/v1', model: 'm', version: null, contextLength: null };
const script: ScriptedPass[] = [
  { ids: 5, stop: '<|im_start|>' },
  { ids: 4, stop: '<|im_start|>' },
  { ids: 2, stop: '<|im_end|>' },
];

async function generate(changes: Partial<Condition>, passes = script): Promise<Trace> {
  const client = new ScriptedClient(passes);
  const order = { problem: { question: 'q?', answer: '3' }, condition: createCondition(changes), server };
  const trace = await prepareTrace(order, client, systemClock);
  return generateTrace(trace, { client, clock: systemClock, signal: new AbortController().signal });
}

/** Traces of every shape, whose model says what would fool a careless reader. */
const hostileText = fc
  .array(
    fc.oneof(
      fc.constantFrom('⟦forced cue 1⟧ Wait', '⟦…⟧ x', '── pass 9 · answer ──', '\\', '\\⟦', ' ⟦cut⟧', '\u200d──', '━━'),
      fc.constantFrom(
        '\n',
        '\n\n',
        '\r\n',
        '\r',
        '\u2028',
        '\u0085',
        '\0',
        '\u001b[2J',
        '\u202e',
        '\ud800',
        '\ufeff',
        '\t',
      ),
      fc.string({ unit: 'binary', maxLength: 5 }),
    ),
    { maxLength: 8 },
  )
  .map((pieces) => pieces.join(''));
const shapes = fc.constantFrom<Partial<Condition>>(
  { ignore: 1 },
  { ignore: 2, maxThinkingTokens: 7 },
  { ignore: 1, cues: ['Wait,\nlet me see'] },
  { ignore: 2, maxThinkingTokens: 4, preset: 's1-harness' },
  { maxThinkingTokens: 3, preset: 's1-readme' },
);
const hostileTraces = fc
  .tuple(shapes, fc.array(hostileText, { minLength: 1 }), hostileText, hostileText)
  .map(([changes, texts, question, warning]) => async () => {
    const trace = await generate(changes);
    const spans = trace.spans.map((span, index) =>
      span.origin === 'model' && !span.delimiter ? { ...span, text: texts[index % texts.length] ?? '' } : span,
    );
    return { ...trace, spans, problem: { question, answer: question }, warnings: [warning] };
  });

const isOwn = (span: Span) =>
  span.phase !== 'prompt' && span.origin === 'model' && span.fate === 'kept' && !span.delimiter;

/** Stretches of the model's kept text, as the record has them. */
function stretchesOf(trace: Trace): string[] {
  const found: string[] = [];
  let previous: Span | undefined;
  for (const span of trace.spans) {
    if (isOwn(span) && previous && isOwn(previous) && previous.pass === span.pass) found[found.length - 1] += span.text;
    else if (isOwn(span)) found.push(span.text);
    previous = span;
  }
  return found.filter((text) => text !== '').map(visible);
}

/** The same, from nothing but the lines. */
function stretchesIn(text: string): string[] {
  const found: string[][] = [];
  let isInside = false;
  for (const raw of text.slice(0, -1).split('\n')) {
    const line = readTraceLine(raw);
    if (line.kind === 'model') {
      if (isInside) found.at(-1)?.push(line.text);
      else found.push([line.text]);
    }
    isInside = line.kind === 'model';
  }
  return found.map((lines) => lines.join('\n'));
}

describe('the text of any trace, whatever the model says', () => {
  it('gives back exactly what is the model’s, line by line', async () => {
    await fc.assert(
      fc.asyncProperty(hostileTraces, async (make) => {
        const trace = await make();
        expect(stretchesIn(traceToText(trace))).toEqual(stretchesOf(trace));
      }),
    );
  });

  it('knows of each place in a line of the model’s which place of the trace it is, and of other lines their end', async () => {
    await fc.assert(
      fc.asyncProperty(hostileTraces, fc.nat(), async (make, seed) => {
        const trace = await make();
        const textUpTo = ({ span, characters }: { span: number; characters: number }) =>
          trace.spans
            .slice(0, span)
            .reduce((text, each) => text + each.text, '')
            .concat(trace.spans[span]?.text.slice(0, characters) ?? '');
        for (const [number, line] of traceToText(trace).slice(0, -1).split('\n').entries()) {
          const read = readTraceLine(line);
          const end = placeInText(trace, number, line.length);
          if (read.kind === 'heading') expect(end).toBeUndefined();
          if (read.kind !== 'model') continue;
          const begin = placeInText(trace, number, 0);
          expect(begin && end).toBeDefined();
          if (!begin || !end) return;
          const whole = textUpTo(end).slice(textUpTo(begin).length);
          expect(visible(whole)).toBe(read.text);
          const column = seed % (line.length + 1);
          const place = placeInText(trace, number, column);
          const upTo = place && visible(textUpTo(place).slice(textUpTo(begin).length));
          expect(read.text.startsWith(upTo ?? '\0')).toBe(true);
          expect(upTo?.length).toBeLessThanOrEqual(column);
        }
      }),
    );
  });

  it('has a heading for each pass and a mark for each thing that is not the model’s, and none that it wrote', async () => {
    await fc.assert(
      fc.asyncProperty(hostileTraces, async (make) => {
        const trace = await make();
        const lines = traceToText(trace).split('\n').map(readTraceLine);
        const marks = lines.flatMap((line) => (line.kind === 'mark' ? [line.name] : []));
        expect(lines.filter((line) => line.kind === 'heading')).toHaveLength(trace.passes.length + 1);
        expect(marks.filter((name) => name.startsWith('forced cue'))).toEqual(
          trace.spans
            .filter((span) => span.origin === 'forced-cue' && span.fate === 'kept')
            .map((_, i) => `forced cue ${i + 1}`),
        );
        const cutLines = trace.spans
          .filter((span) => span.fate === 'cut')
          .reduce((sum, span) => sum + visible(span.text).split('\n').length, 0);
        expect(marks.filter((name) => name === 'cut')).toHaveLength(cutLines);
      }),
    );
  });

  it('holds no character that moves, hides or breaks text', async () => {
    await fc.assert(
      fc.asyncProperty(hostileTraces, async (make) => {
        expect(traceToText(await make())).not.toMatch(
          /(?![\n\t])[\p{Cc}\p{Cs}]|[\u200b\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]/u,
        );
      }),
    );
  });
});

describe('the grammar', () => {
  const root = path.resolve(import.meta.dirname, '..', '..', '..');
  const grammar = JSON.parse(readFileSync(path.join(root, 'syntaxes', 'second-thought-trace.tmLanguage.json'), 'utf8'));
  const rules: { match: string }[] = [...grammar.repository.mark.patterns, grammar.repository.field];
  const headings: { begin: string }[] = grammar.patterns;
  const patterns = [...rules.map(({ match }) => match), ...headings.map(({ begin }) => begin)];

  it('colours as ours the lines that are ours, and no other', async () => {
    await fc.assert(
      fc.asyncProperty(hostileTraces, async (make) => {
        for (const line of traceToText(await make())
          .slice(0, -1)
          .split('\n')) {
          const isOurs = readTraceLine(line).kind !== 'model';
          expect(patterns.some((pattern) => new RegExp(pattern, 'u').test(line))).toBe(isOurs);
        }
      }),
    );
  });
});

describe('the text of a trace', () => {
  it('reads as what happened, in order', async () => {
    expect(traceToText(await generate({ ignore: 1 }))).toMatchInlineSnapshot(`
      "── trace ──
      ⟦question⟧ q?
      ⟦expected⟧ 3
      ⟦condition⟧ Wait ×1
      ⟦model⟧ m on gpu01
      ⟦seed⟧ 0
      ⟦outcome⟧ wrong
      ⟦answer⟧ xx
      ⟦counts⟧ 13 thinking tokens · 2 in the answer · 14 generated · 1 cue
      ⟦thinking ended⟧ by the model
      ── pass 1 · thinking · end suppressed · 6 tokens ──
      ⟦thinking opened⟧ <|im_start|>think
      xxxxx
      ⟦end suppressed⟧ <|im_start|>
      ── pass 2 · thinking on · end of thinking · 5 tokens ──
      ⟦forced cue 1⟧ Wait
      xxxx
      ⟦end of thinking⟧ <|im_start|>
      ── pass 3 · answer · ended by the model · 3 tokens ──
      ⟦answer opened⟧ <|im_start|>answer
      xx
      ⟦end of answer⟧ <|im_end|>
      "
    `);
  });

  it('marks an end that was written for the model, with the newline before it', async () => {
    const text = traceToText(await generate({ maxThinkingTokens: 3 }));
    expect(text).toContain('⟦ended for the model⟧\n⟦…⟧ <|im_start|>answer\n⟦…⟧ Final Answer:\n');
    expect(text).toContain('⟦thinking ended⟧ at the cap\n');
  });

  it('is the same for two runs that did the same', async () => {
    const [a, b] = [await generate({ ignore: 2 }), await generate({ ignore: 2 })];
    expect(a.id).not.toBe(b.id);
    b.createdAt = '1999-01-01T00:00:00.000Z';
    b.server.url = 'http://127.0.0.1:40000/v1';
    expect(traceToText(a)).toBe(traceToText(b));
  });

  it('shows a pass that runs, and says of its end nothing that is not decided', async () => {
    const trace = await generate({ ignore: 1 });
    const end = trace.spans.findIndex((span) => span.fate === 'suppressed');
    const running: Trace = {
      ...trace,
      status: 'running',
      spans: trace.spans.slice(0, end + 1),
      passes: trace.passes.slice(0, 1),
    };
    expect(traceToText(running)).toContain('xxxxx\n⟦end⟧ <|im_start|>\n');
  });

  it('ends with why it was interrupted', async () => {
    const trace = await generate({});
    const interruption = { code: 'cancelled', message: 'You stopped it.' };
    expect(traceToText({ ...trace, status: 'interrupted', interruption })).toMatch(/⟦interrupted⟧ You stopped it\.\n$/);
  });

  it('has sections that cover it: the header, then each pass with its marks', async () => {
    const lines = traceToText(await generate({ ignore: 1 })).split('\n');
    const sections = traceTextSections(lines);
    expect(sections.map(({ parts }) => parts[0])).toEqual(['trace', 'pass 1', 'pass 2', 'pass 3']);
    expect(sections.map(({ start }) => start).slice(1)).toEqual(sections.map(({ end }) => end + 1).slice(0, -1));
    expect(sections.at(-1)?.end).toBe(lines.length - 2);
    expect(sections[2]?.marks.map(({ name }) => name)).toEqual(['forced cue 1', 'end of thinking']);
  });
});
