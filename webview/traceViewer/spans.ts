import type { WirePlace, WireSpan } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';

/** Text goes into segments of about this size, closed at a line end, so that a long trace is laid out only where seen. */
const segmentCharacters = 4_096;

const labels: Record<WireSpan['kind'], string> = {
  text: '',
  cue: 'forced cue',
  suppressed: 'end suppressed',
  ended: 'the model ended its thinking',
  cut: 'cut',
  rejected: 'rejected',
  probe: 'probe',
  end: 'ended for the model',
  marker: '',
};

/** The spans of one phase as they grow. Append-only: text that is there is never written again. */
export class SpanList {
  readonly root: HTMLElement;
  /** Where new segments go. */
  #segments: Element;
  #segment: Element | undefined;
  #length = 0;
  #isEmpty = true;
  #cues = 0;
  /** What is shown, in order: a mark, or so many characters of a span, behind those that are not shown. */
  #shown: { index: number; isMark: boolean; length: number; hidden: number }[] = [];

  constructor(label: string) {
    this.root = element('div', 'spans');
    this.#segments = this.root;
    this.root.setAttribute('role', 'region');
    this.root.setAttribute('aria-label', label);
  }

  /** What is there stays in the page, so that neither the place of a reader further up nor a selection is lost. */
  replace(spans: WireSpan[]): void {
    const old = [...this.root.children];
    this.#segments = document.createElement('div');
    this.#segment = undefined;
    this.#isEmpty = true;
    this.#cues = 0;
    this.#shown = [];
    for (const span of spans) this.#add(span);
    const fresh = [...this.#segments.children];
    this.#segments = this.root;
    const isOpen = this.#segment !== undefined;
    const changed = fresh.findIndex((segment, at) => !grow(old[at], segment));
    const same = changed === -1 ? fresh.length : changed;
    for (const segment of old.slice(same)) segment.remove();
    this.root.append(...fresh.slice(same));
    if (isOpen && same === fresh.length) this.#segment = old[same - 1];
  }

  /** Segments that no text is added to any more; all of them once the trace has ended. */
  settled(hasEnded: boolean): Element[] {
    return [...this.root.children].filter((segment) => hasEnded || segment !== this.#segment);
  }

  /** More text of the last span. */
  append(added: string): void {
    let text = this.#isEmpty ? added.replace(/^\n+/, '') : added; // the newline after a marker is not worth a line
    if (text !== '') this.#isEmpty = false;
    while (text !== '') {
      const segment = this.#open();
      const end = endOfSegment(text, this.#length);
      segment.append(text.slice(0, end ?? text.length));
      this.#length += end ?? text.length;
      if (end !== undefined) this.#segment = undefined;
      text = text.slice(end ?? text.length);
    }
  }

  #add(span: WireSpan): void {
    if (span.kind === 'marker') return;
    const isMark = span.kind !== 'text';
    const hidden = !isMark && this.#isEmpty ? (/^\n*/.exec(span.text)?.[0].length ?? 0) : 0;
    this.#shown.push({ index: span.index, isMark, length: span.text.length - hidden, hidden });
    if (isMark) this.#open().append(this.#mark(span));
    else this.append(span.text);
  }

  /** The place in the trace of a point in the page; undefined: it is outside of this list. */
  placeAt(node: Node, offset: number): WirePlace | undefined {
    if (!this.root.contains(node)) return undefined;
    const range = document.createRange();
    range.selectNodeContents(this.root);
    range.setEnd(node, offset);
    const before = range.cloneContents();
    let marks = before.querySelectorAll('.mark').length;
    for (const other of before.querySelectorAll('.mark, .math-shown')) other.remove();
    let characters = before.textContent.length;
    let place: WirePlace | undefined;
    for (const { index, isMark, length, hidden } of this.#shown) {
      if (marks === 0 && characters === 0 && place) break;
      if (isMark && marks === 0) break;
      if (isMark) marks--;
      const taken = isMark ? length : Math.min(characters, length);
      if (!isMark) characters -= taken;
      if (taken > 0 || !place) place = { span: index, characters: hidden + taken };
    }
    return place;
  }

  #open(): Element {
    if (!this.#segment) {
      this.#segment = element('div', 'segment');
      this.#length = 0;
      this.#segments.append(this.#segment);
    }
    return this.#segment;
  }

  /** Something that is not simply the model's: a label says what, in words. */
  #mark(span: WireSpan): HTMLElement {
    this.#isEmpty = false;
    const mark = element('span', `mark ${span.kind}`);
    const number = span.kind === 'cue' ? ` ${++this.#cues}` : '';
    mark.append(
      element('span', 'mark-text', span.text.trim() || '↵'),
      element('span', 'mark-label', labels[span.kind] + number),
    );
    mark.tabIndex = -1; // n and p go from cue to cue
    mark.title = `${labels[span.kind]}${number}: ${span.tokens} ${span.tokens === 1 ? 'token' : 'tokens'}, pass ${span.pass}`;
    return mark;
  }
}

/** Makes an old segment like a fresh one if only something has to be added at its end. False: it has to be replaced. */
function grow(old: Element | undefined, fresh: Element): boolean {
  if (!old) return false;
  old.normalize(); // text that came in pieces is several nodes
  fresh.normalize();
  const [before, after] = [[...old.childNodes], [...fresh.childNodes]];
  const last = before.length - 1;
  const isPrefix = before.every((node, at) => {
    const next = after[at];
    if (next && node.isEqualNode(next)) return true;
    return at === last && node instanceof Text && next instanceof Text && next.data.startsWith(node.data);
  });
  if (!isPrefix) return false;
  const [text, longer] = [before[last], after[last]];
  if (text instanceof Text && longer instanceof Text) text.appendData(longer.data.slice(text.data.length));
  old.append(...after.slice(before.length));
  return true;
}

/**
 * Where in the text the open segment of this length ends, if it does: at the first line end past three quarters of the
 * size, or at the size where there is none. The same wherever the text was cut into messages.
 */
function endOfSegment(text: string, length: number): number | undefined {
  const room = segmentCharacters - length;
  const line = text.indexOf('\n', Math.max(0, room - segmentCharacters / 4 - 1));
  if (line !== -1 && line < room) return line + 1;
  if (text.length < room) return undefined;
  return room > 1 && isHighSurrogate(text.charCodeAt(room - 1)) ? room - 1 : room;
}

const isHighSurrogate = (unit: number) => unit >= 0xd800 && unit <= 0xdbff;
