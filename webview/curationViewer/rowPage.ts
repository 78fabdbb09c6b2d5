import type { FromCurationViewer, WireRow, WireRowTrace } from '../../src/protocol/curationViewer';
import { createButton } from '../shared/controls';
import { element } from '../shared/dom';
import { labelled } from '../shared/fields';
import { count, plural } from '../shared/numbers';
import { table } from '../shared/table';

type Request = Extract<FromCurationViewer, { type: 'curation/decide' | 'curation/openTrace' }>;

/** One row: what became of it and why, its question, what models said, and what can be done about it. */
export class RowPage {
  readonly root = element('aside', 'row-page');
  #id: string | undefined;
  #shown = '';

  constructor(readonly post: (request: Request) => void) {
    this.root.setAttribute('aria-label', 'Selected row');
    this.root.append(element('p', 'empty', 'Go to a row to see its question, traces and grades.'));
  }

  get id(): string | undefined {
    return this.#id;
  }

  /** Says why it cannot be shown. */
  fail(sentence: string): void {
    this.#shown = '';
    this.root.replaceChildren(element('p', 'notice error', sentence));
  }

  show(row: WireRow): void {
    const text = JSON.stringify(row);
    if (text === this.#shown) return; // nothing new: what is open and selected stays
    this.#shown = text;
    const isOther = this.#id !== row.id;
    const opened = isOther ? new Set<string>() : this.#opened();
    const noted = isOther ? undefined : this.#note()?.value;
    const focused = [...this.root.querySelectorAll<HTMLElement>('vscode-button, input')].indexOf(
      document.activeElement as HTMLElement,
    );
    this.#id = row.id;
    const parts = [
      element('h3', 'row-title', row.id),
      element('p', `verdict ${row.fate}`, row.sentence),
      ...this.#hand(row, noted),
      part('Question', row.question),
      ...(row.solution === null
        ? [element('p', 'empty', 'The source has no solution.')]
        : [part('Solution', row.solution)]),
      table(
        'Features',
        ['Feature', 'Value'],
        row.features.map(([name, value]) => [name, valueText(value)]),
      ),
      ...row.traces.map((trace) => this.#trace(trace, opened)),
      part('Source', [row.source, row.sourceType, row.cotType].join(' · ')),
      part('Metadata', row.metadata),
    ];
    this.root.replaceChildren(...parts);
    if (focused >= 0) this.root.querySelectorAll<HTMLElement>('vscode-button, input')[focused]?.focus();
  }

  #opened(): Set<string> {
    const open = this.root.querySelectorAll<HTMLDetailsElement>('details[open]');
    return new Set([...open].map(({ dataset }) => dataset.name ?? ''));
  }

  #note(): HTMLInputElement | null {
    return this.root.querySelector('input');
  }

  /** Keep and drop with a note; undo of what was decided. The next run honours it. */
  #hand({ id, byHand, fate }: WireRow, noted: string | undefined): HTMLElement[] {
    const note = element('input');
    note.type = 'text';
    note.maxLength = 2_000;
    note.value = noted ?? byHand?.note ?? '';
    const decide = (decision: 'keep' | 'drop' | null) =>
      this.post({ type: 'curation/decide', ids: [id], decision, note: note.value });
    const buttons = element('div', 'actions');
    buttons.append(
      createButton('Keep', 'secondary', () => decide('keep')),
      createButton('Drop', 'secondary', () => decide('drop')),
    );
    if (byHand) buttons.append(createButton('Undo', 'secondary', () => decide(null)));
    const said =
      byHand && element('p', 'hand', `By hand: ${byHand.decision}${byHand.note === '' ? '' : `, ${byHand.note}`}`);
    const waits = byHand && (byHand.decision === 'keep') !== (fate === 'kept');
    return [
      ...(said ? [said] : []),
      ...(waits ? [element('p', 'hint', 'The next run honours it.')] : []),
      labelled('Note, for keeping or dropping it by hand', note),
      buttons,
    ];
  }

  #trace(trace: WireRowTrace, opened: ReadonlySet<string>): HTMLElement {
    const { name, sample, value, thinking, attempt, thinkingTokens, cut, error, trace: place } = trace;
    const made = element('details', 'trace');
    made.dataset.name = `${name} ${sample}`;
    made.open = opened.has(made.dataset.name);
    const verdict = value === null ? '' : `: ${valueText(value)}`;
    const tokens = thinkingTokens === null ? '' : `, ${count(thinkingTokens)} thinking tokens`;
    made.append(element('summary', '', `${name}${sample > 0 ? ` ${sample + 1}` : ''}${verdict}${tokens}`));
    if (error !== null) made.append(element('p', 'sample-error', error));
    if (thinking !== '') made.append(text('Thinking', thinking));
    if (attempt !== '') made.append(text('Answer', attempt));
    if (cut > 0) made.append(element('p', 'empty', `${plural(cut, 'character')} more: open the trace.`));
    if (place) {
      const { folder, id } = place;
      made.append(createButton('Open Trace', 'secondary', () => this.post({ type: 'curation/openTrace', folder, id })));
    }
    return made;
  }
}

function part(title: string, content: string): HTMLElement {
  const made = element('section', 'part');
  made.append(element('h4', '', title), text(title, content));
  return made;
}

/** Text of models and files: as it is, in a box that scrolls by keyboard too. */
function text(label: string, content: string): HTMLElement {
  const made = element('div', 'text', content);
  made.tabIndex = 0;
  made.setAttribute('role', 'group');
  made.setAttribute('aria-label', label);
  return made;
}

function valueText(value: boolean | number | string | null): string {
  if (value === null) return 'none';
  if (typeof value === 'boolean') return value ? 'yes' : 'no';
  return typeof value === 'number' ? String(Math.round(value * 1_000) / 1_000) : value;
}
