import type { FromRunViewer, WireMeasure, WirePart } from '../../src/protocol/runViewer';
import { element } from '../shared/dom';
import { createMenu } from '../shared/menu';
import { table } from '../shared/table';
import { toCsv, toLatex } from './exports';

/** What the numbers say: sentences first, then the measures they rest on. */
export class Findings {
  readonly root = element('div', 'findings');
  #shown: WirePart | null | undefined;

  constructor(readonly post: (message: FromRunViewer) => void) {}

  show(part: WirePart | null): void {
    if (part === this.#shown) return;
    this.#shown = part;
    if (!part) {
      this.root.replaceChildren(element('p', 'empty', 'The numbers are being computed …'));
      return;
    }
    const sentences = element('ul', 'sentences');
    sentences.append(...part.sentences.map((text) => element('li', '', text)));
    const none = element('p', 'empty', 'Nothing follows from these samples yet.');
    this.root.replaceChildren(part.sentences.length > 0 ? sentences : none);
    if (part.measures.length > 0) this.root.append(...this.#measures(part.measures));
  }

  #measures(all: WireMeasure[]): HTMLElement[] {
    const rows = all.map(({ name, value, interval, note }) => [name, value, interval ?? '–', note]);
    const copy = (text: string) => this.post({ type: 'run/copy', text });
    const tools = element('div', 'tools');
    tools.append(
      createMenu('Copy Measures', [
        ['CSV', () => copy(toCsv([head, ...rows]))],
        ['LaTeX Table', () => copy(toLatex(head, rows))],
      ]),
    );
    return [table('Measures', head, rows, 'measures'), tools];
  }
}

const head = ['Measure', 'Value', '95 % interval', 'What it means'];
