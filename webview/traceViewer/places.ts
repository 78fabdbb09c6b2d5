import type { WirePlace } from '../../src/protocol/traceViewer';
import { boxAtEnd } from './caret';
import type { SpanList } from './spans';

/** A place that was gone to stands this far down the window, where what comes before it can be read too. */
const restAt = 0.35;
/** A place is reached when nothing moved for so many frames, and given up on after so many. */
const stillFrames = 3;
const mostFrames = 30;

/**
 * The thinking and the answer as one text that can be gone to. Positions count what is shown, in characters, the thinking
 * first: see `Flow`.
 */
export class Places {
  readonly #lists: readonly [thinking: SpanList, answer: SpanList];
  /** Number of the last place that was gone to. */
  #journey = 0;

  constructor(lists: readonly [SpanList, SpanList]) {
    this.#lists = lists;
    addEventListener('wheel', () => this.#journey++, { passive: true }); // the reader goes elsewhere
  }

  get length(): number {
    return this.answerAt + this.#lists[1].flow.length;
  }

  /** Where the answer begins. */
  get answerAt(): number {
    return this.#lists[0].flow.length;
  }

  at(place: WirePlace): number | undefined {
    const inAnswer = this.#lists[1].flow.at(place);
    return this.#lists[0].flow.at(place) ?? (inAnswer === undefined ? undefined : this.answerAt + inAnswer);
  }

  atTokens(tokens: number): number {
    return this.#lists[0].flow.atTokens(tokens);
  }

  /** Thinking tokens before a position; of the answer all of them. */
  tokensAt(position: number): number {
    return this.#lists[0].flow.tokensAt(Math.min(position, this.answerAt));
  }

  /** The place that the reader has taken hold of, or what stands at the top of the window. */
  here(): number {
    const { focusNode, focusOffset } = document.getSelection() ?? {};
    if (!focusNode) return this.seenAt(0);
    const [inThinking, inAnswer] = this.#lists.map((list) => list.flowAt(focusNode, focusOffset ?? 0));
    return inThinking ?? (inAnswer === undefined ? this.seenAt(0) : this.answerAt + inAnswer);
  }

  /** What stands at a height of the window. */
  seenAt(y: number): number {
    const [thinking, answer] = this.#lists;
    const isAnswer = answer.flow.length > 0 && answer.root.getBoundingClientRect().top <= y;
    return isAnswer ? this.answerAt + seenIn(answer, y) : seenIn(thinking, y);
  }

  /** Shows a position; `hold` takes hold of it, as a click there does. */
  go(position: number, hold: boolean): void {
    const [node, offset] = this.#pointAt(position);
    if (hold) document.getSelection()?.collapse(node, offset);
    this.#settle([node, offset], ++this.#journey, mostFrames, 0);
  }

  /** What is laid out by an estimate gets its height as it comes into view: scrolls until nothing moves any more. */
  #settle([node, offset]: [Node, number], journey: number, frames: number, still: number): void {
    if (journey !== this.#journey || frames === 0 || still === stillFrames) return;
    const now = scrollToPoint(node, offset) ? still + 1 : 0;
    requestAnimationFrame(() => this.#settle([node, offset], journey, frames - 1, now));
  }

  /** The last words before a position. */
  wordsBefore(position: number): string {
    const [node, offset] = this.#pointAt(position);
    const before = node instanceof Text ? node.data.slice(0, offset) : (node.childNodes[offset - 1]?.textContent ?? '');
    return before.trim().split(/\s+/).slice(-4).join(' ');
  }

  #pointAt(position: number): [Node, number] {
    const isAnswer = position > this.answerAt;
    return this.#lists[isAnswer ? 1 : 0].pointAt(isAnswer ? position - this.answerAt : position);
  }
}

/** @returns whether the point is where it should be, as far as the page reaches */
function scrollToPoint(node: Node, offset: number): boolean {
  const range = document.createRange();
  range.setStart(node, offset);
  const top = boxAtEnd(range)?.top ?? 0;
  const before = scrollY;
  scrollBy({ top: top - restAt * innerHeight });
  return Math.abs(scrollY - before) < 2;
}

/** How much of a list is above a height of the window. Segments are one below the other, so few of them are looked at. */
function seenIn({ root, flow }: SpanList, y: number): number {
  let [low, high] = [0, root.children.length - 1];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((root.children[middle]?.getBoundingClientRect().bottom ?? 0) > y) high = middle;
    else low = middle + 1;
  }
  const box = root.children[low]?.getBoundingClientRect();
  if (!box || box.height === 0) return 0;
  const start = flow.segments[low] ?? 0;
  const share = Math.max(0, Math.min(1, (y - box.top) / box.height));
  return start + share * ((flow.segments[low + 1] ?? flow.length) - start);
}
