import { gradeTrace } from '../evaluate/outcome';
import {
  answerTokens,
  cuesUsed,
  describeTrace,
  type Fork,
  generatedTokens,
  type Pass,
  receivedIdsOf,
  type Span,
  type ThinkingEndedBy,
  type Trace,
  thinkingTokens,
} from './trace';
import { escapeModelLine, headingLine, markedLines, visible } from './traceTextLines';

/**
 * A trace as lines for reading and for `diff`. What the model wrote and kept stands as it is; every other line is ours and
 * begins with a mark (`traceTextLines.ts` has the rule). Nothing in it changes from run to run but what the run decided:
 * no times, ids, ports or addresses.
 */
export function traceToText(trace: Trace): string {
  return `${textLines(trace)
    .map(({ text }) => text)
    .join('\n')}\n`;
}

/** Where something stands: so many characters into the text of a span, by its number. */
type Place = { span: number; characters: number };

/**
 * The place in a trace that a place in its text form stands for; undefined where the line says something about the trace
 * and is not of it. A mark is one thing: its place is behind it.
 */
export function placeInText(trace: Trace, line: number, column: number): Place | undefined {
  const { text = '', source } = textLines(trace)[line] ?? {};
  if (!source) return undefined;
  if (source.kind === 'mark') {
    return { span: source.span, characters: trace.spans[source.span]?.text.length ?? 0 };
  }
  // What is shown of a harmful character is longer than it, and an escaped line begins with a backslash.
  let left = column - (text.length - visible(source.line).length);
  let characters = 0;
  for (const character of source.line) {
    left -= visible(character).length;
    if (left < 0) break;
    characters += character.length;
  }
  return placeInStretch(trace, source.spans, source.from + characters);
}

/** So many characters into the joined texts of spans; on their seam it is the end of the first. */
function placeInStretch(trace: Trace, spans: readonly number[], characters: number): Place | undefined {
  let left = characters;
  for (const span of spans) {
    const { length } = trace.spans[span]?.text ?? '';
    if (left <= length) return { span, characters: left };
    left -= length;
  }
  return undefined;
}

interface TextLine {
  text: string;
  /** Of a line that is part of the trace: a mark of a span, or a line of the model's words in neighbouring spans. */
  source?: { kind: 'mark'; span: number } | { kind: 'model'; spans: readonly number[]; from: number; line: string };
}

function textLines(trace: Trace): TextLine[] {
  const last = Math.max(trace.passes.length - 1, ...trace.spans.map((span) => span.pass));
  const passes = Array.from({ length: last + 1 }, (_, index) => passLines(trace, index));
  return [...plain(headerLines(trace)), ...passes.flat(), ...plain(endLines(trace))];
}

const plain = (lines: string[]): TextLine[] => lines.map((text) => ({ text }));

function headerLines(trace: Trace): string[] {
  const { problem, server, sample, fork } = trace;
  const { outcome, extracted } = gradeTrace(trace);
  const cues = cuesUsed(trace);
  const counts = [
    `${thinkingTokens(trace)} thinking tokens`,
    `${answerTokens(trace)} in the answer`,
    `${generatedTokens(trace)} generated`,
    `${cues} ${cues === 1 ? 'cue' : 'cues'}`,
  ];
  return [
    headingLine(['trace']),
    ...markedLines('question', problem.question),
    ...(problem.answer === undefined ? [] : markedLines('expected', problem.answer)),
    ...markedLines('condition', describeTrace(trace)),
    ...markedLines('model', `${server.model} on ${server.id}`),
    ...markedLines('seed', `${trace.studySeed}${sample > 0 ? `, sample ${sample + 1}` : ''}`),
    ...(fork ? markedLines('forked', forkSentence(fork)) : []),
    ...markedLines('outcome', outcome ?? trace.status),
    ...(extracted === null ? [] : markedLines('answer', extracted)),
    ...markedLines('counts', counts.join(' · ')),
    ...(trace.thinkingEndedBy ? markedLines('thinking ended', thinkingEnds[trace.thinkingEndedBy]) : []),
    ...trace.warnings.flatMap((warning) => markedLines('note', warning)),
  ];
}

function forkSentence({ parent, fromPass, offset, step, text }: Fork): string {
  const place = offset === undefined ? '' : `at token ${offset} `;
  const words = text === undefined ? '' : ` ${JSON.stringify(text)}`;
  const passes = fromPass === 0 ? 'none of its passes is shared' : `passes 1 to ${fromPass} are shared with it`;
  return `${place}of ${parent.slice(0, 8)}: ${step}${words}; ${passes}`;
}

const thinkingEnds: Record<ThinkingEndedBy, string> = {
  model: 'by the model',
  cap: 'at the cap',
  steps: 'after its steps',
  context: 'because the context was full',
  loop: 'because it repeated itself',
  user: 'by you',
  probe: 'to probe the answer',
  native: 'by the server',
  interrupted: 'by an interruption',
};

