import { createButton } from '../shared/controls';
import { element, write } from '../shared/dom';

/** What can be done with the selected condition, wherever it was selected: in the figure, the table or the filters. */
export class Selection {
  readonly root = element('div', 'selection');
  readonly #name = element('p', 'hint');
  readonly #buttons = element('span', 'selection-buttons');

  constructor(act: { openTraces: () => void; copyCommand: () => void; letGo: () => void }) {
    this.#buttons.append(
      createButton('Go to Its Traces', 'secondary', act.openTraces),
      createButton('Copy as CLI Command', 'secondary', act.copyCommand),
      createButton('Let Go', 'secondary', () => act.letGo()),
    );
    this.root.append(this.#name, this.#buttons);
  }

  show(condition: string | null): void {
    write(
      this.#name,
      condition === null ? 'Choose a condition to see only its problems below.' : `Selected: ${condition}`,
    );
    this.#buttons.hidden = condition === null;
  }
}
