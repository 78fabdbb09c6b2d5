import { type Answer, isExpression, readAnswer } from './answer';
import { cleanLatex } from './clean';
import { isEqual, isTerminating } from './exactNumber';
import { type ExactValue, exactValue } from './rational';
import type { Quantity } from './unit';

export type Verdict = 'same' | 'different' | 'unknown';

/** What two expressions have to be to each other. */
export type Relation =
  /** equal wherever both have a value */
  | 'equal'
  /** equal up to the accuracy with which `b`, a decimal of so many places, is written */
  | { places: number }
  /** one is the other times a number that is not zero; `positive`: above zero */
  | 'multiple'
  | 'positive-multiple';

/** Decides about LaTeX with variables, roots and functions: the part that can take long (see expressions.ts). */
export type CompareExpressions = (a: string, b: string, relation: Relation) => Verdict;

const maxLength = 2_000;
/** Decimals with as many digits as a double has stand for a number that has no end. */
const fullDigits = 16;

/** Whether an answer is the reference. The rules are in docs/grading.md. */
export function isSameLatex(given: string, wanted: string, compareExpressions: CompareExpressions): boolean {
  if (Math.max(given.length, wanted.length) > maxLength) return given.trim() === wanted.trim();
  if (given.trim() === '' || wanted.trim() === '') return false;
  if (given.trim() === wanted.trim()) return true;
  const [letter, choice] = [choiceWithText(given), /^\(?([A-J])\)?$/.exec(cleanLatex(wanted))?.[1]];
  if (letter !== null && choice !== undefined) return letter === choice;
  return new Comparison(compareExpressions).isSame(readAnswer(given), readAnswer(wanted));
}

/** `(A) 5` and `A. five`: a letter, and what it stands for. Null where more than one letter is offered. */
function choiceWithText(given: string): string | null {
  const plain = given.replace(/\\(?:text|textbf|mathbf|mathrm)\s*\{([^{}]*)\}/g, '$1').trim();
  const [, inBrackets, before] = /^(?:\(([A-J])\)\s*\S|([A-J])[.:)]\s+\S)/.exec(plain) ?? [];
  return /.(?:\(|\b)[A-J]\)/.test(plain.slice(2)) ? null : (inBrackets ?? before ?? null);
}

class Comparison {
  readonly #expressions: CompareExpressions;

  constructor(expressions: CompareExpressions) {
    this.#expressions = expressions;
  }

  isSame(given: Answer, wanted: Answer): boolean {
    if (given.kind === 'either' || wanted.kind === 'either') return this.#isSameEither(given, wanted);
    const [a, b] = withoutLabels(simplified(given, wanted), simplified(wanted, given));
    if (a.kind === 'relation' && b.kind === 'relation') return this.#isSameRelation(a, b);
    if (a.kind === 'interval' && b.kind === 'interval') {
      return a.open === b.open && a.close === b.close && this.#areSame(a.items, b.items);
    }
    if (isBareWord(a) && b.kind === 'quantity') return this.isSame(asQuantity(a), b);
    if (isBareWord(b) && a.kind === 'quantity') return this.isSame(a, asQuantity(b));
    if (a.kind === 'words' || b.kind === 'words') return wordsOf(a) !== '' && wordsOf(a) === wordsOf(b);
    if (a.kind === 'matrix' && b.kind === 'matrix') {
      return (
        a.isDeterminant === b.isDeterminant &&
        a.rows.length === b.rows.length &&
        a.rows.every((row, index) => this.#areSame(row, b.rows[index] ?? []))
      );
    }
    if (a.kind === 'quantity' && b.kind === 'quantity') return this.#isSameQuantity(a, b);
    const [points, others] = [coordinates(a), coordinates(b)];
    if (a.kind !== b.kind && points && others) return this.#areSame(points, others);
    if (!('items' in a && 'items' in b)) return false;
    if (isSetAndList(a, b) || isSetAndList(b, a)) return this.#haveSame(a.items, b.items);
    if (a.kind !== b.kind) return false;
    const isUnordered = a.kind === 'set' || a.kind === 'union';
    return isUnordered ? this.#haveSame(a.items, b.items) : this.#areSame(a.items, b.items);
  }

  #areSame = (a: readonly Answer[], b: readonly Answer[]): boolean =>
    a.length === b.length && a.every((item, index) => this.isSame(item, b[index] as Answer));

  /** In any order; an item that is there twice counts once. */
  #haveSame(a: readonly Answer[], b: readonly Answer[]): boolean {
    const isIn = (item: Answer, all: readonly Answer[]) => all.some((other) => this.isSame(item, other));
    return a.every((item) => isIn(item, b)) && b.every((item) => isIn(item, a));
  }

