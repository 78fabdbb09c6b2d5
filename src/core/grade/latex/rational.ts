import { bitsOf, divide, type Rational, rational } from './exactNumber';

/** An exact number that was written with digits and arithmetic only. */
export interface ExactValue extends Rational {
  /** Significant digits behind which a plain decimal stops; null for all that is not one. */
  digits: number | null;
  /** Digits after the decimal point. */
  places: number;
}

/** Numbers of more bits than this are not worked out: an answer could ask for as many as it likes. */
const maxBits = 20_000;
const maxLength = 2_000;

/**
 * Value of LaTeX that is made of digits: integers with thousands separators, decimals (repeating ones too), fractions,
 * mixed numbers, powers, factorials, binomials, sums and products of them. Null for everything else.
 */
export function exactValue(source: string): ExactValue | null {
  if (source.length > maxLength) return null;
  const scientific = /^([-+]?\d+(?:\.\d+)?)E([-+]?\d{1,4})$/.exec(source.trim());
  if (scientific) return exactValue(`${scientific[1]}\\cdot 10^{${scientific[2]}}`);
  const text = source.replace(/(?<![\d.,])\d{1,3}(?:,\d{3})+(?![\d,])/g, (number) => number.replaceAll(',', ''));
  try {
    const reader = new Reader(text);
    const value = reader.sum();
    if (!reader.isAtEnd) return null;
    const plain = /^[-+]?\s*(\d*)\.(\d+)$/.exec(text.trim());
    const digits = plain ? `${plain[1]}${plain[2]}`.replace(/^0+/, '').length : null;
    return { ...value, digits, places: plain?.[2]?.length ?? 0 };
  } catch (error) {
    if (error instanceof NotExact) return null;
    throw error;
  }
}

class NotExact extends Error {}

class Reader {
  #rest: string;
  #depth = 0;

  constructor(text: string) {
    this.#rest = text.trimStart();
  }

  get isAtEnd(): boolean {
    return this.#rest === '';
  }

