import type { FromRunViewer, WireCueStep } from '../../src/protocol/runViewer';
import { element } from '../shared/dom';
import { createMenu } from '../shared/menu';
import { count, percent } from '../shared/numbers';
import { headCell, scrollBox } from '../shared/table';
import { toCsv, toLatex } from './exports';
import { type Flip, flipNames } from './filters';
import type { Run } from './model';

/** The problems that a cell of the table counts. */
export interface FlipsOf {
  base: number;
  condition: number;
  flip: Flip;
}

const flips = ['gained', 'lost', 'rescued'] as const;

/** What each further cue bought, a row per step; its flips open the problems that they count. */
export class CueTable {
  readonly root = element('div', 'cue-table');
  #shown: readonly WireCueStep[] | undefined;

  constructor(
    readonly openFlips: (flips: FlipsOf) => void,
    readonly post: (message: FromRunViewer) => void,
  ) {}

  show(run: Run): void {
    const steps = run.part?.cueSteps;
    if (steps === this.#shown) return;
    this.#shown = steps;
    if (!steps || steps.length === 0) {
      const text = steps ? 'No two conditions differ by their number of cues.' : 'The table comes with the numbers.';
      this.root.replaceChildren(element('p', 'empty', text));
      return;
    }
    const rows = steps.map((step) => textsOf(run, step));
    const head = headOf(steps);
    const copy = (text: string) => this.post({ type: 'run/copy', text });
    const tools = element('div', 'tools');
    tools.append(
      element('p', 'hint', 'A number of flips opens their problems below.'),
      createMenu('Copy Cue Table', [
        ['CSV', () => copy(csvOf(run, steps))],
        ['LaTeX Table', () => copy(toLatex(head, rows))],
      ]),
    );
    this.root.replaceChildren(tools, this.#table(head, rows, steps));
  }

  #table(head: string[], rows: string[][], steps: readonly WireCueStep[]): HTMLElement {
    const made = element('table', 'numbers');
    made.setAttribute('aria-label', 'Cues');
    const heads = element('tr');
    heads.append(...head.map((text) => headCell(text, 'col')));
    const thead = element('thead');
    thead.append(heads);
    const tbody = element('tbody');
    for (const [at, [name = '', ...texts]] of rows.entries()) {
      const row = element('tr');
      row.append(headCell(name, 'row'), ...texts.map((text, column) => this.#cell(text, column, steps[at])));
      tbody.append(row);
    }
    made.append(thead, tbody);
    const box = scrollBox('Cues');
    box.append(made);
    return box;
  }

  /** Flips are buttons, where there are any. */
  #cell(text: string, column: number, step: WireCueStep | undefined): HTMLElement {
    const cell = element('td');
    const flip = flips[column - firstFlip];
    if (!flip || !step || step[flip] === 0) {
      cell.textContent = text;
      return cell;
    }
    const button = element('button', 'cell-button', text);
    button.title = `Show these problems: ${flipNames[flip]}`;
    button.addEventListener('click', () => this.openFlips({ base: step.from, condition: step.to, flip }));
    cell.append(button);
    return cell;
  }
}

/** The column of the first flip, the name of the row not counted. */
const firstFlip = 2;

const headOf = ({ length }: readonly WireCueStep[]) => [
  'Cues',
  'Accuracy %',
  'Difference [95\u00a0%]',
  ...flips.map((flip) => flipNames[flip]),
  'More tokens',
  length > 1 ? `p, Holm over ${length}` : 'p',
];

function textsOf(run: Run, step: WireCueStep): string[] {
  const { accuracy, difference, interval, extraThinkingTokens, holmPValue } = step;
  const range = interval ? ` [${interval.map(signed).join(', ')}]` : '';
  return [
    `${nameOf(run, step.from)} → ${nameOf(run, step.to)}`,
    percent(accuracy),
    `${signed(difference)}${range}`,
    ...flips.map((flip) => count(step[flip])),
    count(extraThinkingTokens),
    holmPValue < 0.001 ? '< 0.001' : holmPValue.toFixed(3),
  ];
}

const nameOf = ({ conditions }: Run, at: number) => conditions[at]?.name ?? '';

/** A difference of shares in points. */
const signed = (difference: number) => `${difference > 0 ? '+' : ''}${percent(difference).replace('-', '−')}`;

const numbers = [
  'accuracy',
  'difference',
  'gained',
  'lost',
  'rescued',
  'extraThinkingTokens',
  'pValue',
  'holmPValue',
] as const;

/** Plain numbers, and the verdict. */
function csvOf(run: Run, steps: readonly WireCueStep[]): string {
  const rows = steps.map((step) => [
    nameOf(run, step.from),
    nameOf(run, step.to),
    ...numbers.map((name) => step[name]),
    ...(step.interval ?? ['', '']),
    step.verdict ?? '',
  ]);
  return toCsv([['from', 'to', ...numbers, 'low', 'high', 'verdict'], ...rows]);
}
