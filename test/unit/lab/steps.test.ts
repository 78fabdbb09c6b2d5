import { describe, expect, it } from 'vitest';
import { loopsOf, reflectionsOf, stepsOf } from '../../../src/core/lab/steps';
import type { Span, Trace } from '../../../src/core/traces/trace';

const thought = (text: string, parts: Partial<Span> = {}): Span => ({
  pass: 0,
  phase: 'thinking',
  origin: 'model',
  fate: 'kept',
  tokenIds: [...text].map((character) => character.codePointAt(0) ?? 0),
  text,
  ...parts,
});
const traceOf = (...spans: Span[]) => ({ spans }) as unknown as Trace;
const textsAt = ({ spans }: Trace) =>
  stepsOf({ spans } as Trace).map(({ at }) => spans[at.span]?.text.slice(at.characters));

describe('the steps of a thought', () => {
  it('are its paragraphs, each with what it is, by the first rule that fits', () => {
    const parts = [
      'We count the letters.',
      '12 * 3 = 36',
      'Hmm, that is odd.',
      'Let me verify the sum.',
      'The answer is 36.',
      'So $\\boxed{36}$',
    ];
    const steps = stepsOf(traceOf(thought(parts.join('\n\n'))));
    expect(steps.map(({ title }) => title)).toEqual(parts);
    expect(steps.map(({ kind }) => kind)).toEqual(['text', 'calculation', 'turn', 'check', 'answer', 'answer']);
  });

  it('are its lines where there are no paragraphs, and lines without words are none', () => {
    const trace = traceOf(thought('\nfirst\n---\nsecond'));
    expect(textsAt(trace)).toEqual(['first\n---\nsecond', 'second']);
  });

  it('begin at every forced cue, which has the words behind it', () => {
    const cue = thought('Wait', { origin: 'forced-cue' });
    const cut = thought('never kept', { fate: 'cut' });
    const steps = stepsOf(traceOf(thought('one'), cut, cue, thought(', again\ntwo')));
    expect(steps.map(({ kind, title, at }) => [kind, title, at.span])).toEqual([
      ['text', 'one', 0],
      ['cue', 'Wait, again', 2],
      ['text', 'two', 3],
    ]);
  });

  it('are those that the dialect counts, however many lines each has', () => {
    const heading = (text: string) => thought(text, { delimiter: true });
    const steps = stepsOf(
      traceOf(
        heading('<|im_start|>2 steps left\n'),
        thought('a\nb\n'),
        heading('<|im_start|>1 steps left\n'),
        thought('c'),
      ),
    );
    expect(steps.map(({ kind, title }) => [kind, title])).toEqual([
      ['heading', '<|im_start|>2 steps left a b'],
      ['heading', '<|im_start|>1 steps left c'],
    ]);
  });
});

describe('landmarks', () => {
  it('are the words of reflection that the model wrote itself, where they stand', () => {
    const trace = traceOf(
      thought('so wait, but'),
      thought('Wait', { origin: 'forced-cue' }),
      thought('waiting is no check'),
    );
    expect(reflectionsOf(trace).map(({ span, characters }) => [span, characters])).toEqual([
      [0, 3],
      [0, 9],
      [2, 14],
    ]);
  });

  it('are loops, from their first occurrence to their last id, over the spans they are in', () => {
    const round = 'The sum of it is as it was before, so we go round once more. ';
    const trace = traceOf(thought(`Begin:\n${round.repeat(3)}`), thought(`${round}Then it ends otherwise.`));
    const [loop, ...more] = loopsOf(trace);
    expect(more).toEqual([]);
    expect(loop?.from).toEqual({ span: 0, characters: 'Begin:\n'.length });
    expect(loop?.to.span).toBe(1);
    expect(loop?.to.characters).toBeGreaterThanOrEqual(round.length);
  });
});
