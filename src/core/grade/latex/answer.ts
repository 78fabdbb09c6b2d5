import { cleanLatex, functionNames } from './clean';
import { closingBracket, splitOutside } from './text';
import { type Quantity, readQuantity } from './unit';

/** What an answer is, in structure: the leaves are quantities and words. */
export type Answer =
  | ({ kind: 'quantity' } & Quantity)
  | { kind: 'words'; text: string }
  | { kind: 'list' | 'tuple' | 'set' | 'union' | 'ratio' | 'either'; items: Answer[] }
  | { kind: 'interval'; open: string; close: string; items: [Answer, Answer] }
  | { kind: 'matrix'; isDeterminant: boolean; rows: Answer[][] }
  | { kind: 'relation'; signs: string[]; sides: Answer[]; latex: string[] };

const maxDepth = 12;

/** Reads an answer as a model or a reference wrote it. Whatever has no structure is a quantity or words. */
export function readAnswer(source: string): Answer {
  return structureOf(cleanLatex(source), 0);
}

function structureOf(source: string, depth: number): Answer {
  const text = source.trim();
  if (depth > maxDepth) return { kind: 'words', text };
  const inner = (part: string) => structureOf(part, depth + 1);
  return (
    words(text) ??
    matrix(text, inner) ??
    list(text, inner) ??
    relation(text, inner) ??
    either(text, inner) ??
    union(text, inner) ??
    bracketed(text, inner) ??
    ratio(text, inner) ?? { kind: 'quantity', ...readQuantity(text) }
  );
}

type Read = (part: string) => Answer;

