import type { WireSample } from '../../src/protocol/runViewer';
import { createButton } from '../shared/controls';
import { element } from '../shared/dom';
import { choice } from '../shared/fields';
import { count, plural } from '../shared/numbers';
import type { Run } from './model';
import { aroundCue, type Pair, rightWhenShort } from './pairs';
import { outcomeNames, outcomeSigns } from './words';

const kinds = {
  short: { name: 'Right when short, wrong when long', of: rightWhenShort },
  cue: { name: 'Before and after a cue', of: aroundCue },
};
type Kind = keyof typeof kinds;

/** More are in the run than anyone reads. */
const mostShown = 20;

/** Traces to read in twos; a button opens both side by side. */
export class PairList {
  readonly root = element('div', 'pairs');
  readonly #count = element('p', 'hint');
  readonly #list = element('ul', 'pair-list');
  #kind: Kind = 'cue';
  #run: Run | undefined;

  constructor(readonly open: (traceIds: string[]) => void) {
    const names = Object.entries(kinds).map(([key, { name }]) => [key, name] as const);
    const tools = element('div', 'tools');
    tools.append(
      choice('Pairs', names, this.#kind, (kind) => {
        this.#kind = kind as Kind;
        if (this.#run) this.show(this.#run);
      }),
      this.#count,
    );
    this.root.append(tools, this.#list);
  }

  show(run: Run): void {
    this.#run = run;
    const pairs = kinds[this.#kind].of(run);
    const more = pairs.length > mostShown ? `, the first ${mostShown} of them` : '';
    this.#count.textContent = pairs.length === 0 ? 'No such pair so far.' : `${plural(pairs.length, 'pair')}${more}`;
    this.#list.replaceChildren(...pairs.slice(0, mostShown).map((pair) => this.#row(run, pair)));
  }

  #row(run: Run, { problem, first, second }: Pair): HTMLElement {
    const { key = '', question = '' } = run.problems[problem] ?? {};
    const row = element('li', 'pair');
    const name = element('p', 'pair-problem');
    name.append(element('b', '', key), ` · ${question}`);
    const button = createButton('Open Both', 'secondary', () =>
      this.open([first, second].flatMap(({ traceId }) => traceId ?? [])),
    );
    button.setAttribute('aria-label', `Open both traces of ${key}`);
    row.append(name, sampleText(run, first), sampleText(run, second), button);
    return row;
  }
}

function sampleText(run: Run, { condition, outcome, answer, thinkingTokens }: WireSample): HTMLElement {
  const made = element('span', 'pair-sample');
  const verdict = element('span', `verdict ${outcome}`, outcomeSigns[outcome]);
  verdict.setAttribute('aria-label', outcomeNames[outcome]);
  verdict.setAttribute('role', 'img');
  const said = answer === null ? '' : ` ${answer}`;
  const where = `${run.conditions[condition]?.name ?? ''}, ${count(thinkingTokens)} tokens`;
  made.append(verdict, element('bdi', 'answer', said), element('span', 'pair-where', where));
  return made;
}
