import type { WirePlace, WireSpan } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';
import { Flow, flowLength, lastAtMost, markLength } from './flow';

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
  #flow = new Flow();

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
    this.#flow = new Flow();
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
      this.#flow.grow(end ?? text.length);
      this.#length += end ?? text.length;
      if (end !== undefined) this.#segment = undefined;
      text = text.slice(end ?? text.length);
    }
  }

  #add(span: WireSpan): void {
    if (span.kind === 'marker') return;
    const isMark = span.kind !== 'text';
    const hidden = !isMark && this.#isEmpty ? (/^\n*/.exec(span.text)?.[0].length ?? 0) : 0;
    this.#flow.begin(span, hidden);
    if (isMark) {
      this.#open().append(this.#mark(span));
      this.#flow.grow(markLength(span.text));
    } else this.append(span.text);
  }

  /** Where each part of the trace stands in this list. */
  get flow(): Flow {
    return this.#flow;
  }

  /** The place in the trace of a point in the page; undefined: it is outside of this list. */
  placeAt(node: Node, offset: number): WirePlace | undefined {
    const at = this.flowAt(node, offset);
    return at === undefined ? undefined : this.#flow.placeAt(at);
  }

  /** How much of the list is before a point in the page. Inside a mark or a formula: all of it. */
  flowAt(node: Node, offset: number): number | undefined {
    if (!this.root.contains(node)) return undefined;
    if (node === this.root) return this.#flow.segments[offset] ?? this.#flow.length;
    let child: Node = node;
    while (child.parentNode && child.parentNode.parentNode !== this.root && child.parentNode !== this.root)
      child = child.parentNode;
    const isSegment = child.parentNode === this.root;
    const segment = isSegment ? child : (child.parentNode as Node);
    const start = this.#flow.segments[[...this.root.children].indexOf(segment as Element)] ?? 0;
    const children = [...segment.childNodes];
    const whole = isSegment ? offset : children.indexOf(child as ChildNode);
    const before = children.slice(0, whole).reduce((sum, each) => sum + flowLength(each), start);
    if (isSegment) return before;
    return before + (child instanceof Text ? offset : flowLength(child));
  }

  /** The point in the page behind so much of the list. */
  pointAt(flow: number): [node: Node, offset: number] {
    const { segments } = this.#flow;
    const index = Math.max(0, lastAtMost(segments, flow - 1));
    const segment = this.root.children[index];
    let left = flow - (segments[index] ?? 0);
    for (const [at, child] of [...(segment?.childNodes ?? [])].entries()) {
      const length = flowLength(child);
      if (left <= length) return child instanceof Text ? [child, left] : [segment as Node, at + 1];
      left -= length;
    }
    return segment ? [segment, segment.childNodes.length] : [this.root, 0];
  }

  /** What is written between two points of the flow. */
  textBetween(from: number, to: number): string {
    const range = document.createRange();
    range.setStart(...this.pointAt(from));
    range.setEnd(...this.pointAt(to));
    const inMark = range.startContainer.childNodes[range.startOffset - 1];
    return (
      range.toString() || (inMark instanceof Element ? (inMark.querySelector('.mark-text')?.textContent ?? '') : '')
    );
  }

  #open(): Element {
    if (!this.#segment) {
      this.#segment = element('div', 'segment');
      this.#length = 0;
      this.#segments.append(this.#segment);
      this.#flow.openSegment();
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
    mark.dataset.flow = String(markLength(span.text));
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
