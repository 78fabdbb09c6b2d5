import type { FromTraceViewer, WireLaboratory, WireRelative } from '../../src/protocol/traceViewer';
import { element } from '../shared/dom';

type Post = (message: FromTraceViewer) => void;

/** What is known of the trace beside its text: answers along the thinking, notes, forks. Empty parts are not there. */
export class Laboratory {
  readonly root = element('div', 'laboratory');
  readonly #post: Post;

  constructor(post: Post) {
    this.#post = post;
  }

  show({ probes, trajectory, notes, family }: WireLaboratory): void {
    const parts: HTMLElement[] = [];
    if (probes.length > 0) parts.push(part('Answers along the Thinking', element('p', 'trajectory', trajectory)));
    if (notes.length > 0) parts.push(part(`Notes (${notes.length})`, this.#notes(notes)));
    if (family.length > 0) parts.push(part(`Forks (${family.length - 1})`, this.#family(family)));
    this.root.replaceChildren(...parts);
  }

  #notes(notes: WireLaboratory['notes']): HTMLElement {
    const list = element('ul', 'notes');
    for (const { id, label, text, part: where } of notes) {
      const item = element('li');
      if (label) item.append(element('span', 'note-label', label));
      if (text) item.append(element('span', 'note-text', text));
      if (where) item.append(element('span', 'note-part', where));
      const remove = element('button', 'plain-button', 'Remove');
      remove.setAttribute('aria-label', `Remove the note ${label || text}`);
      remove.addEventListener('click', () => this.#post({ type: 'removeNote', noteId: id }));
      item.append(remove);
      list.append(item);
    }
    return list;
  }

  #family(family: WireRelative[]): HTMLElement {
    const list = element('ul', 'family');
    for (const relative of family) {
      const item = element('li');
      item.style.setProperty('--depth', String(relative.depth));
      const answer = relative.answer === null ? '' : `: ${relative.answer}`;
      item.append(
        element(
          'span',
          `family-outcome ${relative.outcome}`,
          `${words[relative.outcome] ?? relative.outcome}${answer}`,
        ),
        relative.isThis ? element('strong', '', `${relative.about} (this trace)`) : this.#link(relative),
        element('span', 'note-part', `${relative.thinkingTokens.toLocaleString('en')} thinking tokens`),
      );
      if (!relative.isThis) item.append(this.#compare(relative));
      if (relative.canDelete) item.append(this.#delete(relative));
      list.append(item);
    }
    return list;
  }

  #compare({ id, about }: WireRelative): HTMLElement {
    const button = element('button', 'plain-button', 'Compare');
    button.setAttribute('aria-label', `Compare this trace with: ${about}`);
    button.addEventListener('click', () => this.#post({ type: 'compare', traceId: id }));
    return button;
  }

  #delete({ id, about }: WireRelative): HTMLElement {
    const button = element('button', 'plain-button', 'Delete');
    button.setAttribute('aria-label', `Delete the fork: ${about}`);
    button.addEventListener('click', () => this.#post({ type: 'deleteFork', traceId: id }));
    return button;
  }

  #link({ id, about }: WireRelative): HTMLElement {
    const button = element('button', 'plain-button', about);
    button.addEventListener('click', () => this.#post({ type: 'open', traceId: id }));
    return button;
  }
}

const words: Record<string, string> = {
  correct: '✓ correct',
  wrong: '✗ wrong',
  truncated: '… truncated',
  'no-answer': '– no answer',
  ungraded: 'answer',
  running: '● running',
  interrupted: '‖ interrupted',
};

function part(title: string, ...content: HTMLElement[]): HTMLElement {
  const made = element('section', 'laboratory-part');
  made.append(element('h2', '', title), ...content);
  return made;
}
