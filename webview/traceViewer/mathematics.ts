import katex from 'katex';
import { element } from '../shared/dom';
import { type Formula, findMath } from './findMath';

/** Formulas of one trace that are typeset; the rest stays text. */
const most = 2_000;

/**
 * Typesets formulas as MathML, which the browser lays out itself: no fonts, no styles, and screen readers know it. Done
 * for segments that come into view, once nothing more is added to them. The source stays in the page beside what is
 * typeset, and style sheets show one of the two.
 */
export class Mathematics {
  readonly #seen: IntersectionObserver;
  readonly #known = new WeakSet<Element>();
  #left = most;

  constructor() {
    this.#seen = new IntersectionObserver((entries) => {
      for (const { isIntersecting, target } of entries) {
        if (!isIntersecting) continue;
        this.#seen.unobserve(target);
        requestIdleCallback(() => this.#typeset(target), { timeout: 500 });
      }
    });
  }

  /** The text of these segments is final. */
  settle(segments: Iterable<Element>): void {
    for (const segment of segments) {
      if (this.#known.has(segment)) continue;
      this.#known.add(segment);
      this.#seen.observe(segment);
    }
  }

  #typeset(segment: Element): void {
    segment.normalize();
    for (const node of [...segment.childNodes]) {
      if (node instanceof Text) this.#typesetText(node);
    }
  }

  #typesetText(node: Text): void {
    const formulas = findMath(node.data).slice(0, this.#left);
    this.#left -= formulas.length;
    for (const formula of formulas.toReversed()) {
      const made = typesetFormula(formula, node.data.slice(formula.start, formula.end));
      if (!made) continue;
      const rest = node.splitText(formula.start);
      rest.deleteData(0, formula.end - formula.start);
      rest.before(made);
    }
  }
}

/** Undefined for what is not TeX, or wants more than it should: then it stays text. */
function typesetFormula({ tex, isDisplay }: Formula, source: string): HTMLElement | undefined {
  const boxed = /^\s*\\boxed\s*\{(.*)\}\s*$/s.exec(tex)?.[1];
  const shown =
    (boxed !== undefined && render(boxed, isDisplay, 'math-shown boxed')) || render(tex, isDisplay, 'math-shown');
  if (!shown) return undefined;
  const made = element('span', isDisplay ? 'math display' : 'math');
  made.append(shown, element('span', 'math-source', source));
  return made;
}

/** MathML has no box, which is how models mark their answer: a formula that is one box gets a border. */
function render(tex: string, isDisplay: boolean, className: string): HTMLElement | undefined {
  const shown = element('span', className);
  try {
    katex.render(tex, shown, {
      output: 'mathml',
      displayMode: isDisplay,
      throwOnError: true,
      trust: false,
      strict: 'ignore',
      maxExpand: 200,
      maxSize: 20,
    });
    return shown;
  } catch {
    return undefined;
  }
}
