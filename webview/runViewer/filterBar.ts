import { createButton } from '../shared/controls';
import { element } from '../shared/dom';
import { choice, labelled, selectIn, setOptions } from '../shared/fields';
import { baseOf, type Filters, flipNames, noFilters } from './filters';
import type { Run } from './model';
import { outcomeNames } from './words';

const any = '';

/** What of the heat map is shown. It changes the filters it was given, in place. */
export class FilterBar {
  readonly root = element('div', 'filters');
  readonly #problemSet: HTMLElement;
  readonly #condition: HTMLElement;
  readonly #outcome: HTMLElement;
  readonly #flip: HTMLElement;
  readonly #base: HTMLElement;
  readonly #text = element('input');
  readonly #least = element('input');
  readonly #most = element('input');
  readonly #clear: HTMLElement;

  constructor(
    readonly filters: Filters,
    readonly onChange: () => void,
  ) {
    this.root.setAttribute('role', 'search');
    this.root.setAttribute('aria-label', 'Filters');
    this.#text.type = 'search';
    this.#text.placeholder = 'Text or key';
    this.#text.addEventListener('input', () => this.#change({ text: this.#text.value }));
    for (const [field, name] of [
      [this.#least, 'minThinking'],
      [this.#most, 'maxThinking'],
    ] as const) {
      field.type = 'number';
      field.min = '0';
      field.addEventListener('input', () => this.#change({ [name]: numberIn(field) }));
    }
    this.#least.placeholder = 'least';
    this.#most.placeholder = 'most';
    this.#least.setAttribute('aria-label', 'Thinking tokens, least');
    this.#most.setAttribute('aria-label', 'Thinking tokens, most');
    this.#problemSet = choice('Problem set', [], any, (value) => this.#change({ problemSet: value || null }));
    this.#condition = choice('Condition', [], any, (value) => this.#change({ condition: value || null }));
    const outcomes = [[any, 'Any'], ...Object.entries(outcomeNames), ['missing', 'Not made yet']] as const;
    this.#outcome = choice('Outcome', outcomes, any, (value) =>
      this.#change({ outcome: (value || null) as Filters['outcome'] }),
    );
    const flips = [[any, 'All problems'], ['any', 'Any flip'], ...Object.entries(flipNames)] as const;
    this.#flip = choice('Flips', flips, any, (value) => this.#change({ flip: (value || null) as Filters['flip'] }));
    this.#base = choice('against', [], any, (value) => this.#change({ base: value }));
    this.#clear = createButton('Clear Filters', 'secondary', () => {
      this.#change({ ...noFilters });
      this.#text.focus();
    });
    const range = element('span', 'range');
    range.append(this.#least, '–', this.#most);
    const lengths = element('div', 'field');
    lengths.append(element('span', 'field-name', 'Thinking tokens'), range);
    const question = labelled('Question', this.#text);
    this.root.append(
      question,
      this.#problemSet,
      this.#condition,
      this.#outcome,
      this.#flip,
      this.#base,
      lengths,
      this.#clear,
    );
  }

  /** The lists of this run. */
  setRun(run: Run): void {
    const sets = run.problemSets.map((name) => [name, name] as const);
    const conditions = run.conditions.map(({ key, name }) => [key, name] as const);
    setOptions(selectIn(this.#problemSet), [[any, 'All'], ...sets], '');
    setOptions(selectIn(this.#condition), [[any, 'Any'], ...conditions], '');
    setOptions(selectIn(this.#base), conditions, '');
    this.#problemSet.hidden = sets.length < 2;
    this.show(run);
  }

  show(run: Run): void {
    const { filters } = this;
    selectIn(this.#problemSet).value = filters.problemSet ?? any;
    selectIn(this.#condition).value = filters.condition ?? any;
    selectIn(this.#outcome).value = filters.outcome ?? any;
    selectIn(this.#flip).value = filters.flip ?? any;
    selectIn(this.#base).value = run.conditions[baseOf(run, filters)]?.key ?? '';
    if (this.#text.value !== filters.text) this.#text.value = filters.text;
    if (numberIn(this.#least) !== filters.minThinking) this.#least.value = String(filters.minThinking ?? '');
    if (numberIn(this.#most) !== filters.maxThinking) this.#most.value = String(filters.maxThinking ?? '');
  }

  #change(change: Partial<Filters>): void {
    Object.assign(this.filters, change);
    this.onChange();
  }
}

function numberIn({ value }: HTMLInputElement): number | null {
  const number = Number.parseFloat(value);
  return Number.isFinite(number) ? number : null;
}
