import type { WireSpan } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';

/** Text goes into segments of about this size, closed at a line end, so that a long trace is laid out only where seen. */
const segmentCharacters = 4_096;

const labels: Record<WireSpan['kind'], string> = {
  text: '',
  cue: 'forced cue',
  suppressed: 'end suppressed',
  ended: 'the model ended its thinking',
  cut: 'cut',
  end: 'ended for the model',
  marker: '',
};

/** The spans of one phase as they grow. Append-only: text that is there is never written again. */
export class SpanList {
  readonly root: HTMLElement;
  #segment: HTMLElement | undefined;
  #length = 0;
  #isEmpty = true;
  #cues = 0;

  constructor(label: string) {
    this.root = element('div', 'spans');
    this.root.setAttribute('role', 'region');
    this.root.setAttribute('aria-label', label);
  }

  replace(spans: WireSpan[]): void {
    this.root.replaceChildren();
    this.#segment = undefined;
    this.#isEmpty = true;
    this.#cues = 0;
    for (const span of spans) this.#add(span);
  }

  /** More text of the last span. */
  append(added: string): void {
    const text = this.#isEmpty ? added.replace(/^\n+/, '') : added; // the newline after a marker is not worth a line
    if (text === '') return;
    this.#isEmpty = false;
    for (const piece of pieces(text, segmentCharacters - this.#length)) {
      if (this.#length >= segmentCharacters) this.#segment = undefined;
      this.#open().append(piece);
      this.#length += piece.length;
    }
  }

  #add(span: WireSpan): void {
    if (span.kind === 'marker') return;
    if (span.kind === 'text') this.append(span.text);
    else this.#open().append(this.#mark(span));
  }

  #open(): HTMLElement {
    if (!this.#segment) {
      this.#segment = element('div', 'segment');
      this.#length = 0;
      this.root.append(this.#segment);
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
    mark.title = `${labels[span.kind]}${number}: ${span.tokens} ${span.tokens === 1 ? 'token' : 'tokens'}, pass ${span.pass}`;
    return mark;
  }
}

/** Splits at the last line end before the room is used up, so that segments end with lines. */
function pieces(text: string, room: number): string[] {
  const result: string[] = [];
  let left = room > 0 ? room : segmentCharacters;
  let rest = text;
  while (rest.length > left) {
    const line = rest.lastIndexOf('\n', left);
    const at = line > 0 ? line + 1 : left;
    result.push(rest.slice(0, at));
    rest = rest.slice(at);
    left = segmentCharacters;
  }
  if (rest !== '') result.push(rest);
  return result;
}
