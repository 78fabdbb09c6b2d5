import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import type { Tokenizer } from '../inference/dialects';
import { contextIds, keptSpans, type Span, type Trace } from '../traces/trace';

/** A part of a trace's context: `from` and `to` count ids from the beginning of the context. */
export interface PlacedSpan {
  span: Span;
  from: number;
  to: number;
}

/** The context of a trace in its parts, each with its place. */
export function placedSpans(trace: Pick<Trace, 'spans'>): PlacedSpan[] {
  let from = 0;
  return keptSpans(trace).map((span) => {
    const placed = { span, from, to: from + span.tokenIds.length };
    from = placed.to;
    return placed;
  });
}

/**
 * The place behind the first `characters` of a part's text: behind the first id with which that much is written, so that
 * a place inside an id moves behind it. Asks the tokenizer about log2(n) times.
 */
export async function placeInSpan(
  { span, from }: PlacedSpan,
  characters: number,
  tokenizer: Tokenizer,
): Promise<number> {
  let [low, high] = [0, span.tokenIds.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    const { length } = middle === 0 ? '' : await tokenizer.detokenize(span.tokenIds.slice(0, middle));
    if (length >= characters) high = middle;
    else low = middle + 1;
  }
  return from + low;
}

/** The place behind the first occurrence of a text in the thinking or the answer. @throws SecondThoughtError `bad-usage` */
export async function placeAfterText(trace: Trace, text: string, tokenizer: Tokenizer): Promise<number> {
  for (const placed of placedSpans(trace)) {
    const at = placed.span.phase === 'prompt' ? -1 : placed.span.text.indexOf(text);
    if (at === -1) continue;
    if (placed.span.origin !== 'model') return placed.to;
    return placeInSpan(placed, at + text.length, tokenizer);
  }
  throw new SecondThoughtError('bad-usage', `The trace does not say ${JSON.stringify(text)}.`, {
    remedy: 'Give words of its thinking or its answer as they stand there.',
  });
}

/** A place as a reader points at it: so many characters into the text of a span. */
export const textPlaceSchema = z.object({ span: z.int().nonnegative(), characters: z.int().nonnegative() });
export type TextPlace = z.infer<typeof textPlaceSchema>;

/** In ids of the context; of a span that is not part of it: where it would be. */
export async function offsetOfPlace(
  trace: Trace,
  { span, characters }: TextPlace,
  tokenizer: Tokenizer,
): Promise<number> {
  const meant = trace.spans[span];
  const placed = placedSpans(trace).find((part) => part.span === meant);
  if (!placed) return contextIds({ spans: trace.spans.slice(0, span) }).length;
  if (characters >= placed.span.text.length) return placed.to;
  return placed.span.origin === 'model' ? placeInSpan(placed, characters, tokenizer) : placed.from;
}
