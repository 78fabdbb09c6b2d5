import { Decimal as DefaultDecimal } from 'decimal.js';

/** Real numbers with 60 digits: two expressions that differ far behind what a double holds are told apart. */
const Decimal = DefaultDecimal.clone({ precision: 60 });
export type Real = DefaultDecimal;

const pi = Decimal.acos(-1);
const constants = new Map<string, Real>([
  ['Pi', pi],
  ['e', Decimal.exp(1)],
  ['ExponentialE', Decimal.exp(1)],
]);

/** No number of an answer needs more; `10^{10^{10}}` would take all the time there is. */
const largestExponent = 10_000;
const largestFactorial = 500;
const mostTerms = 2_000;

/** Value of MathJSON; null for what is not known here, or has no real value. */
export function realValue(json: unknown, point: Readonly<Record<string, number>>): Real | null {
  if (typeof json === 'number') return new Decimal(json);
  if (typeof json === 'string') {
    const own = point[json];
    return own === undefined ? (constants.get(json) ?? null) : new Decimal(own);
  }
  if (!Array.isArray(json)) return numberOf(json);
  const [operator, ...operands] = json as [string, ...unknown[]];
  if (operator === 'Sum' || operator === 'Product') return series(operator, operands, point);
  const apply = operator === 'Apply' ? inverses.get(JSON.stringify(operands[0])) : operations.get(operator);
  const values = (operator === 'Apply' ? operands.slice(1) : operands).map((operand) => realValue(operand, point));
  if (!apply || !values.every((value) => value !== null)) return null;
  const value = apply(values);
  return value?.isFinite() && Math.abs(value.e) <= largestExponent ? value : null;
}

/** `{"num": "0.1(3)"}`: digits in brackets repeat. */
function numberOf(json: unknown): Real | null {
  if (typeof json !== 'object' || json === null || !('num' in json)) return null;
  const text = String(json.num);
  return /^[-+]?\d+(?:\.\d+)?(?:e[-+]?\d{1,4})?$/i.test(text) ? new Decimal(text) : null;
}

function series(
  operator: 'Sum' | 'Product',
  [term, range]: unknown[],
  point: Readonly<Record<string, number>>,
): Real | null {
  const [, index, from, to] = (range ?? []) as unknown[];
  if (typeof index !== 'string' || typeof from !== 'number' || typeof to !== 'number' || to - from > mostTerms)
    return null;
  let total: Real | null = new Decimal(operator === 'Sum' ? 0 : 1);
  for (let at = from; at <= to && total !== null; at++) {
    const value = realValue(term, { ...point, [index]: at });
    total = value && (operator === 'Sum' ? total.plus(value) : total.times(value));
  }
  return total;
}

type Apply = (values: Real[]) => Real | null;
const of =
  (apply: (value: Real) => Real | null): Apply =>
  ([value]) =>
    value ? apply(value) : null;

function power(base: Real, exponent: Real): Real | null {
  if (base.isZero()) return exponent.gt(0) ? base : null;
  if (
    exponent
      .times(Math.abs(base.e) + 1)
      .abs()
      .gt(largestExponent)
  )
    return null;
  return base.pow(exponent);
}

function root(base: Real, degree: Real): Real | null {
  if (!degree.isInteger() || degree.lte(0) || degree.gt(1_000)) return null;
  const size = base.abs().pow(new Decimal(1).div(degree));
  if (base.gte(0)) return size;
  return degree.mod(2).eq(1) ? size.neg() : null;
}

function factorial(value: Real): Real | null {
  if (!value.isInteger() || value.lt(0) || value.gt(largestFactorial)) return null;
  let total = new Decimal(1);
  for (let factor = 2; factor <= value.toNumber(); factor++) total = total.times(factor);
  return total;
}

const ln = of((a) => (a.gt(0) ? a.ln() : null));
const quotient = (a: Real | null, b: Real | null): Real | null => (a && b && !b.isZero() ? a.div(b) : null);
/** Sines and tangents of more than a thousand turns mean nothing in an answer, and take long. */
const turned = (apply: (angle: Real) => Real | null) => of((a) => (a.abs().lt(10_000) ? apply(a) : null));

const operations = new Map<string, Apply>([
  ['Add', (values) => values.reduce((a, b) => a.plus(b))],
  ['Subtract', ([a, b]) => (a && b ? a.minus(b) : null)],
  ['Negate', of((a) => a.neg())],
  ['Multiply', (values) => values.reduce((a, b) => a.times(b))],
  ['InvisibleOperator', (values) => values.reduce((a, b) => a.times(b))],
  ['Delimiter', of((a) => a)],
  ['Divide', ([a, b]) => quotient(a ?? null, b ?? null)],
  ['Rational', ([a, b]) => quotient(a ?? null, b ?? null)],
  ['Power', ([a, b]) => (a && b ? power(a, b) : null)],
  ['Sqrt', of((a) => (a.lt(0) ? null : a.sqrt()))],
  ['Root', ([a, b]) => (a && b ? root(a, b) : null)],
  ['Abs', of((a) => a.abs())],
  ['Floor', of((a) => a.floor())],
  ['Ceil', of((a) => a.ceil())],
  ['Factorial', of(factorial)],
  ['Exp', of((a) => (a.abs().lt(largestExponent) ? a.exp() : null))],
  ['Ln', ln],
  ['Lb', of((a) => quotient(ln([a]), ln([new Decimal(2)])))],
  ['Log', ([a, b]) => (a ? quotient(ln([a]), ln([b ?? new Decimal(10)])) : null)],
  ['Sin', turned((a) => a.sin())],
  ['Cos', turned((a) => a.cos())],
  ['Tan', turned((a) => quotient(a.sin(), a.cos()))],
  ['Cot', turned((a) => quotient(a.cos(), a.sin()))],
  ['Sec', turned((a) => quotient(new Decimal(1), a.cos()))],
  ['Csc', turned((a) => quotient(new Decimal(1), a.sin()))],
  ['Arcsin', of((a) => (a.abs().gt(1) ? null : a.asin()))],
  ['Arccos', of((a) => (a.abs().gt(1) ? null : a.acos()))],
  ['Arctan', of((a) => a.atan())],
  ['Sinh', of((a) => (a.abs().lt(100) ? a.sinh() : null))],
  ['Cosh', of((a) => (a.abs().lt(100) ? a.cosh() : null))],
  ['Tanh', of((a) => (a.abs().lt(100) ? a.tanh() : null))],
  ['Degrees', of((a) => a.times(pi).div(180))],
  ['Max', (values) => Decimal.max(...values)],
  ['Min', (values) => Decimal.min(...values)],
  ['Mod', ([a, b]) => (a && b && !b.isZero() ? a.minus(b.times(a.div(b).floor())) : null)],
]);

/** `\sin^{-1}` */
const inverses = new Map(
  ['Sin', 'Cos', 'Tan'].flatMap((name) => {
    const inverse = operations.get(`Arc${name.toLowerCase()}`);
    return inverse ? [[JSON.stringify(['InverseFunction', name]), inverse] as const] : [];
  }),
);
