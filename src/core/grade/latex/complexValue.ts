export interface Complex {
  re: number;
  im: number;
}

const constants = new Map<string, Complex>([
  ['i', { re: 0, im: 1 }],
  ['ImaginaryUnit', { re: 0, im: 1 }],
  ['e', { re: Math.E, im: 0 }],
  ['ExponentialE', { re: Math.E, im: 0 }],
  ['Pi', { re: Math.PI, im: 0 }],
]);

/** Value of MathJSON in double precision, principal branches; null for what is not known here or has no value. */
export function complexValue(json: unknown, point: Readonly<Record<string, number>>): Complex | null {
  if (typeof json === 'number') return { re: json, im: 0 };
  if (typeof json === 'string') {
    const own = point[json];
    return own === undefined ? (constants.get(json) ?? null) : { re: own, im: 0 };
  }
  if (!Array.isArray(json)) return numberOf(json);
  const [operator, ...operands] = json as [string, ...unknown[]];
  const values = operands.map((operand) => complexValue(operand, point));
  if (!values.every((value) => value !== null)) return null;
  const value = operations.get(operator)?.(values);
  return value && Number.isFinite(value.re) && Number.isFinite(value.im) ? value : null;
}

function numberOf(json: unknown): Complex | null {
  if (typeof json !== 'object' || json === null || !('num' in json)) return null;
  const value = Number(json.num);
  return Number.isFinite(value) ? { re: value, im: 0 } : null;
}

const zero: Complex = { re: 0, im: 0 };
const one: Complex = { re: 1, im: 0 };

const add = (a: Complex, b: Complex): Complex => ({ re: a.re + b.re, im: a.im + b.im });
const negate = (a: Complex): Complex => ({ re: 0 - a.re, im: 0 - a.im });
const times = (a: Complex, b: Complex): Complex => ({ re: a.re * b.re - a.im * b.im, im: a.re * b.im + a.im * b.re });

function over(a: Complex, b: Complex): Complex {
  const size = b.re ** 2 + b.im ** 2;
  const { re, im } = times(a, { re: b.re, im: -b.im });
  return { re: re / size, im: im / size };
}

const exp = ({ re, im }: Complex): Complex => ({ re: Math.exp(re) * Math.cos(im), im: Math.exp(re) * Math.sin(im) });
const ln = ({ re, im }: Complex): Complex => ({ re: Math.log(Math.hypot(re, im)), im: Math.atan2(im, re) });

function power(a: Complex, b: Complex): Complex {
  if (a.re === 0 && a.im === 0) return b.re > 0 ? zero : { re: Number.NaN, im: 0 };
  if (b.im !== 0 || !Number.isInteger(b.re) || Math.abs(b.re) > 1_000) return exp(times(b, ln(a)));
  let value = one;
  for (let count = 0; count < Math.abs(b.re); count++) value = times(value, a);
  return b.re < 0 ? over(one, value) : value;
}

const cos = ({ re, im }: Complex): Complex => ({ re: Math.cos(re) * Math.cosh(im), im: -Math.sin(re) * Math.sinh(im) });
const sin = ({ re, im }: Complex): Complex => ({ re: Math.sin(re) * Math.cosh(im), im: Math.cos(re) * Math.sinh(im) });

const operations = new Map<string, (values: Complex[]) => Complex | undefined>([
  ['Add', (values) => values.reduce(add, zero)],
  ['Negate', ([a = zero]) => negate(a)],
  ['Subtract', ([a = zero, b = zero]) => add(a, negate(b))],
  ['Multiply', (values) => values.reduce(times, one)],
  ['InvisibleOperator', (values) => values.reduce(times, one)],
  ['Delimiter', ([a]) => a],
  ['Divide', ([a = zero, b = one]) => over(a, b)],
  ['Rational', ([a = zero, b = one]) => over(a, b)],
  ['Power', ([a = zero, b = zero]) => power(a, b)],
  ['Sqrt', ([a = zero]) => power(a, { re: 0.5, im: 0 })],
  ['Root', ([a = zero, b = one]) => power(a, over(one, b))],
  ['Abs', ([a = zero]) => ({ re: Math.hypot(a.re, a.im), im: 0 })],
  ['Exp', ([a = zero]) => exp(a)],
  ['Ln', ([a = zero]) => ln(a)],
  ['Sin', ([a = zero]) => sin(a)],
  ['Cos', ([a = zero]) => cos(a)],
  ['Tan', ([a = zero]) => over(sin(a), cos(a))],
  ['Degrees', ([a = zero]) => times(a, { re: Math.PI / 180, im: 0 })],
]);
