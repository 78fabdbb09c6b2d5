import type { Outcome } from '../evaluate/outcome';
import { gradeTrace } from '../evaluate/outcome';
import { LoopDetector } from '../loops/findLoop';
import { contextIds, type Trace, thinkingText, thinkingTokens } from '../traces/trace';

/** Words with which models turn back on what they wrote, as they are counted in studies of R1-like models. */
const reflectionWords = [
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

/** How a thought is built: counts in its kept thinking, forced cues included. */
export interface TraceStructure {
  traceId: string;
  outcome: Outcome | null;
  conditionKey: string;
  thinkingTokens: number;
  /** Paragraphs or, where there are none, lines with words in them. */
  steps: number;
  reflections: Record<string, number>;
  /** Exact repetition at its last seen period (loops that change a number each time are none); null: no loop. */
  loop: { period: number; repeats: number } | null;
}

/** Steps of a thought that does not count them itself: paragraphs or, where there is one only, lines; with words in them. */
export function stepCount(thinking: string): number {
  const withWords = (mark: RegExp) => thinking.split(mark).filter((part) => /\w/.test(part)).length;
  const paragraphs = withWords(/\n\s*\n/);
  return paragraphs > 1 ? paragraphs : withWords(/\n/);
}

export function structureOf(trace: Trace): TraceStructure {
  const text = thinkingText(trace);
  const lower = text.toLowerCase();
  const reflections = Object.fromEntries(
    reflectionWords.map((word) => [word, lower.match(new RegExp(`\\b${word}\\b`, 'g'))?.length ?? 0]),
  );
  const detector = new LoopDetector();
  const found = thoughtIds(trace).map((id) => detector.push(id));
  const loop = found.findLast((each) => each !== null) ?? null;
  return {
    traceId: trace.id,
    outcome: gradeTrace(trace).outcome,
    conditionKey: trace.conditionKey,
    thinkingTokens: thinkingTokens(trace),
    steps: stepCount(text),
    reflections,
    loop: loop && { period: loop.period, repeats: loop.repeats },
  };
}

const thoughtIds = ({ spans }: Trace) =>
  contextIds({ spans: spans.filter(({ phase, delimiter }) => phase === 'thinking' && !delimiter) });

/** Means over the traces of one outcome. */
export interface StructureRow {
  outcome: string;
  traces: number;
  thinkingTokens: number;
  steps: number;
  /** Per 100 thinking tokens, so that long thoughts do not count twice. */
  reflectionsPer100: number;
  /** Traces that loop. */
  loops: number;
  /** Word by word, per trace. */
  words: Record<string, number>;
}

/** The structures of a run set against what the traces came to. */
export function structureByOutcome(structures: readonly TraceStructure[]): StructureRow[] {
  const outcomes = [...new Set(structures.map(({ outcome }) => outcome ?? 'unfinished'))].sort();
  return outcomes.map((outcome) => {
    const own = structures.filter((each) => (each.outcome ?? 'unfinished') === outcome);
    const mean = (value: (each: TraceStructure) => number) =>
      own.reduce((sum, each) => sum + value(each), 0) / own.length;
    const all = (each: TraceStructure) => Object.values(each.reflections).reduce((sum, count) => sum + count, 0);
    const tokens = mean((each) => each.thinkingTokens);
    return {
      outcome,
      traces: own.length,
      thinkingTokens: tokens,
      steps: mean(({ steps }) => steps),
      reflectionsPer100: tokens === 0 ? 0 : (100 * mean(all)) / tokens,
      loops: own.filter(({ loop }) => loop !== null).length,
      words: Object.fromEntries(reflectionWords.map((word) => [word, mean((each) => each.reflections[word] ?? 0)])),
    };
  });
}