function endLines(trace: Trace): string[] {
  if (!trace.interruption) return [];
  const { message, remedy } = trace.interruption;
  return markedLines('interrupted', remedy ? `${message} ${remedy}` : message);
}

function passLines(trace: Trace, index: number): TextLine[] {
  const pass = trace.passes[index];
  const spans = trace.spans.filter((span) => span.pass === index && span.phase !== 'prompt');
  // A delimiter that no pass followed, because the context was full, has a number beyond the last pass.
  if (!pass && spans.length === 0) return [];
  const heading = headingLine(pass ? passParts(trace, pass) : ['no more passes']);
  return [{ text: heading }, ...stretches(trace, spans)];
}

function passParts(trace: Trace, pass: Pass): string[] {
  const tokens = receivedIdsOf(trace, pass.index).length;
  const after = pass.branch?.parent == null ? [] : [`after pass ${pass.branch.parent + 1}`];
  const score = pass.score ? [`score ${pass.score.value.toFixed(3)}`] : [];
  return [
    `pass ${pass.index + 1}`,
    purposes[pass.purpose],
    ...after,
    endingOf(trace, pass),
    `${tokens} tokens`,
    ...score,
  ];
}

const purposes: Record<Pass['purpose'], string> = {
  start: 'thinking',
  extend: 'thinking on',
  minimum: 'thinking on, it ended too early',
  resume: 'resumed',
  retry: 'thinking anew, the thought before was rejected',
  more: 'thinking on after a probe',
  probe: 'probe: what the answer would be now',
  answer: 'answer',
  step: 'step of a search',
  fork: 'on from a place in another trace',
};

const endings: Record<Exclude<Pass['ending'], 'stop'>, string> = {
  running: 'running',
  length: 'at its limit',
  repetition: 'repeated itself',
  'out-of-vocabulary': 'left the vocabulary',
  user: 'ended by you',
  interrupted: 'interrupted',
};

function endingOf(trace: Trace, pass: Pass): string {
  if (pass.ending !== 'stop') return endings[pass.ending];
  const end = trace.spans.find((span) => span.pass === pass.index && span.fate === 'suppressed');
  return end ? endName(trace, end) : 'ended by the model';
}

/** Spans as lines; neighbours that are the model's own kept text are one stretch. */
function stretches(trace: Trace, spans: Span[]): TextLine[] {
  const lines: TextLine[] = [];
  let own: number[] = [];
  const flush = () => {
    lines.push(...modelLines(trace, own));
    own = [];
  };
  for (const span of spans) {
    const name = markOf(trace, span);
    const number = trace.spans.indexOf(span);
    if (name === undefined) {
      own.push(number);
      continue;
    }
    flush();
    const marks = markedLines(name, span.text, span.fate === 'cut');
    lines.push(...marks.map((text): TextLine => ({ text, source: { kind: 'mark', span: number } })));
  }
  flush();
  return lines;
}

function modelLines(trace: Trace, spans: readonly number[]): TextLine[] {
  const own = spans.map((span) => trace.spans[span]?.text ?? '').join('');
  if (own === '') return [];
  let from = 0;
  return own.split('\n').map((line) => {
    const source = { kind: 'model', spans, from, line } as const;
    from += line.length + 1;
    return { text: escapeModelLine(visible(line)), source };
  });
}

/** Undefined: the model's own words. */
function markOf(trace: Trace, span: Span): string | undefined {
  if (span.fate === 'cut') return 'cut';
  if (span.fate === 'suppressed') return endName(trace, span);
  switch (span.origin) {
    case 'forced-cue':
      return `forced cue ${cuesUpTo(trace, span)}`;
    case 'forced-delimiter':
      return 'ended for the model';
    case 'template':
      return span.phase === 'thinking' ? 'thinking opened' : 'answer opened';
    case 'user':
      return 'inserted by you';
    case 'model':
      if (!span.delimiter || (span.phase === 'thinking' && span.text !== trace.dialect.opening)) return undefined;
      return span.text === trace.dialect.closing ? 'answer opened by the model' : 'end of answer';
    default:
      return span.origin satisfies never;
  }
}

/** An end that the template's closing delimiter follows was accepted; while nothing follows, nothing is decided. */
function endName(trace: Trace, end: Span): string {
  const next = trace.spans[trace.spans.indexOf(end) + 1];
  if (!next && trace.status === 'running') return 'end';
  return next?.origin === 'template' ? 'end of thinking' : 'end suppressed';
}

function cuesUpTo(trace: Trace, cue: Span): number {
  const before = trace.spans.slice(0, trace.spans.indexOf(cue) + 1);
  return before.filter((span) => span.origin === 'forced-cue').length;
}
