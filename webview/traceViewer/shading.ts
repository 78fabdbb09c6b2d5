import type { WireLogprobs } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';
import { boxAtEnd } from './caret';
import { flowLength } from './flow';
import type { SpanList } from './spans';
import { spoken, TokenCard } from './tokenCard';
import { type KnownToken, Tokens } from './tokens';

export type Shade = 'off' | 'surprise' | 'entropy';

/** From which value on a token has each level, in nats, and what the legend calls it. Below the first it is not shaded. */
const scales: Record<Exclude<Shade, 'off'>, { title: string; levels: [from: number, name: string][] }> = {
  surprise: {
    title: 'Probability of each token',
    levels: [
      [-Math.log(0.9), '50–90 %'],
      [-Math.log(0.5), '20–50 %'],
      [-Math.log(0.2), '5–20 %'],
      [-Math.log(0.05), '< 5 %'],
    ],
  },
  entropy: {
    title: 'Entropy at each token, nats',
    levels: [
      [0.25, '0.25'],
      [0.7, '0.7'],
      [1.2, '1.2'],
      [2, '2 and more'],
    ],
  },
};

const howTo = 'Not recorded: force with --logprobs, or with the setting secondThought.logprobs.';

/**
 * Colours the text by what was recorded of its tokens. It paints highlights over the text that is in view and changes
 * nothing in the page, so that nothing moves and every place stays what it was.
 */
export class Shading {
  readonly legend = element('span', 'legend');
  readonly card = new TokenCard();
  readonly #lists: readonly SpanList[];
  readonly #said: HTMLElement;
  readonly #seen: IntersectionObserver;
  readonly #changed: MutationObserver;
  readonly #inView = new Set<Element>();
  #tokens: Tokens[] | undefined;
  #shade: Shade = 'off';
  /** The card is about the place that the reader has taken hold of, and goes with it where the page scrolls. */
  #isAtCaret = false;

  constructor(lists: readonly SpanList[], said: HTMLElement) {
    this.#lists = lists;
    this.#said = said;
    this.#seen = new IntersectionObserver((entries) => {
      for (const { target, isIntersecting } of entries) {
        if (isIntersecting) this.#inView.add(target);
        else this.#inView.delete(target);
      }
      this.#paint();
    });
    this.#changed = new MutationObserver(() => this.#watch());
    for (const { root } of lists) {
      root.addEventListener('pointermove', (event) => this.#point(event));
      root.addEventListener('pointerleave', () => this.#hideCard());
    }
    addEventListener('scroll', () => {
      if (this.#isAtCaret) this.atCaret();
      else this.card.hide();
    });
  }

  get shade(): Shade {
    return this.#shade;
  }

  get isOn(): boolean {
    return this.#shade !== 'off';
  }

  /** Whether the tokens have to be asked for. */
  get isWanting(): boolean {
    return this.isOn && !this.#tokens;
  }

  set(shade: Shade): void {
    this.#shade = shade;
    this.#hideCard();
    this.#explain();
    this.#watch();
  }

  /** What came of asking. */
  show({ spans }: WireLogprobs): void {
    this.#tokens = spans?.length ? this.#lists.map(({ flow }) => new Tokens(flow, spans)) : [];
    this.#explain();
    if (this.#tokens.length === 0) this.#said.textContent = howTo;
    this.#watch();
  }

  /** The trace is another one than the tokens are of. */
  forget(): void {
    this.#tokens = undefined;
    this.#watch();
  }

  /** The token before the place that the reader has taken hold of: shown beside it, and in words. */
  atCaret(): string {
    const selection = document.getSelection();
    if (!this.isOn || !selection?.focusNode) return '';
    const found = this.#find(selection.focusNode, selection.focusOffset, 1);
    if (!found) return '';
    const box = boxAtEnd(selection.getRangeAt(0));
    if (box) this.card.show(found.token, found.text, box);
    this.#isAtCaret = box !== undefined;
    return spoken(found.token);
  }

  #point({ clientX, clientY }: PointerEvent): void {
    if (!this.#tokens?.length || !this.isOn) return;
    const point = document.caretPositionFromPoint(clientX, clientY);
    const found = point && this.#find(point.offsetNode, point.offset, 0);
    if (!found || !point) {
      this.#hideCard();
      return;
    }
    const range = document.createRange();
    range.setStart(point.offsetNode, point.offset);
    const box = boxAtEnd(range);
    this.#isAtCaret = false;
    if (box) this.card.show(found.token, found.text, box);
  }

  #hideCard(): void {
    this.#isAtCaret = false;
    this.card.hide();
  }

  #find(node: Node, offset: number, back: number): { token: KnownToken; text: string } | undefined {
    for (const [index, list] of this.#lists.entries()) {
      const at = list.flowAt(node, offset);
      const token = at === undefined ? undefined : this.#tokens?.[index]?.at(Math.max(0, at - back));
      if (token) return { token, text: list.textBetween(token.from, token.to) };
    }
    return undefined;
  }

  #explain(): void {
    this.legend.replaceChildren(...(this.#shade === 'off' ? [] : this.#keys(this.#shade)));
  }

  #keys(shade: Exclude<Shade, 'off'>): (HTMLElement | string)[] {
    if (this.#tokens?.length === 0) return [howTo];
    const { title, levels } = scales[shade];
    const keys = levels.map(([, name], index) => element('span', `legend-key level-${index + 1}`, name));
    return [element('span', 'legend-title', title), ...keys];
  }

  /** Looks at what is in view, and again whenever that changes: formulas are typeset late. */
  #watch(): void {
    this.#seen.disconnect();
    this.#changed.disconnect();
    this.#inView.clear();
    this.#paint();
    if (!this.isOn || !this.#tokens?.length) return;
    for (const { root } of this.#lists) {
      this.#changed.observe(root, { childList: true, subtree: true });
      for (const segment of root.children) this.#seen.observe(segment);
    }
  }

  #paint(): void {
    const levels = scales.surprise.levels.map((): StaticRange[] => []);
    for (const [index, list] of this.#lists.entries()) {
      const tokens = this.#tokens?.[index];
      if (!tokens) continue;
      for (const segment of list.root.children)
        if (this.#inView.has(segment)) this.#cover(list, segment, tokens, levels);
    }
    for (const [index, ranges] of levels.entries()) CSS.highlights.set(`shade-${index + 1}`, new Highlight(...ranges));
  }

  #cover(list: SpanList, segment: Element, tokens: Tokens, levels: StaticRange[][]): void {
    let start = list.flowAt(segment, 0) ?? 0;
    for (const node of segment.childNodes) {
      const end = start + flowLength(node);
      if (node instanceof Text) {
        for (const token of tokens.between(start, end)) {
          const [startOffset, endOffset] = [Math.max(token.from, start) - start, Math.min(token.to, end) - start];
          const range = { startContainer: node, startOffset, endContainer: node, endOffset };
          levels[this.#levelOf(token)]?.push(new StaticRange(range));
        }
      }
      start = end;
    }
  }

  #levelOf({ logprob, entropy }: KnownToken): number {
    const value = this.#shade === 'entropy' ? entropy : logprob === null ? null : -logprob;
    if (value === null || this.#shade === 'off') return -1;
    return scales[this.#shade].levels.findLastIndex(([from]) => value >= from);
  }
}
