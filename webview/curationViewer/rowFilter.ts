import type { WireCurationSummary, WireRowFilter } from '../../src/protocol/curationViewer';
import { element } from '../shared/dom';
import { labelled, setOptions } from '../shared/fields';

export const noFilter: WireRowFilter = { stage: null, fate: 'all', rule: null, source: null, text: '' };

const fates: [WireRowFilter['fate'], string][] = [
  ['all', 'kept and dropped'],
  ['kept', 'kept'],
  ['dropped', 'dropped'],
  ['undecided', 'not decided yet'],
  ['landed', 'newest replies first'],
];
const typingMs = 200;
const any = '';

/** Which rows are listed. */
export class RowFilter {
  readonly root = element('div', 'filters');
  readonly #stage = element('select');
  readonly #fate = element('select');
  readonly #rule = element('select');
  readonly #source = element('select');
  readonly #text = element('input');
  #typing: ReturnType<typeof setTimeout> | undefined;

  constructor(
    readonly value: WireRowFilter,
    readonly changed: () => void,
  ) {
    this.root.setAttribute('role', 'search');
    this.#text.type = 'search';
    this.#text.placeholder = 'Question, reason or id';
    this.#text.maxLength = 500;
    this.root.append(
      labelled('Stage', this.#stage),
      labelled('Show', this.#fate),
      labelled('Rule', this.#rule),
      labelled('Source', this.#source),
      labelled('Text', this.#text),
    );
    this.#stage.addEventListener('change', () => this.#set({ stage: this.#stage.value || null, rule: null }));
    this.#fate.addEventListener('change', () => this.#set({ fate: this.#fate.value as WireRowFilter['fate'] }));
    this.#rule.addEventListener('change', () => this.#set({ rule: this.#rule.value || null }));
    this.#source.addEventListener('change', () => this.#set({ source: this.#source.value || null }));
    this.#text.addEventListener('input', () => {
      clearTimeout(this.#typing);
      this.#typing = setTimeout(() => this.#set({ text: this.#text.value }), typingMs);
    });
    setOptions(this.#fate, fates, value.fate);
    this.#text.value = value.text;
  }

  set(change: Partial<WireRowFilter>): void {
    this.#text.value = change.text ?? this.value.text;
    this.#set(change);
  }

  show({ stages, sources }: WireCurationSummary): void {
    const { stage, rule, source } = this.value;
    const rules = new Set(
      stages.filter((each) => stage === null || each.stage === stage).flatMap(({ dropped }) => Object.keys(dropped)),
    );
    if (rule !== null) rules.add(rule);
    const same = (names: Iterable<string>) => [...names].map((name) => [name, name] as const);
    setOptions(this.#stage, [[any, 'all stages'], ...same(stages.map((each) => each.stage))], stage ?? any);
    setOptions(this.#rule, [[any, 'all rules'], ...same(rules)], rule ?? any);
    setOptions(this.#source, [[any, 'all sources'], ...same(sources.map(({ name }) => name))], source ?? any);
    this.#fate.value = this.value.fate;
  }

  #set(change: Partial<WireRowFilter>): void {
    Object.assign(this.value, change);
    this.changed();
  }
}