  sum(): Rational {
    if (++this.#depth > 40) throw new NotExact();
    let total = this.#product();
    for (;;) {
      if (this.#take(/^\+/)) total = add(total, this.#product());
      else if (this.#take(/^-/)) total = add(total, negate(this.#product()));
      else break;
    }
    this.#depth--;
    return total;
  }

  #product(): Rational {
    let value = this.#signed();
    for (;;) {
      if (this.#take(/^(?:\\cdot(?![A-Za-z])|\\times(?![A-Za-z])|\*)/)) value = times(value, this.#signed());
      else if (this.#take(/^(?:\/|\\div(?![A-Za-z]))/)) value = over(value, this.#signed());
      else if (/^[({]|^\\(?:frac|binom)/.test(this.#rest)) value = times(value, this.#power());
      else return value;
    }
  }

  #signed(): Rational {
    if (this.#take(/^-/)) return negate(this.#signed());
    if (this.#take(/^\+/)) return this.#signed();
    return this.#power();
  }

  #power(): Rational {
    const base = this.#postfix();
    if (!this.#take(/^\^/)) return base;
    const exponent = this.#rest.startsWith('{') ? this.#group() : this.#postfix();
    if (exponent.d !== 1n || bitsOf(exponent.n) > 20) throw new NotExact();
    const times = exponent.n < 0n ? -exponent.n : exponent.n;
    if (Number(times) * Math.max(bitsOf(base.n), bitsOf(base.d)) > maxBits) throw new NotExact();
    if (base.n === 0n && exponent.n <= 0n) throw new NotExact();
    const power = { n: base.n ** times, d: base.d ** times };
    return exponent.n < 0n ? over({ n: 1n, d: 1n }, power) : power;
  }

  #postfix(): Rational {
    let value = this.#atom();
    while (this.#take(/^!/)) value = factorial(value);
    return value;
  }

  #atom(): Rational {
    const repeating = this.#take(/^\d*\.\d*\\overline\{\d+\}/);
    if (repeating !== null) return decimalRepeating(repeating);
    const number = this.#take(/^(?:\d+(?:\.\d+)?|\.\d+)/);
    if (number !== null) return this.#number(number);
    if (this.#rest.startsWith('{')) return this.#group();
    if (this.#take(/^\(/)) return this.#until(/^\)/);
    if (this.#take(/^\|/)) return absolute(this.#until(/^\|/));
    if (this.#take(/^\\frac/)) return over(this.#group(), this.#group());
    if (this.#take(/^\\binom/)) return binomial(this.#group(), this.#group());
    if (this.#take(/^\\lfloor/)) return { n: floor(this.#until(/^\\rfloor/)), d: 1n };
    if (this.#take(/^\\lceil/)) return { n: -floor(negate(this.#until(/^\\rceil/))), d: 1n };
    throw new NotExact();
  }

  #number(text: string): Rational {
    const value = decimal(text);
    if (text.includes('.') || !/^\\frac\{\d+\}\{\d+\}/.test(this.#rest)) return value;
    const part = this.#atom(); // a mixed number
    return part.n < part.d ? add(value, part) : times(value, part);
  }

  #group(): Rational {
    if (!this.#take(/^\{/)) throw new NotExact();
    return this.#until(/^\}/);
  }

  #until(end: RegExp): Rational {
    const value = this.sum();
    if (!this.#take(end)) throw new NotExact();
    return value;
  }

  #take(pattern: RegExp): string | null {
    const found = pattern.exec(this.#rest)?.[0];
    if (found === undefined) return null;
    const rest = this.#rest.slice(found.length);
    // `4 2` are two numbers, and no product
    if (/\d$/.test(found) && /^\s+[\d.]/.test(rest)) throw new NotExact();
    this.#rest = rest.trimStart();
    return found;
  }
}

const decimal = (text: string): Rational => {
  const [whole = '', part = ''] = text.split('.');
  return rational(BigInt(`${whole}${part}`), 10n ** BigInt(part.length));
};

/** `0.1\overline{6}` */
function decimalRepeating(text: string): Rational {
  const [start = '', period = ''] = text.replace('}', '').split('\\overline{');
  const places = BigInt(start.split('.')[1]?.length ?? 0);
  return add(decimal(start), rational(BigInt(period), (10n ** BigInt(period.length) - 1n) * 10n ** places));
}

const bounded = (value: Rational): Rational => {
  if (Math.max(bitsOf(value.n), bitsOf(value.d)) > maxBits) throw new NotExact();
  return value;
};
const absolute = ({ n, d }: Rational): Rational => ({ n: n < 0n ? -n : n, d });
const negate = ({ n, d }: Rational): Rational => ({ n: -n, d });
const add = (a: Rational, b: Rational) => bounded(rational(a.n * b.d + b.n * a.d, a.d * b.d));
const times = (a: Rational, b: Rational) => bounded(rational(a.n * b.n, a.d * b.d));

function over(a: Rational, b: Rational): Rational {
  const value = divide(a, b);
  if (value === null) throw new NotExact();
  return bounded(value);
}

function floor({ n, d }: Rational): bigint {
  const whole = n / d;
  return n % d !== 0n && n < 0n ? whole - 1n : whole;
}

function factorial({ n, d }: Rational): Rational {
  if (d !== 1n || n < 0n || n > 1_000n) throw new NotExact();
  let value = 1n;
  for (let factor = 2n; factor <= n; factor++) value *= factor;
  return { n: value, d: 1n };
}

function binomial(top: Rational, bottom: Rational): Rational {
  if (top.d !== 1n || bottom.d !== 1n || bottom.n < 0n || top.n < bottom.n || top.n > 10_000n) throw new NotExact();
  let value = 1n;
  for (let index = 1n; index <= bottom.n && index <= 1_000n; index++)
    value = (value * (top.n - bottom.n + index)) / index;
  if (bottom.n > 1_000n) throw new NotExact();
  return { n: value, d: 1n };
}
