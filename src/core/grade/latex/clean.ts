import { closingBrace, replaceCommand } from './text';

const characters = new Map<string, string>([
  ['½', '\\frac{1}{2}'],
  ['⅓', '\\frac{1}{3}'],
  ['⅔', '\\frac{2}{3}'],
  ['¼', '\\frac{1}{4}'],
  ['¾', '\\frac{3}{4}'],
  ['²', '^{2}'],
  ['³', '^{3}'],
  ['π', '\\pi '],
  ['θ', '\\theta '],
  ['∞', '\\infty '],
  ['×', '\\times '],
  ['·', '\\cdot '],
  ['⋅', '\\cdot '],
  ['∗', '*'],
  ['÷', '/'],
  ['−', '-'],
  ['–', '-'],
  ['±', '\\pm '],
  ['≤', '\\le '],
  ['≥', '\\ge '],
  ['≠', '\\ne '],
  ['°', '^{\\circ}'],
  ['∅', '\\emptyset '],
  ['∪', '\\cup '],
  ['∩', '\\cap '],
  ['∈', '\\in '],
  ['“', '"'],
  ['”', '"'],
  ['’', "'"],
]);

/** Commands that say the same, by the name that is kept. */
const sameCommands: [RegExp, string][] = [
  [/\\[dtc]frac(?![A-Za-z])/g, '\\frac'],
  [/\\[dt]binom(?![A-Za-z])/g, '\\binom'],
  [/\\(?:left|right|[bB]ig[lrm]?|[bB]igg[lrm]?)(?![A-Za-z])\s*\.?/g, ''],
  [/\\(?:displaystyle|textstyle|limits|nolimits)(?![A-Za-z])/g, ''],
  [/\\(?:geqslant|geq)(?![A-Za-z])/g, '\\ge'],
  [/\\(?:leqslant|leq)(?![A-Za-z])/g, '\\le'],
  [/\\neq(?![A-Za-z])/g, '\\ne'],
  [/\\gt(?![A-Za-z])/g, '>'],
  [/\\lt(?![A-Za-z])/g, '<'],
  [/\\lbrace(?![A-Za-z])/g, '\\{'],
  [/\\rbrace(?![A-Za-z])/g, '\\}'],
  [/\\(?:lbrack)(?![A-Za-z])/g, '['],
  [/\\(?:rbrack)(?![A-Za-z])/g, ']'],
  [/\\langle(?![A-Za-z])/g, '('],
  [/\\rangle(?![A-Za-z])/g, ')'],
  [/\\[lr]?vert(?![A-Za-z])/g, '|'],
  [/\\(?:varnothing|O)(?![A-Za-z])/g, '\\emptyset'],
  [/\\(?:degree)(?![A-Za-z])/g, '^{\\circ}'],
  [/\^\s*\\circ(?![A-Za-z])/g, '^{\\circ}'],
  [/\\ast(?![A-Za-z])/g, '*'],
  [/\\(?:euro)(?![A-Za-z])/g, '€'],
  [/\\(?:hspace|phantom|vspace)\*?\{[^{}]*\}/g, ' '],
  [/(?<=\d)(?:\\[,;:! ]|\{,\}\\?!?|,\\!)\s*(?=\d{3}(?!\d))/g, ','], // a thousands separator, whichever way it is set
  [/\\[,;:]|\\ |~|\\(?:quad|qquad|thinspace|enspace)(?![A-Za-z])/g, ' '],
  [/\\!|\{\}/g, ''],
];

const wordCommands = [
  'text',
  'textrm',
  'textbf',
  'textit',
  'textsf',
  'texttt',
  'textnormal',
  'mbox',
  'mathrm',
  'operatorname',
];
const fontCommands = [
  'mathbf',
  'boldsymbol',
  'bm',
  'mathit',
  'mathsf',
  'mathnormal',
  'boxed',
  'fbox',
  'overrightarrow',
  'vec',
];

