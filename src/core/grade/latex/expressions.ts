import { ComputeEngine, type Expression } from '@cortex-js/compute-engine';
import { functionNames } from './clean';
import type { Relation, Verdict } from './compare';
import { type Complex, complexValue } from './complexValue';
import { replaceCommand } from './text';

/**
 * Compares expressions by their values: with 60 digits, at seeded points where they have variables. The engine reads the
 * LaTeX and works real values out; it is not asked for equality itself (`isEqual` is undefined for polynomials and
 * identities), nor for complex values (0.27.0 loses the imaginary part of `1 + 2ix`).
 */
export function compareExpressions(a: string, b: string, relation: Relation): Verdict {
  const names = new Map<string, string>();
  const [first, second] = [parse(a, names), parse(b, names)];
  if (first === null || second === null) return 'unknown';
  const isComplex = hasImaginary(first) || hasImaginary(second);
  const variables = [...names.values()];
  const isWhole = /!|\\binom/.test(a + b);
  const pairs: Pair[] = [];
  for (let index = 0; index < maxPoints && pairs.length < (variables.length > 0 ? enoughPoints : 1); index++) {
    const point = Object.fromEntries(variables.map((name, place) => [name, coordinate(index, place, isWhole)]));
    const pair = isComplex ? complexPair(first, second, point) : realPair(first, second, point);
    if (pair) pairs.push(pair);
    if (variables.length === 0) break;
    if (pair && relation === 'equal' && !pair.isEqual) return 'different';
  }
  if (pairs.length < (variables.length > 0 ? fewestPoints : 1)) return 'unknown';
  return verdict(pairs, relation);
}

const maxPoints = 14;
const enoughPoints = 6;
const fewestPoints = 3;
const digits = 60;
/** Relative differences below these are rounding: of values with 60 digits, and of doubles. */
const tolerance = { real: 1e-48, complex: 1e-10 };

/** Two values at one point. */
interface Pair {
  isEqual: boolean;
  /** a / b; null where b is zero */
  ratio: number | null;
  isZero: boolean;
  distance: number;
}

function verdict(pairs: readonly Pair[], relation: Relation): Verdict {
  if (relation === 'equal') return pairs.every(({ isEqual }) => isEqual) ? 'same' : 'different';
  if (typeof relation === 'object') {
    return pairs.every(({ distance }) => distance <= 10 ** -relation.places) ? 'same' : 'different';
  }
  if (pairs.some(({ isZero }) => isZero)) return 'different';
  const ratios = pairs.map(({ ratio }) => ratio ?? Number.NaN);
  const [factor = Number.NaN] = ratios;
  const isMultiple = ratios.every((ratio) => Math.abs(ratio - factor) <= 1e-12 * Math.abs(factor));
  return isMultiple && (relation === 'multiple' || factor > 0) ? 'same' : 'different';
}

let shared: ComputeEngine | undefined;

function engine(): ComputeEngine {
  if (shared) return shared;
  shared = new ComputeEngine();
  shared.precision = digits;
  shared.tolerance = 0; // or it takes 1e-20 for nothing
  return shared;
}

/** MathJSON of LaTeX; null if the engine would have to guess, or would be at it for long. */
function parse(latex: string, names: Map<string, string>): unknown {
  try {
    const { json } = engine().parse(withNames(withFactorials(latex), names), { canonical: false });
    return isAllowed(json, new Set(names.values())) ? json : null;
  } catch {
    return null;
  }
}

/** The engine does not know `\binom`. */
const withFactorials = (latex: string) =>
  replaceCommand(latex, ['binom'], 2, (n, k) => `\\frac{(${n})!}{(${k})!((${n})-(${k}))!}`);

const greek =
  'alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|vartheta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega';
const symbol = new RegExp(
  `(\\\\log\\s*_\\{\\w+\\})|\\\\(?:sum|prod)_\\{[^{}]*\\}|((?:\\\\(?:${greek})(?![A-Za-z])|(?<!\\\\[A-Za-z]*)[A-Za-z])(?:\\s*_\\s*\\{\\w+\\})?'*)`,
  'g',
);

