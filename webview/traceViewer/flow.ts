import type { WirePlace, WireSpan } from '../../src/protocol/traceViewer';

/** A mark counts as long as its text, and at least 1: it can be pointed at. */
export const markLength = (text: string) => Math.max(1, text.length);

/** How long a child of a segment is in the flow: a text as it is, a mark as its span, a formula as its source. */
export function flowLength(node: Node): number {
  if (node instanceof Text) return node.data.length;
  const { flow } = (node as HTMLElement).dataset;
  if (flow !== undefined) return Number(flow);
  return (node as Element).querySelector('.math-source')?.textContent?.length ?? 0;
}

interface Part {
  index: number;
  isMark: boolean;
  /** Characters of the span that are not shown before it. */
  hidden: number;
  start: number;
  length: number;
  /** Length of the span's text. */
  characters: number;
  /** Thinking tokens before it, and in it. */
  tokensBefore: number;
  tokens: number;
}

/**
 * The parts of a list one after another: how far into what is shown each of them stands, in characters. It names the same
 * place in the trace, in the page, on the ruler and on the map.
 */
export class Flow {
  length = 0;
  /** Where each segment begins. */
  readonly segments: number[] = [];
  readonly #parts: Part[] = [];
  readonly #byIndex = new Map<number, Part>();

  begin({ index, kind, text, thought }: WireSpan, hidden: number): void {
    const before = this.#parts.at(-1);
    const tokensBefore = before ? before.tokensBefore + before.tokens : 0;
    const isMark = kind !== 'text';
    const characters = text.length;
    const part = { index, isMark, hidden, start: this.length, length: 0, characters, tokensBefore, tokens: thought };
    this.#parts.push(part);
    this.#byIndex.set(index, part);
  }

  /** So much of the last part was added to the page. */
  grow(length: number): void {
    this.length += length;
    const last = this.#parts.at(-1);
    if (last) last.length += length;
  }

  openSegment(): void {
    this.segments.push(this.length);
  }

  /** More tokens of the last part. */
  count(tokens: number): void {
    const last = this.#parts.at(-1);
    if (last) last.tokens += tokens;
  }

  /** The place in the trace; undefined: nothing is shown. */
  placeAt(flow: number): WirePlace | undefined {
    const part = this.#partAt(flow);
    if (!part) return undefined;
    const { index, isMark, hidden, start, characters } = part;
    return { span: index, characters: isMark ? characters : hidden + flow - start };
  }

  /** How far into the list a place of the trace stands; undefined: it is not in this list. */
  at({ span, characters }: WirePlace): number | undefined {
    const part = this.#byIndex.get(span);
    if (!part) return undefined;
    const into = part.isMark ? (characters > 0 ? part.length : 0) : characters - part.hidden;
    return part.start + Math.max(0, Math.min(part.length, into));
  }

  /** Thinking tokens before a point; within a part they are taken for equally long. */
  tokensAt(flow: number): number {
    const part = this.#partAt(flow);
    if (!part) return 0;
    const share = part.length === 0 ? 0 : Math.min(1, (flow - part.start) / part.length);
    return Math.round(part.tokensBefore + share * part.tokens);
  }

  /** The point behind so many thinking tokens. */
  atTokens(tokens: number): number {
    const part = this.#parts.find((each) => each.tokens > 0 && each.tokensBefore + each.tokens >= tokens);
    if (!part) return this.length;
    return Math.round(part.start + (part.length * Math.max(0, tokens - part.tokensBefore)) / part.tokens);
  }

  /** The part that ends at the point or goes on there; at the beginning the first. */
  #partAt(flow: number): Part | undefined {
    let [low, high] = [0, this.#parts.length - 1];
    while (low < high) {
      const middle = (low + high + 1) >> 1;
      if ((this.#parts[middle]?.start ?? 0) < flow) low = middle;
      else high = middle - 1;
    }
    return this.#parts[low];
  }
}

/** Index of the last number that is at most `value`; -1: none is. The numbers rise. */
export function lastAtMost(numbers: ArrayLike<number>, value: number): number {
  let [low, high] = [-1, numbers.length - 1];
  while (low < high) {
    const middle = (low + high + 1) >> 1;
    if ((numbers[middle] ?? 0) <= value) low = middle;
    else high = middle - 1;
  }
  return low;
}
