import type { WirePlace } from '../../src/protocol/traceViewer';
import { createButton } from '../shared/controls';
import { element } from '../shared/dom';
import type { SpanList } from './spans';

/**
 * The place in a trace that the reader has taken hold of, by click, by selection or by arrow keys, and the button beside
 * it. Pages that are not edited have no caret of their own, so one is drawn.
 */
export class Caret {
  readonly root = element('div', 'place');
  readonly #lists: readonly SpanList[];
  readonly #said: HTMLElement;
  readonly #point: (at: WirePlace, from: WirePlace | undefined) => void;
  readonly #tokenAt: () => string;
  #isOn = false;

  constructor(
    lists: readonly SpanList[],
    said: HTMLElement,
    point: (at: WirePlace, from: WirePlace | undefined) => void,
    tokenAt: () => string,
  ) {
    this.#lists = lists;
    this.#said = said;
    this.#point = point;
    this.#tokenAt = tokenAt;
    const button = createButton('Fork…', 'secondary', () => this.act());
    button.title = 'Fork, note or keep at this place (f)';
    button.tabIndex = -1; // the key f does the same from the text
    this.root.addEventListener('mousedown', (event) => event.preventDefault()); // the selection stays
    this.root.append(element('div', 'place-bar'), button);
    this.root.hidden = true;
    for (const list of lists) {
      list.root.tabIndex = 0;
      list.root.addEventListener('keydown', (event) => this.#onKey(event, list));
    }
    document.addEventListener('selectionchange', () => this.#draw());
    addEventListener('resize', () => this.#draw());
  }

  /** A trace that runs cannot be taken hold of. */
  setOn(isOn: boolean): void {
    this.#isOn = isOn;
    this.#draw();
  }

  /** What the button does; without a place nothing. */
  act(): void {
    const places = this.#places();
    if (places) this.#point(places.at, places.from);
  }

  #places(): { at: WirePlace; from: WirePlace | undefined } | undefined {
    const selection = document.getSelection();
    if (!this.#isOn || !selection || selection.rangeCount === 0) return undefined;
    const range = selection.getRangeAt(0);
    const list = this.#lists.find(({ root }) => root.contains(range.endContainer));
    const at = list?.placeAt(range.endContainer, range.endOffset);
    if (!at) return undefined;
    const from = range.collapsed ? undefined : list?.placeAt(range.startContainer, range.startOffset);
    return { at, from };
  }

  #onKey(event: KeyboardEvent, list: SpanList): void {
    const { key, ctrlKey, metaKey, altKey, shiftKey } = event;
    if (!this.#isOn || ctrlKey || metaKey || altKey) return;
    const [direction, by] = moves[key] ?? [];
    if (key === 'f') this.act();
    else if (direction && by) this.#move(list, shiftKey ? 'extend' : 'move', direction, by);
    else return;
    event.preventDefault();
  }

  #move(list: SpanList, how: string, direction: string, by: string): void {
    const selection = document.getSelection();
    if (!selection) return;
    if (!list.root.contains(selection.focusNode)) {
      selection.selectAllChildren(list.root); // from nowhere: the end of the text
      selection.collapseToEnd();
    } else if (by === 'line') selection.modify(how, direction, by);
    else moveByWord(list.root, selection, how, direction === 'forward');
    this.root.scrollIntoView({ block: 'nearest' });
    const word = list.root.contains(selection.focusNode) ? textBefore(list.root, selection) : '';
    const more = this.#tokenAt();
    const place = word === '' ? 'At the beginning' : `After “${word}”`;
    this.#said.textContent = more === '' ? place : `${place}, ${more}`;
  }

  #draw(): void {
    const range = this.#places() && document.getSelection()?.getRangeAt(0).cloneRange();
    const list = range && this.#lists.find(({ root }) => root.contains(range.endContainer));
    const box = range && boxAtEnd(range);
    this.root.hidden = !box || !list;
    if (!box || !list) return;
    const column = list.root.getBoundingClientRect();
    this.root.style.left = `${column.left + scrollX}px`;
    this.root.style.width = `${column.width}px`;
    this.root.style.setProperty('--bar-left', `${box.right - column.left}px`);
    this.root.style.top = `${box.top + scrollY}px`;
    this.root.style.setProperty('--line-height', `${box.height}px`);
  }
}

const moves: Record<string, [direction: string, by: string]> = {
  ArrowRight: ['forward', 'word'],
  ArrowLeft: ['backward', 'word'],
  ArrowDown: ['forward', 'line'],
  ArrowUp: ['backward', 'line'],
};

type Point = [node: Node, offset: number];

/** The browser's own step gets stuck at marks and formulas: here they are a word each. */
function moveByWord(root: HTMLElement, selection: Selection, how: string, isForward: boolean): void {
  const { focusNode, focusOffset } = selection;
  if (!focusNode) return;
  const stops = wordEnds(root);
  const order = ([node, offset]: Point) => {
    const range = document.createRange();
    range.setStart(focusNode, focusOffset);
    return range.comparePoint(node, offset);
  };
  const next = isForward ? stops.find((stop) => order(stop) > 0) : stops.findLast((stop) => order(stop) < 0);
  if (!next) return;
  if (how === 'extend') selection.extend(...next);
  else selection.collapse(...next);
}

/** Behind every word, mark and formula. */
function wordEnds(root: HTMLElement): Point[] {
  return [...root.children].flatMap((segment) =>
    [...segment.childNodes].flatMap((node, index): Point[] => {
      if (!(node instanceof Text)) return [[segment, index + 1]];
      return [...node.data.matchAll(/\S+/g)].map(({ 0: word, index: at }) => [node, at + word.length]);
    }),
  );
}

/** Where a range ends in the page. A place behind a line end has no box of its own: the last one before it is taken. */
export function boxAtEnd(range: Range): DOMRect | undefined {
  const { endContainer: node, endOffset } = range;
  const wider = range.cloneRange();
  for (let back = 0; back <= (node instanceof Text ? Math.min(endOffset, farthestBox) : 0); back++) {
    if (back > 0) wider.setStart(node, endOffset - back);
    const boxes = wider.getClientRects();
    const last = boxes[boxes.length - 1];
    if (last) return last;
  }
  const before = node instanceof Element ? node.childNodes[endOffset - 1] : undefined;
  if (before instanceof Element) return before.getBoundingClientRect();
  const holder = node instanceof Element ? node : node.parentElement;
  return holder?.getBoundingClientRect();
}

const farthestBox = 8;

/** The last words before the place, for who listens. */
function textBefore(root: HTMLElement, selection: Selection): string {
  const range = document.createRange();
  range.selectNodeContents(root);
  range.setEnd(selection.focusNode ?? root, selection.focusOffset);
  return range.toString().trim().split(/\s+/).slice(-4).join(' ');
}