/** Symbols by names of their own: the engine takes some letters for constants or functions, and subscripts for indices. */
function withNames(latex: string, names: Map<string, string>): string {
  if (/\\(?:sum|prod)/.test(latex)) return latex;
  return latex.replace(symbol, (whole, _log: string | undefined, name: string | undefined) => {
    if (name === undefined || name === 'i' || name === 'e') return whole;
    const key = name.replace(/\s+/g, '');
    const own = names.get(key) ?? `v${String.fromCharCode(97 + (names.size % 26))}${'a'.repeat(Math.floor(names.size / 26))}`;
    names.set(key, own);
    return `\\mathrm{${own}}`;
  });
}

const operators = new Set(
  `Add Subtract Negate Multiply InvisibleOperator Divide Rational Power Sqrt Root Delimiter Abs Floor Ceil Factorial Sin Cos Tan
  Cot Sec Csc Arcsin Arccos Arctan Sinh Cosh Tanh Ln Log Lb Exp Max Min GCD Mod Degrees Sum Product Tuple Apply
  InverseFunction Sequence`.split(/\s+/),
);
const constants = new Set(['Pi', 'ExponentialE', 'ImaginaryUnit', 'e', 'i', 'k', 'n', 'j', 'Nothing', 'Exp', ...[...functionNames].map(capital)]);
const largestExponent = 5_000;
const mostTerms = 2_000;

function capital(name: string): string {
  return `${name[0]?.toUpperCase()}${name.slice(1)}`;
}

/** Known operators and symbols only, and nothing that would grow beyond reason. */
function isAllowed(json: unknown, names: ReadonlySet<string>): boolean {
  if (typeof json === 'number') return Number.isFinite(json);
  if (typeof json === 'string') return names.has(json) || constants.has(json);
  if (!Array.isArray(json)) return typeof json === 'object' && json !== null && 'num' in json;
  const [operator, ...operands] = json as [unknown, ...unknown[]];
  if (typeof operator !== 'string' || !operators.has(operator)) return false;
  if (operator === 'Sum' || operator === 'Product') return isShortSum(operands);
  if (operator === 'Tuple' || operator === 'Sequence') return false;
  if (operator === 'Power' && magnitude(operands[1]) > largestExponent) return false;
  if (operator === 'Factorial' && magnitude(operands[0]) > 500) return false;
  return operands.every((operand) => isAllowed(operand, names));
}

/** Rough size of a number that is written in digits; 0 where there are variables. */
function magnitude(json: unknown): number {
  if (typeof json === 'number') return Math.abs(json);
  if (!Array.isArray(json)) return typeof json === 'object' && json !== null ? Number.POSITIVE_INFINITY : 0;
  const [operator, ...operands] = json as [string, ...unknown[]];
  const sizes = operands.map(magnitude);
  if (operator === 'Power') return (sizes[0] ?? 0) ** Math.max(1, sizes[1] ?? 0);
  if (operator === 'Factorial') return (sizes[0] ?? 0) ** (sizes[0] ?? 0);
  if (operator === 'Divide') return sizes[0] ?? 0;
  return operator === 'Add' ? sizes.reduce((a, b) => a + b, 0) : sizes.reduce((a, b) => Math.max(a, 1) * Math.max(b, 1), 1);
}

function isShortSum([term, range]: unknown[]): boolean {
  if (!Array.isArray(range) || range[0] !== 'Tuple') return false;
  const [, index, from, to] = range as unknown[];
  if (typeof index !== 'string' || typeof from !== 'number' || typeof to !== 'number') return false;
  return Math.abs(to - from) <= mostTerms && isAllowed(term, new Set([index]));
}

function hasImaginary(json: unknown): boolean {
  if (json === 'i' || json === 'ImaginaryUnit') return true;
  return Array.isArray(json) && json.some((part) => hasImaginary(part));
}

/** Coordinates without meaning, below and above zero, below and above one. */
function coordinate(point: number, place: number, isWhole: boolean): number {
  if (isWhole) return 3 + ((point * 7 + place * 5) % 11) + (place === 0 ? 8 : 0);
  const spread = ((point + 1) * 0.754877666 + (place + 1) * 0.569840291) % 1;
  const value = Math.round((0.17 + spread * 2.9) * 1e6) / 1e6;
  return point % 3 === 2 ? -value : value;
}

type Point = Record<string, number>;

function realPair(a: unknown, b: unknown, point: Point): Pair | null {
  const [x, y] = [realValue(a, point), realValue(b, point)];
  return x === null || y === null ? null : pairOf(x, y);
}