/** Numbers in another base, letters only, sentences. */
function words(text: string): Answer | null {
  const plain = text.replace(/\\text\{([^{}]*)\}/g, '$1').trim();
  if (/^[0-9A-Z]+_\{\d+\}$/.test(plain) && /\d/.test(plain[0] ?? '')) return { kind: 'words', text: plain };
  const isWords =
    /^["']?\p{L}{2,}(?:['-]\p{L}+)*["']?$/u.test(plain) ||
    /\p{L}{2,}[\s,]+(?:.*\s)?\p{L}{2,}/u.test(withoutCommands(plain));
  const isLabelled = /[=<>]|\\(?:le|ge|in|pm|cup|begin)(?![A-Za-z])|^[-\d.\\$([{]/.test(plain);
  const isInText = /^\\text\{[^{}]*\}$/.test(text) && !/^[-\d.,/]+$/.test(plain);
  return (isWords && !isLabelled) || isInText ? { kind: 'words', text: plain } : null;
}

const withoutCommands = (text: string) => text.replace(/\\[A-Za-z]+/g, ' ');

function matrix(text: string, inner: Read): Answer | null {
  const found = /^[([|]?\s*\\begin\{([a-zA-Z]*matrix|array)\}(?:\{[clr|\s]*\})?([\s\S]*)\\end\{\1\}\s*[)\]|]?$/.exec(
    text,
  );
  if (!found || /\\begin/.test(found[2] ?? '')) return null;
  const rows = (found[2] ?? '').split('\\\\').map((row) => row.trim());
  if (rows.at(-1) === '') rows.pop();
  const isDeterminant = found[1] === 'vmatrix' || text.startsWith('|');
  return { kind: 'matrix', isDeterminant, rows: rows.map((row) => row.split('&').map(inner)) };
}

const thousands = /^[-+]?\s*(?:\\?\$|€|£)?\s*\d{1,3}(?:,\d{3})+(?:\.\d+)?(?!.*,\d)/;
const separators =
  /\s*(?:,(?:\s*(?:\\text\{\s*(?:and|or)\s*\}|and |or ))?|;|\\text\{\s*(?:,\s*)?(?:and|or)\s*\}|(?<=\s)(?:and|or)(?=\s))\s*/;

function list(text: string, inner: Read): Answer | null {
  if (thousands.test(text)) return null;
  const parts = splitOutside(text, separators);
  return parts.length > 1 ? { kind: 'list', items: parts.map(inner) } : null;
}

function relation(text: string, inner: Read): Answer | null {
  const pattern = /=|<|>|\\(?:le|ge|ne|in|equiv|approx|to|sim)(?![A-Za-z])/;
  const latex = splitOutside(text, pattern).map((side) => side.trim());
  if (latex.length < 2) return null;
  if (latex.length === 2 && latex[0] === '' && /^(?:=|\\approx)/.test(text)) return inner(latex[1] ?? '');
  const signs = [...text.matchAll(new RegExp(pattern, 'g'))].map(([sign]) => sign).slice(0, latex.length - 1);
  return { kind: 'relation', signs, latex, sides: latex.map(inner) };
}

/** `\pm` means two answers. */
function either(text: string, inner: Read): Answer | null {
  if (!/\\(?:pm|mp)(?![A-Za-z])/.test(text)) return null;
  const written = (plus: string, minus: string) =>
    text.replace(/\\pm(?![A-Za-z])/g, plus).replace(/\\mp(?![A-Za-z])/g, minus);
  return { kind: 'either', items: [inner(written('+', '-')), inner(written('-', '+'))] };
}

function union(text: string, inner: Read): Answer | null {
  const parts = splitOutside(text, /\\cup(?![A-Za-z])/);
  return parts.length > 1 ? { kind: 'union', items: parts.map(inner) } : null;
}

function bracketed(text: string, inner: Read): Answer | null {
  if (text === '\\emptyset') return { kind: 'set', items: [] };
  const open = /^(?:\\\{|[([\]])/.exec(text)?.[0];
  const close = /(?:\\\}|[)\][])$/.exec(text)?.[0];
  if (!open || !close || text.length < open.length + close.length) return null;
  if (open !== ']' && close !== '[' && closingBracket(text, 0) !== text.length - 1) {
    return null;
  }
  const content = text.slice(open.length, text.length - close.length).trim();
  const condition = setBuilder.exec(content)?.[1];
  if (open === '\\{' && close === '\\}' && condition !== undefined) return inner(condition);
  const isSet = open === '\\{' && close === '\\}';
  const parts = splitOutside(content, /\s*[,;]\s*/);
  if (isSet) return { kind: 'set', items: content === '' ? [] : parts.map(inner) };
  if (open === '\\{' || close === '\\}' || parts.some((part) => part === '')) return null;
  const [first, second, ...more] = parts;
  if (first === undefined) return null;
  if (second === undefined) return open === '(' && close === ')' ? inner(first) : bracketedLetter(first, inner);
  if (more.length === 0) return { kind: 'interval', open, close, items: [inner(first), inner(second)] };
  return open === '(' || open === '[' ? { kind: 'tuple', items: parts.map(inner) } : null;
}

/** `\{x \mid x > 2\}` is said by its condition. */
const setBuilder = /^[A-Za-z](?:\s*\\in\s*\\mathbb\s*\{?R\}?)?\s*(?:\||:|\\mid(?![A-Za-z]))\s*([^|:]+)$/;

/** `[B]` is the choice B; `[5]` is not 5. */
const bracketedLetter = (text: string, inner: Read) => (/^[A-Z]$/.test(text) ? inner(text) : null);

function ratio(text: string, inner: Read): Answer | null {
  const parts = splitOutside(text, /\s*:\s*/);
  return parts.length > 1 && !parts.includes('') ? { kind: 'ratio', items: parts.map(inner) } : null;
}

/** Whether it is mathematics that the engine can be asked about: no words, no commands that it would have to guess. */
export function isExpression(text: string): boolean {
  if (text === '' || text.length > 500 || /[\d.]\s+[\d.]|[^\x20-\x7e]|[#&~"'?@`;$%]|\\[^A-Za-z]/.test(text))
    return false;
  return [...text.matchAll(/\\([A-Za-z]+)/g)].every(
    ([, name = '']) => expressionCommands.has(name) || functionNames.has(name),
  );
}

const expressionCommands = new Set(
  `frac sqrt binom pi cdot times div circ lfloor rfloor lceil rceil overline sum prod bmod mod
  alpha beta gamma delta epsilon varepsilon zeta eta theta vartheta iota kappa lambda mu nu xi rho sigma tau phi varphi
  chi psi omega Gamma Delta Theta Lambda Xi Sigma Phi Psi Omega`.split(/\s+/),
);
