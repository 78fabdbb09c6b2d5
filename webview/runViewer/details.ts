import type { WireSample } from '../../src/protocol/runViewer';
import { createButton } from '../shared/controls';
import { element } from '../shared/dom';
import { count, duration } from '../shared/numbers';
import { flipNames, flipOf } from './filters';
import type { Place } from './heatMap';
import type { Run } from './model';
import { outcomeNames, outcomeSigns } from './words';

/** Beyond this many, more samples are in the run than anyone reads here. */
const mostShown = 64;

/** The cell under the cursor: question, samples with what they answered, and their traces. */
export class Details {
  readonly root = element('aside', 'details');
  #place: Place | undefined;

  constructor(
    readonly open: (traceIds: string[]) => void,
    readonly leave: () => void,
  ) {
    this.root.setAttribute('aria-label', 'Selected cell');
    this.root.append(
      element(
        'p',
        'empty',
        'Go to a cell to see its samples. Enter opens the trace, Shift+Enter both traces of a flip.',
      ),
    );
    this.root.addEventListener('keydown', ({ key }) => {
      if (key === 'Escape') this.leave();
    });
  }

  get place(): Place | undefined {
    return this.#place;
  }

  show(run: Run, place: Place, base: number): void {
    this.#place = place;
    const problem = run.problems[place.problem];
    const condition = run.conditions[place.condition];
    if (!problem || !condition) return;
    const focused = this.#buttons().indexOf(document.activeElement as HTMLElement);
    const { samples = [] } = run.cell(place.problem, place.condition) ?? {};
    const list = element('ul', 'samples');
    list.append(...samples.slice(0, mostShown).map((sample) => this.#sample(sample, condition.samples > 1)));
    const more = samples.length - mostShown;
    const parts: HTMLElement[] = [
      element('h3', 'details-title', `${problem.key} · ${condition.name}`),
      element('p', 'question', problem.question),
      samples.length > 0 ? list : element('p', 'empty', 'Not made yet.'),
    ];
    if (more > 0) parts.push(element('p', 'empty', `and ${count(more)} more`));
    const both = bothTraces(run, place, base);
    const flip = flipOf(run, place.problem, place.condition, base);
    const baseName = run.conditions[base]?.name ?? '';
    if (flip) parts.push(element('p', 'flip', `Flip against ${baseName}: ${flipNames[flip]}`));
    if (both) {
      const button = createButton('Open Both Side by Side', 'secondary', () => this.open(both));
      button.title = `This trace and the one of ${baseName}`;
      parts.push(button);
    }
    this.root.replaceChildren(...parts);
    if (focused >= 0) this.#buttons()[focused]?.focus();
  }

  focusFirst(): void {
    this.#buttons()[0]?.focus();
  }

  #buttons(): HTMLElement[] {
    return [...this.root.querySelectorAll<HTMLElement>('vscode-button')];
  }

  #sample(sample: WireSample, isNumbered: boolean): HTMLElement {
    const made = element('li', 'sample');
    const number = isNumbered ? `${sample.sample + 1}. ` : '';
    const verdict = `${number}${outcomeSigns[sample.outcome]} ${outcomeNames[sample.outcome]}`;
    made.append(element('span', `verdict ${sample.outcome}`, verdict));
    if (sample.answer !== null) made.append(element('bdi', 'answer', sample.answer));
    const { traceId, error } = sample;
    if (error !== null) made.append(element('p', 'sample-error', error));
    if (traceId === null) return made;
    const counts = `${count(sample.thinkingTokens)} thinking, ${count(sample.generatedTokens)} generated, ${duration(sample.durationMs)}`;
    const button = createButton('Open Trace', 'secondary', () => this.open([traceId]));
    if (isNumbered) button.setAttribute('aria-label', `Open Trace of sample ${sample.sample + 1}`);
    made.append(element('span', 'sample-counts', counts), button);
    return made;
  }
}

/** The trace of the base condition and of this one, of the same sample where both have it; null without both. */
export function bothTraces(run: Run, { problem, condition }: Place, base: number): [string, string] | null {
  if (condition === base) return null;
  const before = run.cell(problem, base)?.samples.filter(({ traceId }) => traceId !== null) ?? [];
  const after = run.cell(problem, condition)?.samples.filter(({ traceId }) => traceId !== null) ?? [];
  const second =
    after.find((each) => before.some(({ sample, outcome }) => sample === each.sample && outcome !== each.outcome)) ??
    after[0];
  const first = before.find(({ sample }) => sample === second?.sample) ?? before[0];
  return first?.traceId && second?.traceId ? [first.traceId, second.traceId] : null;
}