function realValue(json: unknown, point: Point): Decimal | null {
  try {
    const expression = engine().box(withPlainLogarithms(json) as Expression['json']);
    return decimalOf(expression.subs(point).N().json);
  } catch {
    return null; // the engine throws for what has no value, such as factorials of fractions
  }
}

/** The engine's logarithms to a base have 20 digits; natural ones have all. */
function withPlainLogarithms(json: unknown): unknown {
  if (!Array.isArray(json)) return json;
  const [operator, ...operands] = json.map(withPlainLogarithms) as [unknown, ...unknown[]];
  if (operator === 'Lb') return ['Divide', ['Ln', operands[0]], ['Ln', 2]];
  if (operator === 'Log') return ['Divide', ['Ln', operands[0]], ['Ln', operands[1] ?? 10]];
  const [base, root] = operands;
  if (operator === 'Root' && typeof root === 'number' && root % 2 === 1) {
    // the real root of a negative number
    return ['Multiply', ['Sign', base], ['Root', ['Abs', base], root]];
  }
  return [operator, ...operands];
}

/** value = units · 10^exponent */
interface Decimal {
  units: bigint;
  exponent: number;
}

function decimalOf(json: unknown): Decimal | null {
  const text =
    typeof json === 'number' ? String(json) : typeof json === 'object' && json !== null && 'num' in json ? String(json.num) : '';
  if (Array.isArray(json) && json[0] === 'Rational') return quotient(decimalOf(json[1]), decimalOf(json[2]));
  const [, sign = '', whole = '', part = '', power = '0'] =
    /^([-+]?)(\d+)(?:\.(\d+))?(?:e([-+]?\d+))?$/i.exec(text.replace(/[nd]$/, '')) ?? [];
  if (whole === '' || Math.abs(Number(power)) > 5_000) return null;
  return { units: BigInt(`${sign === '-' ? '-' : ''}${whole}${part}`), exponent: Number(power) - part.length };
}

function quotient(a: Decimal | null, b: Decimal | null): Decimal | null {
  if (!a || !b || b.units === 0n) return null;
  return { units: (a.units * 10n ** 80n) / b.units, exponent: a.exponent - b.exponent - 80 };
}

function pairOf(a: Decimal, b: Decimal): Pair {
  const exponent = Math.min(a.exponent, b.exponent);
  const scaled = ({ units, exponent: own }: Decimal) => units * 10n ** BigInt(own - exponent);
  const [x, y] = [scaled(a), scaled(b)];
  const size = absolute(x) > absolute(y) ? absolute(x) : absolute(y);
  const difference = absolute(x - y);
  const relative = size === 0n ? 0 : quotientOf(difference, size);
  // A difference of large numbers that should be nothing is not: sin²x + cos²x − 1
  const isBothNothing = exponent < 0 && quotientOf(size, 10n ** BigInt(-exponent)) < tolerance.real && exponent > -120;
  return {
    isEqual: relative <= tolerance.real || (isBothNothing && hasNoise(a) !== hasNoise(b)),
    ratio: y === 0n ? null : quotientOf(x, y),
    isZero: x === 0n || y === 0n,
    distance: exponent < 0 ? quotientOf(difference, 10n ** BigInt(-exponent)) : Number(difference) * 10 ** exponent,
  };
}

/** Zero on one side, the last of 60 digits on the other. */
const hasNoise = ({ units }: Decimal) => units !== 0n;

const absolute = (value: bigint) => (value < 0n ? -value : value);

/** a / b as a number, when both are beyond what a number holds. */
function quotientOf(a: bigint, b: bigint): number {
  const shift = 10n ** 100n;
  return Number((a * shift) / b) / 1e100;
}

function complexPair(a: unknown, b: unknown, point: Point): Pair | null {
  const [x, y] = [complexValue(a, point), complexValue(b, point)];
  if (x === null || y === null) return null;
  const size = Math.max(length(x), length(y));
  const distance = Math.hypot(x.re - y.re, x.im - y.im);
  const isReal = Math.abs(x.im * y.re - x.re * y.im) <= 1e-12 * size * size;
  return {
    isEqual: size === 0 || distance <= tolerance.complex * Math.max(size, 1e-3),
    ratio: length(y) === 0 || !isReal ? null : (x.re * y.re + x.im * y.im) / length(y) ** 2,
    isZero: length(x) === 0 || length(y) === 0,
    distance,
  };
}

const length = ({ re, im }: Complex) => Math.hypot(re, im);
