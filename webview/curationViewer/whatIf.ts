import type { WireChange, WireCurationSummary } from '../../src/protocol/curationViewer';
import { createButton } from '../shared/controls';
import { element, write } from '../shared/dom';
import { labelled, setOptions } from '../shared/fields';

/** Other parameters for the same rows: nothing is written and no model is asked. */
export class WhatIf {
  readonly root = element('div', 'what-if-form');
  readonly #ngram = numberField(2, 64, 1);
  readonly #rate = element('select');
  readonly #min = numberField(0, 1, 0.05);
  readonly #max = numberField(0, 1, 0.05);
  readonly #size = numberField(1, 10_000_000, 1);
  readonly #fields = {
    ngram: labelled('Words of an n-gram', this.#ngram),
    rate: labelled('Pass rate of', this.#rate),
    min: labelled('from', this.#min),
    max: labelled('to', this.#max),
    size: labelled('Rows of the set', this.#size),
  };
  readonly #result = element('p', 'hint');
  #isFilled = false;
  #band: WireCurationSummary['parameters']['passRate'] = null;

  constructor(tryOut: (change: WireChange) => void, clear: () => void) {
    const fields = element('form', 'filters');
    const go = createButton('What If', 'secondary', () => tryOut(this.#change()));
    const back = createButton('Clear', 'secondary', () => {
      this.#isFilled = false;
      this.say('');
      clear();
    });
    this.#result.setAttribute('role', 'status');
    fields.setAttribute('aria-label', 'What if');
    fields.addEventListener('submit', (event) => event.preventDefault());
    fields.addEventListener('keydown', ({ key, target }) => {
      if (key === 'Enter' && target instanceof HTMLInputElement) tryOut(this.#change());
    });
    this.#rate.addEventListener('change', () => this.#showBand());
    fields.append(...Object.values(this.#fields), go, back);
    this.root.append(fields, this.#result);
  }

  /** The parameters as they are, once: what the reader typed stays. */
  show({ parameters, isDecided }: WireCurationSummary): void {
    const { ngram, passRate, rates, size } = parameters;
    this.root.hidden = !isDecided;
    if (this.#isFilled) return;
    this.#isFilled = true;
    this.#band = passRate;
    this.#fields.ngram.hidden = ngram === null;
    this.#fields.size.hidden = size === null;
    this.#fields.rate.hidden = rates.length === 0;
    this.#ngram.value = ngram === null ? '' : String(ngram);
    this.#size.value = size === null ? '' : String(size);
    const options: [string, string][] = rates.map((name) => [name, name]);
    setOptions(this.#rate, passRate ? options : [['', 'as it is'], ...options], passRate?.feature ?? '');
    this.#showBand();
    this.#min.value = String(passRate?.min ?? 0);
    this.#max.value = String(passRate?.max ?? 1);
  }

  say(sentence: string): void {
    write(this.#result, sentence);
  }

  #showBand(): void {
    for (const field of [this.#fields.min, this.#fields.max]) field.hidden = this.#rate.value === '';
  }

  #change(): WireChange {
    const change: WireChange = {};
    if (this.#ngram.value !== '') change.ngram = Number(this.#ngram.value);
    if (this.#size.value !== '') change.size = Number(this.#size.value);
    const band = { feature: this.#rate.value, min: Number(this.#min.value), max: Number(this.#max.value) };
    if (band.feature !== '' && JSON.stringify(band) !== JSON.stringify(this.#band)) change.passRate = band;
    return change;
  }
}

function numberField(min: number, max: number, step: number): HTMLInputElement {
  const field = element('input');
  field.type = 'number';
  field.min = String(min);
  field.max = String(max);
  field.step = String(step);
  return field;
}
