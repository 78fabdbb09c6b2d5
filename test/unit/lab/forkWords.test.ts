import { expect, it } from 'vitest';
import { wordsBeforeFork } from '../../../src/core/lab/forkTree';
import type { Span, Trace } from '../../../src/core/traces/trace';

const span = (parts: Partial<Span>): Span => ({
  pass: 0,
  phase: 'thinking',
  origin: 'model',
  fate: 'kept',
  tokenIds: [1],
  text: '',
  ...parts,
});

/** A prompt of 3 ids, a delimiter, 6 ids of thinking, then the cue that the fork begins with. */
const forkAt = (offset: number) =>
  ({
    fork: { parent: 'p', fromPass: 1, offset, step: 'cue', text: 'Hmm' },
    spans: [
      span({ phase: 'prompt', origin: 'template', tokenIds: [1, 2, 3], text: 'How many?' }),
      span({ origin: 'template', delimiter: true, tokenIds: [4], text: '<|im_start|>think' }),
      span({ tokenIds: [5, 6, 7, 8, 9, 10], text: '\nwe know that 12 * 3\nis 36,' }),
      span({ fate: 'cut', tokenIds: [11], text: ' no longer there' }),
      span({ origin: 'forced-cue', pass: 1, tokenIds: [12], text: 'Hmm' }),
    ],
  }) as unknown as Trace;

it('names the place of a fork by the last words before it, on one line', () => {
  expect(wordsBeforeFork(forkAt(10))).toBe('12 * 3 is 36,');
});

it('has no words for a fork at the beginning of the thinking', () => {
  expect(wordsBeforeFork(forkAt(4))).toBe('');
});
