/** A quantity: a number and what it counts. */
export interface Quantity {
  value: string;
  /** The unit in one spelling; null if there is none. */
  unit: string | null;
  isPercent: boolean;
}

/** Units that are written without `\text{…}` behind a number. */
const aliases = new Map(
  Object.entries({
    m: 'meter meters metre metres',
    cm: 'centimeter centimeters centimetre centimetres',
    mm: 'millimeter millimeters millimetre millimetres',
    km: 'kilometer kilometers kilometre kilometres',
    in: 'inch inches',
    ft: 'foot feet',
    yd: 'yard yards',
    mi: 'mile miles',
    g: 'gram grams',
    kg: 'kilogram kilograms',
    mg: 'milligram milligrams',
    lb: 'lbs pound pounds',
    oz: 'ounce ounces',
    l: 'liter liters litre litres',
    ml: 'milliliter milliliters',
    s: 'sec secs second seconds',
    min: 'mins minute minutes',
    h: 'hr hrs hour hours',
    day: 'days',
    week: 'weeks',
    month: 'months',
    year: 'years',
    degree: 'degrees deg',
    radian: 'radians rad',
    dollar: 'dollars usd',
    cent: 'cents',
    euro: 'euros eur',
    mph: '',
    am: '',
    pm: '',
    kph: '',
    n: 'newton newtons',
    j: 'joule joules',
    w: 'watt watts',
    hz: 'hertz',
    k: 'kelvin',
    percent: 'percents',
    '': 'unit units',
  }).flatMap(([name, others]) => [name, ...others.split(' ')].map((alias) => [alias, name] as const)),
);

const word = '[A-Za-zµΩ]+';
const trailing = new RegExp(
  `^(.*?[\\d})!°\\]a-zA-Z|])\\s*(?:\\\\text\\{([^{}]*)\\}(?:\\^\\{?(-?\\d)\\}?)?(\\s*\\/\\s*(?:\\\\text\\{[^{}]*\\}|${word})(?:\\^\\{?\\d\\}?)?)?)$`,
);
const bare = new RegExp(
  `^(.*?[\\d}])\\s*((?:square |cubic |sq\\.? )?${word}(?:\\s*\\/\\s*${word})?)(?:\\^\\{?(\\d)\\}?)?$`,
);

/** Takes unit, percent sign and currency off an answer; what is no quantity comes back as it is. */
export function readQuantity(text: string): Quantity {
  const currency = /^(-?)\s*(\\?\$|€|£)\s*(?=[\d.\\(])/.exec(text);
  if (currency) {
    const unit = currency[2]?.endsWith('$') ? 'dollar' : currency[2] === '€' ? 'euro' : 'lb sterling';
    const { value } = readQuantity(text.slice(currency[0].length)); // without "per hour"
    return { value: `${currency[1]}${value}`, unit, isPercent: false };
  }
  const behind = /^(.*\d)\s*(?:\\text\{\s*)?([€£])\s*\}?$/.exec(text);
  if (behind?.[1] !== undefined)
    return { value: behind[1], unit: behind[2] === '€' ? 'euro' : 'lb sterling', isPercent: false };
  const modulus = /^(.*\S)\s*\\pmod\s*\{(\w+)\}$/.exec(text);
  if (modulus?.[1] !== undefined) return { value: modulus[1], unit: `mod ${modulus[2]}`, isPercent: false };
  const percent =
    /^(.*?\S)\s*\\?%$/.exec(text)?.[1] ?? /^(.*\S)\s*(?:\\text\{\s*percent\s*\}|percent)$/.exec(text)?.[1];
  if (percent !== undefined) return { value: percent.trim(), unit: null, isPercent: true };
  const degrees = /^(.*[\d}])\s*\^\{\\circ\}\s*(?:\\text\{\s*([CFK])\s*\}|([CFK]))?$/.exec(text);
  if (degrees?.[1] !== undefined && isAmount(degrees[1]) && !/\\(?:sin|cos|tan|cot|sec|csc)/.test(degrees[1])) {
    const scale = degrees[2] ?? degrees[3];
    return { value: degrees[1], unit: scale ? `degree ${scale}` : 'degree', isPercent: false };
  }
  const inText = trailing.exec(text);
  if (inText?.[1] !== undefined && /[a-zµΩ]/i.test(inText[2] ?? '') && isAmount(inText[1])) {
    return { value: inText[1], unit: unitName(inText[2] ?? '', inText[3], inText[4]), isPercent: false };
  }
  const inWords = bare.exec(text);
  if (inWords?.[1] !== undefined && isAmount(inWords[1]) && isUnit(inWords[2] ?? '')) {
    return { value: inWords[1], unit: unitName(inWords[2] ?? '', inWords[3], undefined), isPercent: false };
  }
  return { value: text, unit: null, isPercent: false };
}

/** Nothing in words. */
const isAmount = (text: string) => !/\\text|(?<!\\[A-Za-z]*)[A-Za-z]{2}/.test(text) && !/[,;=<>&]\s/.test(text);

/** A word of three letters is no product of variables; of shorter ones only the known are units. */
const isUnit = (text: string) =>
  text
    .split(/[\s/]+/)
    .every((part) => part.length > 2 || (aliases.has(part.toLowerCase()) && part.length > 1) || text.includes('/'));

function unitName(text: string, power: string | undefined, per: string | undefined): string | null {
  const words = text
    .trim()
    .replace(/\.$/, '')
    .replace(/\bper\b/g, '/')
    .split(/\s*(\/)\s*|\s+/)
    .filter(Boolean);
  let exponent = power ?? '';
  const names = words.flatMap((part) => {
    if (/^(square|sq\.?)$/i.test(part)) exponent = '2';
    else if (/^cubic$/i.test(part)) exponent = '3';
    else return [singular(part)];
    return [];
  });
  const below = per?.replace(/\\text|[{}/\s]/g, '').replace(/^([A-Za-z]+)/, (name) => singular(name));
  const name = [`${names.join(' ').replaceAll(' / ', '/')}${exponent}`, ...(below ? [below] : [])].join('/');
  return name === '' ? null : name;
}

function singular(part: string): string {
  const lower = part.toLowerCase();
  return aliases.get(lower) ?? lower.replace(/(?<=[a-z]{2})s$/, '');
}
