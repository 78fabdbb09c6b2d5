import { element } from './dom';

type Options = readonly (readonly [value: string, label: string])[];

/** A labelled list to choose from. */
export function choice(label: string, options: Options, value: string, onChange: (value: string) => void): HTMLElement {
  const select = element('select');
  setOptions(select, options, value);
  select.addEventListener('change', () => onChange(select.value));
  return labelled(label, select);
}

/** Replaces what can be chosen; the choice stays if it is still there. */
export function setOptions(select: HTMLSelectElement, options: Options, value: string): void {
  select.replaceChildren(
    ...options.map(([key, text]) => {
      const option = element('option', '', text);
      option.value = key;
      return option;
    }),
  );
  select.value = options.some(([key]) => key === value) ? value : (options[0]?.[0] ?? '');
}

let fields = 0;

export function labelled(label: string, field: HTMLElement): HTMLElement {
  const made = element('div', 'field');
  const name = element('label', 'field-name', label);
  field.id = `field-${++fields}`;
  name.htmlFor = field.id;
  made.append(name, field);
  return made;
}

/** The list of a choice. */
export const selectIn = (field: HTMLElement): HTMLSelectElement => field.querySelector('select') as HTMLSelectElement;