/** One spelling for what LaTeX can write in several: still LaTeX, meant for comparing and not for printing. */
export function cleanLatex(source: string): string {
  let text = [...source]
    .map((symbol) => characters.get(symbol) ?? symbol)
    .join('')
    .normalize('NFKC');
  text = text.replace(/√\s*(\d+|[A-Za-z])/g, '\\sqrt{$1}').replace(/√\s*\(([^()]*)\)/g, '\\sqrt{$1}');
  text = text.replaceAll('\\\\', rowEnd); // or `\\\\ ` would be read as a space behind a backslash
  text = withoutWrappers(infix(text));
  for (const [pattern, kept] of sameCommands) text = text.replace(pattern, kept);
  text = replaceCommand(text, fontCommands, 1, (inner) => (/^\w$/.test(inner.trim()) ? inner : `{${inner}}`));
  // behind a number a letter may be a unit; the space keeps it one
  text = text.replace(/([\d})]\s*)\\(text|textrm|mbox|mathrm)\s*\{([mgshlLNJWVKCF])\}/g, '$1\\$2{ $3}');
  // A letter or a function in upright type is that letter or function; words stay words.
  text = replaceCommand(text, wordCommands, 1, (inner) =>
    functionNames.has(inner.trim())
      ? `\\${inner.trim()} `
      : /^(?:[A-Za-z]|[-\d.,/]+)$/.test(inner)
        ? inner
        : `\\text{${unwrapped(inner)}}`,
  );
  text = withBraces(text);
  return withoutWrappers(text.replace(/\s+/g, ' ')).replaceAll(rowEnd, '\\\\');
}

/** Stands for the end of a row while commands are replaced. */
const rowEnd = '\u0001';

/** `{a \over b}` and `{n \choose k}`. */
const infix = (text: string) =>
  text
    .replace(/\{([^{}]*)\\over(?![A-Za-z])([^{}]*)\}/g, '\\frac{$1}{$2}')
    .replace(/\{([^{}]*)\\choose(?![A-Za-z])([^{}]*)\}/g, '\\binom{$1}{$2}');

/** Words without commands and braces of their own: `m/s^{2}` is m/s2 in every spelling. */
const unwrapped = (inner: string) => inner.replace(/\\text\{([^{}]*)\}/g, '$1').replace(/\^\s*\{?(-?\d)\}?/g, '$1');

export const functionNames = new Set(
  'sin cos tan cot sec csc arcsin arccos arctan sinh cosh tanh ln log exp max min gcd'.split(' '),
);

/** Dollars around mathematics, one pair of braces or a `\text{…}` around everything, a full stop behind it. */
function withoutWrappers(source: string): string {
  let text = source.trim();
  for (let before = ''; before !== text; ) {
    before = text;
    text = text.replace(/(?<=[^.])\.$/, '').trim();
    text = /^\$\$([^$]*)\$\$$/.exec(text)?.[1] ?? /^\$((?:[^$\\]|\\.)*)\$$/.exec(text)?.[1] ?? text;
    text = /^\\\(([\s\S]*)\\\)$/.exec(text)?.[1] ?? /^\\\[([\s\S]*)\\\]$/.exec(text)?.[1] ?? text;
    const command = /^(?:\\(?:text|boxed|mbox))?\{/.exec(text)?.[0];
    if (command && closingBrace(text, command.length - 1) === text.length - 1) text = text.slice(command.length, -1);
    text = text.trim();
  }
  return text;
}

/** `\frac12`, `\sqrt3`, `x^12`, `{a \over b}` with the braces that they mean. */
function withBraces(source: string): string {
  const group = '(\\{(?:[^{}]|\\{[^{}]*\\})*\\})';
  let text = source;
  for (let before = ''; before !== text; ) {
    before = text;
    text = text
      .replace(/\\(frac|binom)\s*([0-9A-Za-z])\s*/g, '\\$1{$2}')
      .replace(new RegExp(`\\\\(frac|binom)\\s*${group}\\s*([0-9A-Za-z])`, 'g'), '\\$1$2{$3}');
  }
  return text
    .replace(/\\sqrt\s*([0-9A-Za-z])/g, '\\sqrt{$1}')
    .replace(/\\sqrt\s*(\[[^[\]]*\])\s*([0-9A-Za-z])/g, '\\sqrt$1{$2}')
    .replace(/\\pmod\s*([0-9A-Za-z]+)/g, '\\pmod{$1}')
    .replace(/\^\s*(\d+)/g, '^{$1}')
    .replace(/\^\s*([A-Za-z])/g, '^{$1}')
    .replace(/_\s*(\d+|[A-Za-z])/g, '_{$1}')
    .replace(/_\{\\text\{(\w+)\}\}/g, '_{$1}')
    .replace(/\}\s+(?=[{^_])/g, '}');
}