  #isSameEither(given: Answer, wanted: Answer): boolean {
    const items = (answer: Answer) =>
      'items' in answer && answer.kind !== 'ratio' ? answer.items : [unlabelled(answer)];
    const flat = (answer: Answer): Answer[] =>
      items(answer)
        .flatMap((item) => (item.kind === 'either' ? item.items : [item]))
        .map(unlabelled);
    return this.#haveSame(flat(given), flat(wanted));
  }

  #isSameQuantity(given: Quantity, wanted: Quantity): boolean {
    if (given.unit !== null && wanted.unit !== null && given.unit !== wanted.unit) return false;
    if (given.isPercent === wanted.isPercent) return this.#isSameValue(given.value, wanted.value);
    const hundredth = ({ value, isPercent }: Quantity) => (isPercent ? `\\frac{${value}}{100}` : value);
    if (this.#isSameValue(hundredth(given), hundredth(wanted))) return true;
    // "50 %" where the reference leaves the sign to the question
    const reference = wanted.isPercent ? null : exactValue(wanted.value);
    return reference !== null && reference.n > reference.d && this.#isSameValue(given.value, wanted.value);
  }

  #isSameValue(a: string, b: string): boolean {
    if (spaceless(a) === spaceless(b)) return spaceless(a) !== '';
    const [x, y] = [exactValue(a), exactValue(b)];
    if (x && y) return isEqual(x, y) || isRounded(x, y) || isRounded(y, x);
    if (!isExpression(a) || !isExpression(b)) return false;
    if (/^[A-Za-z]$/.test(a) && /^[A-Za-z]$/.test(b)) return false;
    const decimal = isFull(y) ? y : isFull(x) ? x : null;
    const relation = decimal === null ? 'equal' : { places: decimal.places };
    return this.#expressions(a, b, relation) === 'same';
  }

  /** Equations that say the same: the same sides, or one of them times a number. Inequalities: times a positive one. */
  #isSameRelation(a: Answer & { kind: 'relation' }, b: Answer & { kind: 'relation' }): boolean {
    const isAlike = a.signs.join() === b.signs.join() && this.#areSame(a.sides, b.sides);
    if (isAlike || a.sides.length !== 2 || b.sides.length !== 2) return isAlike;
    const [sign = '', other = ''] = [a.signs[0], b.signs[0]];
    const isTurned = sign !== other;
    if (isTurned && turned.get(sign) !== other) return false;
    const difference = ({ latex: [left = '', right = ''] }: typeof a, isSwapped: boolean) =>
      isExpression(left) && isExpression(right) ? (isSwapped ? `(${right})-(${left})` : `(${left})-(${right})`) : null;
    const [first, second] = [difference(a, false), difference(b, isTurned)];
    if (first === null || second === null || !turned.has(sign)) return false;
    const relation = sign === '=' || sign === '\\ne' ? 'multiple' : 'positive-multiple';
    return this.#expressions(first, second, relation) === 'same';
  }
}

const turned = new Map([
  ['=', '='],
  ['\\ne', '\\ne'],
  ['<', '>'],
  ['>', '<'],
  ['\\le', '\\ge'],
  ['\\ge', '\\le'],
]);

const spaceless = (text: string) => text.replace(/\s+/g, '').replace(/^\+/, '');

const isFull = (value: ExactValue | null): value is ExactValue => value?.digits != null && value.digits >= fullDigits;

/** Whether `decimal`, with all the digits of a double, is a fraction that has no end. */
function isRounded(fraction: ExactValue, decimal: ExactValue): boolean {
  if (!isFull(decimal) || isTerminating(fraction)) return false;
  const distance = fraction.n * decimal.d - decimal.n * fraction.d;
  return (distance < 0n ? -distance : distance) * 10n ** BigInt(decimal.places) <= fraction.d * decimal.d;
}

/** What stands for a value: `x`, `a_{1}`, `f(x)`, `(x,y)`, `AB`, `\\angle ABC`, `\\text{Area}`. */
const isSymbol = (latex: string) =>
  /^(?:\\(?:angle|triangle)\s*)?[A-Z]{1,3}$|^\\text\{[^{}]*\}$/.test(latex) ||
  /^(?:[A-Za-z]|\\[A-Za-z]+)(?:_\{\w+\})?'?(?:\([A-Za-z](?:,\s*[A-Za-z])*\))?$/.test(latex) ||
  /^\([A-Za-z](?:,\s*[A-Za-z])+\)$/.test(latex);

/** `x = 5` where only 5 was asked for, and `x \in S` for S. */
function unlabelled(answer: Answer): Answer {
  if (
    answer.kind !== 'relation' ||
    answer.sides.length !== 2 ||
    !['=', '\\in', '\\approx'].includes(answer.signs[0] ?? '')
  )
    return answer;
  const [left, right] = answer.sides as [Answer, Answer];
  if (isSymbol(answer.latex[0] ?? '')) return right;
  return isSymbol(answer.latex[1] ?? '') && answer.signs[0] === '=' ? left : answer;
}

