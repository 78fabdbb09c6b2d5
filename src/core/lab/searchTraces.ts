import { open } from 'node:fs/promises';
import * as z from 'zod';
import { SecondThoughtError } from '../base/errors';
import { gradeTrace, type Outcome, outcomeSchema } from '../evaluate/outcome';
import { removedForks } from '../traces/removedForks';
import { type Span, spanSchema, type Trace, thinkingTokens, traceSchema } from '../traces/trace';
import { labelledTraces } from './notes';
import { recordsWith, searchIndex } from './searchIndex';

export interface SearchQuery {
  /** Text, or the source of a regular expression. */
  pattern: string;
  isRegExp: boolean;
  /** Without: as the pattern is written, a pattern in lower case finds both. */
  matchCase?: boolean;
  phase?: 'question' | 'thinking' | 'answer';
  origin?: Span['origin'];
  fate?: Span['fate'];
  outcome?: Outcome;
  conditionKey?: string;
  minThinkingTokens?: number;
  maxThinkingTokens?: number;
  /** Only traces with a note of this label. */
  label?: string;
}

export const searchHitSchema = z.object({
  traceId: z.string(),
  question: z.string(),
  outcome: outcomeSchema.nullable(),
  conditionKey: z.string(),
  thinkingTokens: z.int().nonnegative(),
  phase: z.enum(['question', 'thinking', 'answer']),
  origin: spanSchema.shape.origin,
  fate: spanSchema.shape.fate,
  /** The match and what stands around it, on one line. */
  before: z.string(),
  match: z.string(),
  after: z.string(),
  /** Characters before it in the text of its phase, with which a viewer finds it. */
  at: z.int().nonnegative(),
});
export type SearchHit = z.infer<typeof searchHitSchema>;

const around = 60;
/** One trace that says a word ten thousand times is one finding. */
const mostPerTrace = 100;

/**
 * Looks through the finished traces of a run, in the order in which they were made, hit by hit.
 * @throws SecondThoughtError `bad-usage` for a bad regular expression
 */
export async function* searchTraces(runFolder: string, query: SearchQuery): AsyncIterable<SearchHit> {
  const expression = expressionOf(query);
  const literal = query.isRegExp ? longestLiteral(query.pattern) : query.pattern;
  const removed = await removedForks(runFolder);
  const labelled = query.label === undefined ? undefined : await labelledTraces(runFolder, query.label);
  for await (const { traces, words } of searchIndex(runFolder)) {
    const file = await open(traces, 'r');
    try {
      for (const { start, length } of recordsWith(words, literal)) {
        const { buffer } = await file.read(Buffer.alloc(length), 0, length, start);
        const trace = traceOf(buffer);
        if (!trace || removed.has(trace.id) || labelled?.has(trace.id) === false) continue;
        if (isWanted(trace, query)) yield* hitsIn(trace, expression, query);
      }
    } finally {
      await file.close();
    }
  }
}

function traceOf(line: Buffer): Trace | undefined {
  try {
    return traceSchema.safeParse(JSON.parse(line.toString())).data;
  } catch {
    return undefined; // the file was changed behind the index
  }
}

function isWanted(trace: Trace, query: SearchQuery): boolean {
  const tokens = thinkingTokens(trace);
  if (query.conditionKey !== undefined && trace.conditionKey !== query.conditionKey) return false;
  if (query.outcome !== undefined && gradeTrace(trace).outcome !== query.outcome) return false;
  return tokens >= (query.minThinkingTokens ?? 0) && tokens <= (query.maxThinkingTokens ?? Number.POSITIVE_INFINITY);
}

/** Texts that belong together: a match may begin in a forced cue and go on in what the model wrote behind it. */
interface Segment {
  phase: SearchHit['phase'];
  fate: Span['fate'];
  spans: Pick<Span, 'origin' | 'text'>[];
}

function segmentsOf({ problem, spans }: Trace): Segment[] {
  const kept = (phase: 'thinking' | 'answer'): Segment => ({
    phase,
    fate: 'kept',
    spans: spans.filter((span) => span.phase === phase && span.fate === 'kept' && !span.delimiter),
  });
  const lost = spans.flatMap((span): Segment[] =>
    span.phase === 'prompt' || span.fate === 'kept' ? [] : [{ phase: span.phase, fate: span.fate, spans: [span] }],
  );
  const question: Segment = { phase: 'question', fate: 'kept', spans: [{ origin: 'user', text: problem.question }] };
  return [question, kept('thinking'), kept('answer'), ...lost];
}

function* hitsIn(trace: Trace, expression: RegExp, query: SearchQuery): Iterable<SearchHit> {
  let found = 0;
  for (const { phase, fate, spans } of segmentsOf(trace)) {
    if (phase !== (query.phase ?? phase) || fate !== (query.fate ?? fate)) continue;
    const text = spans.map((span) => span.text).join('');
    for (const match of text.matchAll(expression)) {
      if (match[0] === '') continue;
      const origin = originAt(spans, match.index);
      if (origin !== (query.origin ?? origin)) continue;
      const end = match.index + match[0].length;
      yield {
        traceId: trace.id,
        question: trace.problem.question,
        outcome: gradeTrace(trace).outcome,
        conditionKey: trace.conditionKey,
        thinkingTokens: thinkingTokens(trace),
        phase,
        origin,
        fate,
        before: oneLine(text.slice(Math.max(0, match.index - around), match.index)),
        match: oneLine(match[0]),
        after: oneLine(text.slice(end, end + around)),
        at: match.index,
      };
      if (++found === mostPerTrace) return;
    }
  }
}

function originAt(spans: Segment['spans'], at: number): Span['origin'] {
  let end = 0;
  const span = spans.find(({ text }) => {
    end += text.length;
    return at < end;
  });
  return span?.origin ?? 'model';
}

const oneLine = (text: string) => text.replace(/\s+/g, ' ');

function expressionOf({ pattern, isRegExp, matchCase }: SearchQuery): RegExp {
  const source = isRegExp ? pattern : pattern.replace(/[.*+?^${}()|[\]\\]/g, '\\$&');
  const isExact = matchCase ?? /\p{Lu}/u.test(isRegExp ? pattern.replace(/\\./g, '') : pattern);
  if (pattern === '') throw new SecondThoughtError('bad-usage', 'There is nothing to search for: the text is empty.');
  try {
    return new RegExp(source, isExact ? 'gu' : 'giu');
  } catch (error) {
    const reason = error instanceof Error ? error.message.replace(/^Invalid regular expression: /, '') : '';
    throw new SecondThoughtError('bad-usage', `This is no regular expression: ${reason}.`, {
      remedy: 'Leave --regex out to search for the text as it stands.',
    });
  }
}

/** A text that every match of an expression must hold; empty where that cannot be told at sight. */
export function longestLiteral(source: string): string {
  if (/[|()]/.test(source.replace(/\\./g, ''))) return '';
  return source
    .replace(/\\.|\[[^\]]*\]/g, '\0')
    .replace(/.([?*]|\{[^}]*\})/g, '\0')
    .split(/[\0+.^$]/)
    .reduce((longest, part) => (part.length > longest.length ? part : longest), '');
}
