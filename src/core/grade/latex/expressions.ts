import { ComputeEngine } from '@cortex-js/compute-engine';
import type { Relation, Verdict } from './compare';
import { complexValue } from './complexValue';
import { type Real, realValue } from './realValue';
import { closingBracket, replaceCommand } from './text';

/**
 * Compares expressions by their values: with 60 digits, at points without meaning where they have variables.
 *
 * The compute engine reads the LaTeX. It is not asked for equality (`isEqual` is undefined for polynomials and identities),
 * nor for values (0.27.0 loses the imaginary part of `1 + 2ix`, and adds with doubles at any precision): see
 * docs/decisions/.
 */
export function compareExpressions(a: string, b: string, relation: Relation): Verdict {
  const names = new Map<string, string>();
  const [first, second] = [parse(a, names), parse(b, names)];
  if (first === null || second === null) return 'unknown';
  const variables = [...names.values()];
  const isComplex = hasImaginary(first) || hasImaginary(second);
  const isWhole = /!|\\binom/.test(a + b);
  const pairs: Pair[] = [];
  const enough = variables.length > 0 ? enoughPoints : 1;
  for (let index = 0; index < (variables.length > 0 ? mostPoints : 1) && pairs.length < enough; index++) {
    const point = Object.fromEntries(variables.map((name, place) => [name, coordinate(index, place, isWhole)]));
    const pair = isComplex ? complexPair(first, second, point) : realPair(first, second, point);
    if (pair) pairs.push(pair);
  }
  const fewest = variables.length > 0 ? fewestPoints : 1;
  return pairs.length < fewest ? 'unknown' : verdict(pairs, relation);
}

const mostPoints = 14;
const enoughPoints = 6;
const fewestPoints = 3;
/** Differences below these are rounding: of values with 60 digits, and of doubles. */
const tolerance = { real: '1e-48', complex: 1e-10 };

/** Two values at one point. */
interface Pair {
  isEqual: boolean;
  /** a / b; NaN where b is zero */
  ratio: number;
  distance: number;
}

function verdict(pairs: readonly Pair[], relation: Relation): Verdict {
  const isSame = (holds: boolean): Verdict => (holds ? 'same' : 'different');
  if (relation === 'equal') return isSame(pairs.every(({ isEqual }) => isEqual));
  if (typeof relation === 'object') return isSame(pairs.every(({ distance }) => distance <= 10 ** -relation.places));
  const [factor = Number.NaN] = pairs.map(({ ratio }) => ratio);
  const isMultiple = factor !== 0 && pairs.every(({ ratio }) => Math.abs(ratio - factor) <= 1e-13 * Math.abs(factor));
  return isSame(isMultiple && (relation === 'multiple' || factor > 0));
}

let engine: ComputeEngine | undefined;

/** MathJSON of LaTeX; null if the engine does not understand all of it. */
function parse(latex: string, names: Map<string, string>): unknown {
  engine ??= new ComputeEngine();
  try {
    const parsed = engine.parse(withNames(withPowers(withFactorials(latex)), names), { canonical: false });
    return JSON.stringify(parsed.json).includes('"Error"') ? null : parsed.json;
  } catch {
    return null;
  }
}

/** The engine does not know `\binom`. */
const withFactorials = (latex: string) =>
  replaceCommand(latex, ['binom'], 2, (n, k) => `\\frac{(${n})!}{(${k})!((${n})-(${k}))!}`);

/** It reads `\exp(x)` as a product. */
function withPowers(latex: string): string {
  const at = latex.search(/\\exp(?![A-Za-z])/);
  if (at === -1) return latex;
  const rest = latex.slice(at + 4).trimStart();
  const end = /^[({]/.test(rest) ? closingBracket(rest, 0) : -1;
  return end === -1 ? latex : withPowers(`${latex.slice(0, at)}e^{${rest.slice(1, end)}}${rest.slice(end + 1)}`);
}

const greek =
  'alpha|beta|gamma|delta|epsilon|varepsilon|zeta|eta|theta|vartheta|iota|kappa|lambda|mu|nu|xi|rho|sigma|tau|phi|varphi|chi|psi|omega|Gamma|Delta|Theta|Lambda|Xi|Sigma|Phi|Psi|Omega';
const symbol = new RegExp(
  `((?:\\\\(?:${greek})(?![A-Za-z])|(?<!\\\\[A-Za-z]*)[A-Za-z])(?:\\s*_\\s*\\{\\w+\\})?'*)`,
  'g',
);

/** Symbols by names of their own: the engine takes some letters for functions, and subscripts for indices. */
function withNames(latex: string, names: Map<string, string>): string {
  if (/\\(?:sum|prod)(?![A-Za-z])/.test(latex)) return latex;
  return latex.replace(symbol, (name) => {
    if (name === 'i' || name === 'e') return name;
    const key = name.replace(/\s+/g, '');
    const own = names.get(key) ?? `v${String(names.size).replace(/\d/g, (digit) => 'abcdefghij'[Number(digit)] ?? '')}`;
    names.set(key, own);
    return `\\mathrm{${own}}`;
  });
}

function hasImaginary(json: unknown): boolean {
  if (json === 'i' || json === 'ImaginaryUnit') return true;
  return Array.isArray(json) && json.some(hasImaginary);
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
  if (x === null || y === null) return null;
  const distance = x.minus(y).abs();
  return {
    isEqual: distance.lte(sizeOf(x, y).times(tolerance.real)),
    ratio: y.isZero() ? Number.NaN : x.div(y).toNumber(),
    distance: distance.toNumber(),
  };
}

/** What a difference is relative to. Where one side is nothing, and the other a last digit, it is one: sin²x + cos²x − 1. */
function sizeOf(x: Real, y: Real): Real {
  const size = x.abs().gt(y.abs()) ? x.abs() : y.abs();
  return (x.isZero() || y.isZero()) && size.e < -55 && size.sd() < 8 ? size.plus(1) : size;
}

function complexPair(a: unknown, b: unknown, point: Point): Pair | null {
  const [x, y] = [complexValue(a, point), complexValue(b, point)];
  if (x === null || y === null) return null;
  const length = ({ re, im }: typeof x) => Math.hypot(re, im);
  const size = Math.max(length(x), length(y));
  const distance = Math.hypot(x.re - y.re, x.im - y.im);
  const isAlongside = Math.abs(x.im * y.re - x.re * y.im) <= 1e-12 * size * size;
  return {
    isEqual: distance <= tolerance.complex * Math.max(size, 1e-3),
    ratio: length(y) === 0 || !isAlongside ? Number.NaN : (x.re * y.re + x.im * y.im) / length(y) ** 2,
    distance,
  };
}
