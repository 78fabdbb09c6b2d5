import { toMarkdown } from '../../core/base/untrustedText';
import { gradeTrace, type Outcome } from '../../core/evaluate/outcome';
import { answerText, cuesUsed, type Span, type Trace, thinkingTokens } from '../../core/traces/trace';
import type { Waiting } from '../liveTraces';
import { interruptionOf, statusOf } from '../traceViewer/toWire';

/** Lines of a running trace that are shown below its status. */
const tailLines = 10;
const tailCharacters = 2_000;
/** Characters of a finished thought that are shown from its beginning and from its end. */
const shownCharacters = 2_000;

const marks: Record<Outcome, string> = {
  correct: '✓ Correct',
  wrong: '✗ Wrong',
  truncated: '… Truncated',
  'no-answer': '– No answer',
  ungraded: 'Answer',
  error: 'Error',
};

/** One line for labels and screen readers: what it is doing, or what came out. Untrusted text may be in it. */
export function inlineHeadline(trace: Trace, waiting?: Waiting): string {
  const tokens = thinkingTokens(trace).toLocaleString('en');
  if (trace.status === 'running') {
    const limit = trace.budget.maxThinkingTokens.toLocaleString('en');
    return `${statusOf(trace, waiting)} ${tokens} of ${limit} thinking tokens`;
  }
  if (trace.status === 'interrupted') return statusOf(trace, undefined);
  const { outcome, extracted } = gradeTrace(trace);
  const expected = outcome === 'wrong' ? `, expected ${trace.problem.answer}` : '';
  return `${marks[outcome ?? 'ungraded']}: ${extracted ?? 'none'}${expected} · ${tokens} thinking tokens`;
}

/** The body of an inline trace as Markdown with HTML. Everything that is not ours goes through `toMarkdown`. */
export function inlineBody(trace: Trace, options: { waiting?: Waiting | undefined; hasHeadline: boolean }): string {
  const headline = options.hasHeadline ? `**${toMarkdown(inlineHeadline(trace, options.waiting))}**` : '';
  const facts = [headline, cues(trace), trace.status === 'complete' ? statusOf(trace, undefined) : ''];
  const rest = trace.status === 'running' ? [liveTail(trace)] : finalParts(trace);
  return [facts.filter(Boolean).join(' · '), ...rest].filter(Boolean).join('\n\n');
}

/** A trace that another one goes on from, in a line: its text is part of what came after. */
export function inlineSummary(trace: Trace): string {
  return `**${toMarkdown(inlineHeadline(trace))}**`;
}

/** No `<details>`: each update rebuilds the body, which would close it under the reader. */
function liveTail(trace: Trace): string {
  const text = shown(trace)
    .map((span) => span.text)
    .join('')
    .slice(-tailCharacters);
  const tail = text.trimEnd().split('\n').slice(-tailLines).join('\n');
  return tail.trim() === '' ? '' : toMarkdown(tail);
}

function finalParts(trace: Trace): string[] {
  const reason = interruptionOf(trace);
  const answer = answerText(trace).trim();
  return [
    reason ? toMarkdown(reason) : '',
    `<details><summary>Thinking</summary>\n\n${thinkingMarkdown(trace)}\n\n</details>`,
    answer ? toMarkdown(shortened(answer)) : '',
  ];
}

function cues(trace: Trace): string {
  const count = cuesUsed(trace);
  return count === 0 ? '' : `${count} forced ${count === 1 ? 'cue' : 'cues'}`;
}

const shown = (trace: Trace) =>
  trace.spans.filter((span) => span.phase !== 'prompt' && span.fate === 'kept' && !span.delimiter);

/** Kept thinking; what was forced stands apart, in bold and in brackets. The middle of a long thought is left out. */
function thinkingMarkdown(trace: Trace): string {
  const spans = shown(trace).filter((span) => span.phase === 'thinking');
  const length = spans.reduce((sum, span) => sum + span.text.length, 0);
  if (length <= 2 * shownCharacters) return joined(spans) || '*nothing*';
  const head = takeText(spans, shownCharacters);
  const tail = takeText(spans.toReversed(), shownCharacters, 'end').toReversed();
  const left = `*… ${(length - 2 * shownCharacters).toLocaleString('en')} characters: open the trace viewer …*`;
  return `${joined(head)}\n\n${left}\n\n${joined(tail)}`;
}

function takeText(spans: Span[], limit: number, from: 'start' | 'end' = 'start'): Span[] {
  let room = limit;
  return spans.flatMap((span) => {
    if (room <= 0) return [];
    const text = from === 'start' ? span.text.slice(0, room) : span.text.slice(-room);
    room -= text.length;
    return [{ ...span, text }];
  });
}

/** The newline after a marker is not worth a line. */
function joined(spans: Span[]): string {
  return spans.map((span, at) => spanMarkdown(at === 0 ? { ...span, text: span.text.trimStart() } : span)).join('');
}

function spanMarkdown(span: Span): string {
  if (span.origin === 'forced-cue') return `**⟦forced: ${toMarkdown(span.text.trim() || '↵')}⟧**`;
  return toMarkdown(span.text);
}

const shortened = (text: string) => (text.length > shownCharacters ? `${text.slice(0, shownCharacters)}…` : text);
