import { LoopDetector } from '../loops/findLoop';
import { contextIds, type Span, type Trace } from '../traces/trace';
import type { TextPlace } from './place';

/** Words with which models turn back on what they wrote, as they are counted in studies of R1-like models. */
export const reflectionWords = [
  'wait',
  'hmm',
  'alternatively',
  'however',
  'but',
  'actually',
  'maybe',
  'check',
  'verify',
  'again',
  'mistake',
  'let me',
] as const;

/** What stands between the steps of a thought: blank lines or, where it has none, line ends. */
export function stepBreak(text: string): RegExp {
  const paragraphs = text.split(/\n\s*\n/).filter((part) => /\w/.test(part));
  return paragraphs.length > 1 ? /\n\s*\n/g : /\n/g;
}

/**
 * What a step is, by the first rule that fits:
 * heading (a counted step of the dialect), cue (begins with a forced cue), answer (names one), check (looks at what is there
 * again), turn (begins with a word that turns back), calculation (an equation or a sum), text.
 */
export const stepKinds = ['heading', 'cue', 'answer', 'check', 'turn', 'calculation', 'text'] as const;
export type StepKind = (typeof stepKinds)[number];

/** A step of the thinking: where it begins, and its first words. */
export interface Step {
  at: TextPlace;
  kind: StepKind;
  title: string;
}

const titleLength = 80;

/**
 * The kept thinking in its steps: the dialect's own where it counts them, else paragraphs or, where there are none, lines.
 * A forced cue begins a step, whatever stands before it.
 */
export function stepsOf(trace: Pick<Trace, 'spans' | 'dialect'>): Step[] {
  const thoughts = trace.spans.flatMap((span, index) => (isThought(span) ? [{ span, index }] : []));
  const hasHeadings = thoughts.some(({ span }) => isHeading(span));
  const between = stepBreak(thoughts.map(({ span }) => span.text).join(''));
  const steps: Step[] = [];
  let opened: { step: Step; text: string } | undefined; // a heading or a cue, whose step the next words belong to
  for (const { span, index } of thoughts) {
    if (isHeading(span) || span.origin === 'forced-cue') {
      const kind = isHeading(span) ? 'heading' : 'cue';
      const step: Step = { at: { span: index, characters: 0 }, kind, title: titleOf(span.text) };
      opened = { step, text: span.text };
      steps.push(step);
      continue;
    }
    for (const { text, from } of hasHeadings ? [{ text: span.text, from: 0 }] : partsOf(span.text, between)) {
      if (!/[\p{L}\p{N}]/u.test(text)) continue;
      if (opened) opened.step.title = titleOf(opened.text + text);
      else steps.push({ at: { span: index, characters: from }, kind: kindOf(text), title: titleOf(text) });
      opened = undefined;
    }
  }
  return steps;
}

/** Where the thinking uses a word of reflection. Forced cues are none: the model did not write them. */
export function reflectionsOf({ spans }: Pick<Trace, 'spans'>): TextPlace[] {
  return spans.flatMap((span, index) => {
    if (!isThought(span) || span.origin !== 'model' || span.delimiter) return [];
    return [...span.text.matchAll(reflection)].map((match) => ({ span: index, characters: match.index }));
  });
}

/** Where the thinking repeats itself (`LoopDetector`), from the first occurrence to the last id of each loop. */
export function loopsOf({ spans }: Pick<Trace, 'spans'>): { from: TextPlace; to: TextPlace }[] {
  const thoughts = spans.flatMap((span, index) => (isThought(span) && !span.delimiter ? [{ span, index }] : []));
  const detector = new LoopDetector();
  const found = new Map<number, number>();
  contextIds({ spans: thoughts.map(({ span }) => span) }).forEach((id, at) => {
    const loop = detector.push(id);
    if (loop) found.set(loop.from, at + 1);
  });
  return [...found].map(([from, to]) => ({ from: placeOfId(thoughts, from), to: placeOfId(thoughts, to) }));
}

/** About where a thinking id stands in the text: ids of a span are taken for equally long. */
function placeOfId(thoughts: readonly { span: Span; index: number }[], id: number): TextPlace {
  let left = id;
  for (const { span, index } of thoughts) {
    const count = span.tokenIds.length;
    if (left <= count) return { span: index, characters: Math.round((span.text.length * left) / Math.max(1, count)) };
    left -= count;
  }
  const last = thoughts.at(-1);
  return { span: last?.index ?? 0, characters: last?.span.text.length ?? 0 };
}

const isThought = ({ phase, fate, origin, delimiter }: Span) =>
  phase === 'thinking' && fate === 'kept' && (!delimiter || origin === 'model');
const isHeading = ({ delimiter, origin }: Span) => delimiter === true && origin === 'model';

function partsOf(text: string, between: RegExp): { text: string; from: number }[] {
  const parts: { text: string; from: number }[] = [];
  let from = 0;
  for (const match of text.matchAll(between)) {
    parts.push({ text: text.slice(from, match.index), from });
    from = match.index + match[0].length;
  }
  return [...parts, { text: text.slice(from), from }];
}

const reflection = new RegExp(`\\b(?:${reflectionWords.join('|')})\\b`, 'gi');
const rules: [kind: StepKind, pattern: RegExp][] = [
  ['answer', /\\boxed|\b(?:the|final) answer\b/i],
  ['check', /\b(?:check|verify|again|mistake)\b/i],
  ['turn', /^\W*(?:wait|hmm|alternatively|however|but|actually|maybe)\b/i],
  ['calculation', /=|\d\s*[-+*/×÷]\s*\d/],
];
const kindOf = (text: string): StepKind => rules.find(([, pattern]) => pattern.test(text))?.[0] ?? 'text';

function titleOf(text: string): string {
  const line = text.replace(/\s+/g, ' ').trim();
  return line.length > titleLength ? `${line.slice(0, titleLength - 1)}…` : line;
}