/** `x=3, y=4` for (3,4), and a column for a point: what stands at each place; null for what has no places. */
function coordinates(answer: Answer): Answer[] | null {
  if (answer.kind === 'tuple') return answer.items;
  if (answer.kind === 'interval') return answer.open === '(' && answer.close === ')' ? answer.items : null;
  if (answer.kind === 'matrix') return answer.rows.every((row) => row.length === 1) ? answer.rows.flat() : null;
  if (answer.kind !== 'list') return null;
  const names = answer.items.map((item) => (item.kind === 'relation' ? (item.latex[0] ?? '') : ''));
  const isInOrder = names.every(
    (name, index) => /^[A-Za-z]$/.test(name) && (index === 0 || name > (names[index - 1] ?? '')),
  );
  return isInOrder ? answer.items.map(unlabelled) : null;
}

/** A set has no order, so neither has a list that is compared with one. */
const isSetAndList = (a: Answer, b: Answer) => a.kind === 'set' && b.kind === 'list';

/** Inequalities as intervals, `x < 1 or x > 2` as their union, `\\frac14 = 0.25` as its first side where no equation is asked for. */
function simplified(answer: Answer, other: Answer): Answer {
  if (answer.kind === 'list') {
    const items = answer.items.map(asInterval);
    const isUnion = items.every((item, index) => item.kind === 'interval' && answer.items[index]?.kind === 'relation');
    return isUnion ? { kind: 'union', items } : answer;
  }
  if (
    answer.kind === 'relation' &&
    other.kind !== 'relation' &&
    answer.signs.every((sign) => sign === '=' || sign === '\\approx')
  ) {
    const values = answer.latex.map(exactValue);
    const [first] = answer.sides;
    if (first && values.every((value) => value !== null) && isChain(answer.signs, values)) return first;
  }
  return asInterval(answer);
}

/** Equal values, and after `\\approx` one that is rounded. */
const isChain = (signs: string[], values: ExactValue[]) =>
  values.every((value, index) => {
    const first = values[0] as ExactValue;
    const off = (first.n * value.d - value.n * first.d) * 10n ** BigInt(value.places);
    return signs[index - 1] === '\\approx' ? (off < 0n ? -off : off) <= first.d * value.d : isEqual(first, value);
  });

/** A label counts only if both have one. */
function withoutLabels(a: Answer, b: Answer): [Answer, Answer] {
  if (a.kind === 'relation' && b.kind === 'relation') return [a, b];
  return [unlabelled(a), unlabelled(b)];
}

/** `1 < x \le 3` is (1,3], `x > 2` is (2,∞): inequalities of one symbol between values. */
function asInterval(answer: Answer): Answer {
  if (answer.kind !== 'relation') return answer;
  const [first = '', second = '', third] = answer.latex;
  const [sign = '', next] = answer.signs;
  const quantity = (value: string): Answer => ({ kind: 'quantity', value, unit: null, isPercent: false });
  const holds = (text: string) => !/(?<!\\[A-Za-z]*)[A-Za-z]/.test(text);
  if (third !== undefined) {
    const [up, down] = [/^(?:<|\\le)$/, /^(?:>|\\ge)$/];
    if (answer.latex.length !== 3 || !isSymbol(second) || !holds(first) || !holds(third)) return answer;
    if (up.test(sign) && up.test(next ?? '')) return between(quantity(first), sign, quantity(third), next ?? '');
    if (down.test(sign) && down.test(next ?? '')) return between(quantity(third), next ?? '', quantity(first), sign);
    return answer;
  }
  if (!['<', '>', '\\le', '\\ge'].includes(sign)) return answer;
  const isLeft = isSymbol(first) && holds(second);
  if (!isLeft && !(isSymbol(second) && holds(first))) return answer;
  const [value, way] = isLeft ? [second, sign] : [first, turned.get(sign) ?? ''];
  return way === '<' || way === '\\le'
    ? between(quantity('-\\infty'), '<', quantity(value), way)
    : between(quantity(value), way, quantity('\\infty'), '<');
}

function between(low: Answer, afterLow: string, high: Answer, beforeHigh: string): Answer {
  const isOpen = (sign: string) => sign === '<' || sign === '>';
  return {
    kind: 'interval',
    open: isOpen(afterLow) ? '(' : '[',
    close: isOpen(beforeHigh) ? ')' : ']',
    items: [low, high],
  };
}

/** Letters that are a product where the other answer is mathematics: `xy` for `x \cdot y`. */
const isBareWord = (answer: Answer): answer is Answer & { kind: 'words' } =>
  answer.kind === 'words' && /^[A-Za-z]{2,4}$/.test(answer.text);

const asQuantity = ({ text }: { text: string }): Answer => ({
  kind: 'quantity',
  value: text,
  unit: null,
  isPercent: false,
});

/** Words in one spelling; empty for what is none. Case matters for single symbols only. */
function wordsOf(answer: Answer): string {
  const text = answer.kind === 'words' ? answer.text : answer.kind === 'quantity' ? written(answer) : '';
  const plain = text.replace(/[\s~]+/g, ' ').replace(/^["'\s]+|["'.\s]+$/g, '');
  return plain.length > 1 ? plain.toLowerCase() : plain;
}

const written = ({ value, unit, isPercent }: Quantity) => (unit === null && !isPercent ? value : '');
