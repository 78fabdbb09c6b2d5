import * as fc from 'fast-check';
import { expect, test } from 'vitest';
import { TextDecoder as IdDecoder, StopStringFinder } from '../../../src/localServer/generation/textStream';

/** Bytes in pieces of arbitrary sizes: each piece is one "id", as byte-level tokenizers cut them. */
const pieces = fc
  .tuple(fc.string({ unit: 'grapheme', maxLength: 40 }), fc.array(fc.integer({ min: 1, max: 5 }), { minLength: 1 }))
  .map(([text, sizes]) => {
    const bytes = Buffer.from(text, 'utf8');
    const cut: Buffer[] = [];
    for (let at = 0; at < bytes.length; ) {
      const size = sizes[cut.length % sizes.length] ?? 1;
      cut.push(bytes.subarray(at, at + size));
      at += size;
    }
    return { text: bytes.toString('utf8'), cut };
  });

function decoderOf(cut: readonly Buffer[]): IdDecoder {
  return new IdDecoder((ids) => Buffer.concat(ids.map((id) => cut[id] ?? Buffer.alloc(0))).toString('utf8'));
}

test('pieces of characters come out whole, however the bytes are cut', () => {
  fc.assert(
    fc.property(pieces, ({ text, cut }) => {
      const decoder = decoderOf(cut);
      const shown = cut.map((_, id) => decoder.push(id));
      expect(shown.join('')).toBe(text);
      for (const piece of shown) expect(piece.endsWith('\uFFFD')).toBe(false);
    }),
  );
});

test('an incomplete character at the end is never shown', () => {
  const cut = [Buffer.from('a'), Buffer.from('🙂').subarray(0, 2)];
  const decoder = decoderOf(cut);
  expect(cut.map((_, id) => decoder.push(id)).join('')).toBe('a');
});

test('bytes that are no UTF-8 are not held back for ever', () => {
  const cut = Array.from({ length: 100 }, () => Buffer.from([0xff]));
  const decoder = decoderOf(cut);
  expect(cut.map((_, id) => decoder.push(id)).join('').length).toBeGreaterThan(90);
});

const few = fc.string({ unit: fc.constantFrom('a', 'b', 'c'), minLength: 1, maxLength: 3 });
const search = fc.record({
  parts: fc.array(few, { maxLength: 12 }),
  stops: fc.array(few, { minLength: 1, maxLength: 3 }),
});

/** Feeds the parts until a stop string is found. */
function feed(parts: readonly string[], stops: readonly string[], includeStopText: boolean) {
  const finder = new StopStringFinder(stops, includeStopText);
  let shown = '';
  for (const part of parts) {
    const { text, stopString } = finder.push(part, true);
    shown += text;
    if (stopString !== null) return { shown, stopString };
  }
  return { shown: shown + finder.finish(), stopString: null };
}

/** The same by looking at the whole text after each part. */
function lookAtWhole(parts: readonly string[], stops: readonly string[], includeStopText: boolean) {
  let text = '';
  for (const part of parts) {
    text += part;
    const found = stops.map((stop) => ({ stop, at: text.indexOf(stop) })).filter(({ at }) => at >= 0);
    const first = found.sort((a, b) => a.at - b.at)[0];
    if (first)
      return { shown: text.slice(0, first.at + (includeStopText ? first.stop.length : 0)), stopString: first.stop };
  }
  return { shown: text, stopString: null };
}

test.each([false, true])(
  'a text in pieces stops where the whole text does (include_stop_str_in_output %s)',
  (include) => {
    fc.assert(
      fc.property(search, ({ parts, stops }) => {
        expect(feed(parts, stops, include)).toEqual(lookAtWhole(parts, stops, include));
      }),
    );
  },
);

test('no part of a stop string is shown before it is complete', () => {
  const finder = new StopStringFinder(['</think>'], false);
  expect(finder.push('so 5</thi', true)).toEqual({ text: 'so', stopString: null });
  expect(finder.push('nk> and', true)).toEqual({ text: ' 5', stopString: '</think>' });
});

test('text before min_tokens never matches, not even as the beginning of a stop string', () => {
  const finder = new StopStringFinder(['ab'], false);
  expect(finder.push('ab a', false)).toEqual({ text: 'ab a', stopString: null });
  expect(finder.push('b', true).stopString).toBeNull();
  expect(finder.push('ab', true).stopString).toBe('ab');
});
