import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { textEncoding } from '../../../src/core/tokens/estimate';
import { TextTokens } from '../../../src/core/tokens/textTokens';

const marks = ['</think>', '<|im_end|>', '<|im_start|>'];

async function tokens(...declared: string[]): Promise<TextTokens> {
  const made = new TextTokens(await textEncoding());
  made.declare(declared);
  return made;
}

describe('ids made of texts', () => {
  it('give back any text, whole or in pieces, with or without delimiters in it', async () => {
    const made = await tokens(...marks);
    const piece = fc.oneof(fc.string({ unit: 'grapheme' }), fc.constantFrom(...marks));
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        expect(made.decode(made.encode(pieces.join('')))).toBe(pieces.join(''));
        expect(made.decode(pieces.flatMap((text) => made.encode(text)))).toBe(pieces.join(''));
      }),
      { seed: 5, numRuns: 200 },
    );
  });

  it('are one for a declared text, the same in every process, and longer texts go first', async () => {
    const made = await tokens('<|im_start|>', '<|im_start|>0');
    const other = await tokens('<|im_start|>0');
    expect(made.encode('<|im_start|>0')).toEqual(other.encode('<|im_start|>0'));
    expect(made.encode('<|im_start|>0')).toHaveLength(1);
    expect(made.encode('a<|im_start|>b')[1]).toBe((await tokens('<|im_start|>')).encode('<|im_start|>')[0]);
  });

  it('that no text was declared for are refused', async () => {
    const [id = 0] = (await tokens('</think>')).encode('</think>');
    const other = await tokens();
    expect(() => other.decode([id])).toThrow(/declared/);
  });
});
