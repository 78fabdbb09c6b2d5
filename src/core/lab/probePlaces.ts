import type { Tokenizer } from '../inference/dialects';
import { isOpening, type Trace, thinkingTokens } from '../traces/trace';
import { type PlacedSpan, placedSpans, placeInSpan } from './place';

/** Where a trace is probed. */
export type ProbeAt =
  /** Spread evenly over the thinking: so many, or as many as cost a tenth of it, at least 8. */
  | { kind: 'even'; count?: number }
  | { kind: 'every'; tokens: number }
  | { kind: 'sentences' }
  /** Before each forced cue, and at the end of thinking. */
  | { kind: 'cues' };

/** A place to probe at. */
export interface ProbePlace {
  /** Ids of the context before it. */
  offset: number;
  /** Thinking tokens before it: what a cap there would be. */
  thinkingTokens: number;
  /** The model ended its thinking here, and the end was suppressed or taken: the answer opens without a forced text. */
  isNaturalEnd: boolean;
}

/** Tokens of a probe's answer, unless told otherwise. */
export const usualProbeTokens = 24;
const leastProbes = 8;
/** A request each: nobody reads more, and no server likes more at once. */
const mostProbes = 1_024;

/** The places in the order of the trace, each once. */
export async function probePlaces(
  trace: Trace,
  at: ProbeAt,
  probeTokens: number,
  tokenizer: Tokenizer,
): Promise<ProbePlace[]> {
  const ends = naturalEnds(trace);
  const counts = await thoughtCounts(trace, at, probeTokens, tokenizer);
  const outside = counts.map((count) => beforeForcedText(trace, count));
  const unique = [...new Set(outside)].sort((a, b) => a - b).slice(0, mostProbes);
  const isCues = at.kind === 'cues';
  return unique.map((count) => {
    const offset = offsetOfThought(trace, count);
    return { offset, thinkingTokens: count, isNaturalEnd: isCues && ends.has(offset) };
  });
}

/** Numbers of thinking tokens to probe behind. */
async function thoughtCounts(trace: Trace, at: ProbeAt, probeTokens: number, tokenizer: Tokenizer): Promise<number[]> {
  const all = thinkingTokens(trace);
  switch (at.kind) {
    case 'even': {
      const affordable = Math.floor(all / 10 / probeTokens);
      const wanted = Math.min(all, mostProbes, at.count ?? Math.max(leastProbes, affordable));
      return Array.from({ length: wanted }, (_, index) => Math.round(((index + 1) * all) / wanted));
    }
    case 'every':
      return [...Array.from({ length: Math.floor(all / at.tokens) }, (_, index) => (index + 1) * at.tokens), all];
    case 'cues':
      return [...thoughts(trace).flatMap((part) => (part.span.origin === 'forced-cue' ? [part.before] : [])), all];
    case 'sentences': {
      const counts: number[] = [];
      for (const part of thoughts(trace)) {
        if (part.span.origin !== 'model') continue;
        for (const end of sentenceEnds(part.span.text).slice(0, mostProbes)) {
          counts.push(part.before + (await placeInSpan(part, end, tokenizer)) - part.from);
        }
      }
      return [...counts, all];
    }
    default:
      return at satisfies never;
  }
}

interface Thought extends PlacedSpan {
  /** Thinking tokens before it. */
  before: number;
}

/** The kept thoughts and cues, delimiters left out. */
function thoughts(trace: Trace): Thought[] {
  let before = 0;
  return placedSpans(trace).flatMap((placed) => {
    if (placed.span.phase !== 'thinking' || placed.span.delimiter) return [];
    const thought = { ...placed, before };
    before += placed.to - placed.from;
    return [thought];
  });
}

/** Nobody thinks inside a text that was written as one: there its beginning is meant. */
function beforeForcedText(trace: Trace, count: number): number {
  const inside = ({ span, before, from, to }: Thought) =>
    span.origin !== 'model' && count > before && count < before + to - from;
  return thoughts(trace).find(inside)?.before ?? count;
}

/** The place behind the first `count` thinking tokens. */
export function offsetOfThought(trace: Trace, count: number): number {
  const all = thoughts(trace);
  const part = all.find(({ before, from, to }) => count <= before + to - from && count > before);
  if (part) return part.from + count - part.before;
  return (
    all[0]?.from ??
    placedSpans(trace)
      .filter(({ span }) => isOpening(span))
      .at(-1)?.to ??
    0
  );
}

/** Places where the model itself ended its thinking. */
function naturalEnds(trace: Trace): Set<number> {
  const ends = new Set<number>();
  let at = 0;
  for (const span of trace.spans) {
    if (span.fate === 'suppressed' && span.phase === 'thinking') ends.add(at);
    if (span.fate === 'kept') at += span.tokenIds.length;
  }
  return ends;
}

/** Numbers of characters behind which a sentence or a line with words in it ends. */
const sentenceEnds = (text: string) =>
  [...text.matchAll(/\w[^\n]*?([.!?]+(?=\s)|\n+)/g)].map(({ 0: sentence, index }) => index + sentence.length);
