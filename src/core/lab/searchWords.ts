import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { outcomeSchema } from '../evaluate/outcome';
import { spanSchema } from '../traces/trace';
import type { SearchQuery } from './searchTraces';

/** What can stand before a colon in a search, and what it wants behind it. */
const filters = {
  in: z.enum(['question', 'thinking', 'answer']),
  origin: spanSchema.shape.origin,
  fate: spanSchema.shape.fate,
  outcome: outcomeSchema,
  label: z.string().min(1),
  condition: z.string().min(1),
  tokens: z.string().regex(/^([<>]\d{1,9}|\d{1,9}(-\d{1,9})?)$/),
};
type Filter = keyof typeof filters;

/** Names of the filters, for who is asked. */
export const searchFilters = Object.keys(filters);

/**
 * A search as it is typed in one line: words, with filters such as `in:thinking outcome:wrong tokens:>500 label:slip` before
 * or behind them; `/…/` is a regular expression. What looks like a filter and has no such name is searched for. Filters alone
 * find the traces, by their questions.
 * @throws SecondThoughtError `bad-usage` for a filter with a wrong value, or without words
 */
export function parseSearch(line: string): SearchQuery {
  const query: Partial<SearchQuery> = {};
  let rest = line.trim();
  for (const pattern of [/^([a-z]+):(\S+)(?:\s+|$)/, /(?:^|\s+)([a-z]+):(\S+)$/]) {
    for (let match = pattern.exec(rest); match && isFilter(match[1]); match = pattern.exec(rest)) {
      Object.assign(query, wish(match[1], match[2] ?? ''));
      rest = rest.replace(match[0], '').trim();
    }
  }
  const expression = /^\/(.+)\/$/.exec(rest)?.[1];
  const words = expression ?? rest;
  if (words === '' && Object.keys(query).length === 0) {
    throw new SecondThoughtError('bad-usage', 'There is nothing to search for.', { remedy: 'Type a word.' });
  }
  if (words === '') return { phase: 'question', ...query, pattern: '\\S[^\\n]*', isRegExp: true }; // the traces themselves
  return { ...query, pattern: words, isRegExp: expression !== undefined };
}

const isFilter = (name: string | undefined): name is Filter => name !== undefined && name in filters;

function wish(name: Filter, value: string): Partial<SearchQuery> {
  const parsed = filters[name].safeParse(value);
  if (!parsed.success) {
    const choices =
      name in choicesOf ? choicesOf[name as keyof typeof choicesOf].join(', ') : 'such as >500 or 100-200';
    throw new SecondThoughtError('bad-usage', `"${name}:${value}" is no filter.`, { remedy: `${name}: ${choices}.` });
  }
  if (name === 'tokens') return tokenRange(value);
  if (name === 'in') return { phase: filters.in.parse(value) };
  return { [name === 'condition' ? 'conditionKey' : name]: parsed.data };
}

const choicesOf = {
  in: filters.in.options,
  origin: filters.origin.options,
  fate: filters.fate.options,
  outcome: filters.outcome.options,
};

function tokenRange(value: string): Partial<SearchQuery> {
  if (value.startsWith('>')) return { minThinkingTokens: Number(value.slice(1)) + 1 };
  if (value.startsWith('<')) return { maxThinkingTokens: Number(value.slice(1)) - 1 };
  const [from = '', to = from] = value.split('-');
  return { minThinkingTokens: Number(from), maxThinkingTokens: Number(to) };
}
