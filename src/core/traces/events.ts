import * as z from 'zod';
import { gradeSchema } from '../grade/grade';
import {
  answerEndedBySchema,
  choiceCut,
  isOpening,
  type Pass,
  passSchema,
  pathOf,
  type Span,
  spanSchema,
  stepScoreSchema,
  type Trace,
  thinkingEndedBySchema,
} from './trace';

/**
 * Everything that can happen to a trace. One language for the journal on disk, the engine's messages and the live
 * viewer: a trace is its header plus its events, in order (`applyEvent`), so all of them show the same thing.
 */
export const traceEventSchema = z.discriminatedUnion('type', [
  /** A request is being sent; `spans` (a cue) joined the context just before. One event, so that no crash parts them. */
  z.object({ type: z.literal('pass'), pass: passSchema, spans: z.array(spanSchema) }),
  /** Ids of the running pass, as they arrive. `text` may lag behind `tokenIds` (characters split over ids). */
  z.object({
    type: z.literal('received'),
    tokenIds: z.array(z.int().nonnegative()),
    text: z.string(),
    /** Tree search, where several passes run at the same time: which of them. Else the last. */
    pass: z.int().nonnegative().optional(),
  }),
  /** The running pass is over: its record, and its ids in their final spans. */
  z.object({ type: z.literal('settle'), pass: passSchema, spans: z.array(spanSchema) }),
  /** Only the first `keep` ids of the thinking stay; `split` is the text of the span on the boundary, before and after. */
  z.object({
    type: z.literal('cut'),
    keep: z.int().nonnegative(),
    before: z.int().nonnegative(),
    split: z.tuple([z.string(), z.string()]),
  }),
  /** Tree search: the scorer's verdict on a step. */
  z.object({ type: z.literal('scored'), pass: z.int().nonnegative(), score: stepScoreSchema }),
  /** Tree search: the branch whose last pass this is stays, all others are cut. Null: there is none with an answer. */
  z.object({ type: z.literal('chosen'), pass: z.int().nonnegative().nullable(), by: thinkingEndedBySchema }),
  z.object({ type: z.literal('warning'), text: z.string() }),
  /** `spans`: the delimiter that follows. */
  z.object({ type: z.literal('thinking-ended'), by: thinkingEndedBySchema, spans: z.array(spanSchema) }),
  z.object({ type: z.literal('completed'), answerEndedBy: answerEndedBySchema, grade: gradeSchema.optional() }),
  z.object({
    type: z.literal('interrupted'),
    reason: z.object({ code: z.string(), message: z.string(), remedy: z.string().optional() }),
  }),
  z.object({ type: z.literal('continued') }),
]);
export type TraceEvent = z.infer<typeof traceEventSchema>;

/** Changes the trace in place. While a pass runs, its ids so far are one kept model span at the end. */
export function applyEvent(trace: Trace, event: TraceEvent): void {
  switch (event.type) {
    case 'pass':
      trace.spans.push(...event.spans);
      trace.passes.push(event.pass);
      return;
    case 'received':
      receive(trace, event);
      return;
    case 'settle':
      trace.spans = [...trace.spans.filter((span) => !isOfPass(span, event.pass)), ...event.spans];
      trace.passes[event.pass.index] = event.pass;
      return;
    case 'scored': {
      const pass = trace.passes[event.pass];
      if (pass) trace.passes[event.pass] = { ...pass, score: event.score };
      return;
    }
    case 'chosen':
      trace.thinkingEndedBy = event.by;
      trace.spans = keepBranch(trace, event.pass);
      return;
    case 'cut':
      cutThinking(trace, event);
      return;
    case 'warning':
      trace.warnings.push(event.text);
      return;
    case 'thinking-ended':
      trace.spans.push(...event.spans);
      trace.thinkingEndedBy = event.by;
      return;
    case 'completed':
      trace.status = 'complete';
      trace.answerEndedBy = event.answerEndedBy;
      delete trace.grade;
      if (event.grade) trace.grade = event.grade;
      return;
    case 'interrupted':
      trace.status = 'interrupted';
      trace.interruption = event.reason;
      trace.thinkingEndedBy ??= 'interrupted';
      return;
    case 'continued':
      trace.status = 'running';
      delete trace.interruption;
      if (trace.thinkingEndedBy === 'interrupted') trace.thinkingEndedBy = null;
      return;
    default:
      event satisfies never;
  }
}

const isOfPass = (span: Span, pass: Pass) => span.origin === 'model' && span.pass === pass.index;

/** The spans, those off the branch cut. The tree stays readable: what a pass had as its prompt does not change. */
function keepBranch(trace: Trace, last: number | null): Span[] {
  const path = new Set(last === null ? [] : pathOf(trace, last));
  const cutBefore = choiceCut(trace);
  return trace.spans.map((span) => {
    const isKept = span.fate !== 'kept' || isOpening(span) || path.has(span.pass);
    return isKept ? span : { ...span, fate: 'cut', cutBefore };
  });
}

function receive(trace: Trace, { tokenIds, text, pass: index }: Extract<TraceEvent, { type: 'received' }>): void {
  const pass = trace.passes.at(index ?? -1);
  if (!pass) return;
  const last = trace.spans.findLast((span) => index === undefined || isOfPass(span, pass));
  if (last && isOfPass(last, pass)) {
    last.tokenIds.push(...tokenIds);
    last.text += text;
  } else {
    const { index, phase } = pass;
    trace.spans.push({ pass: index, phase, origin: 'model', fate: 'kept', tokenIds: [...tokenIds], text });
  }
}

function cutThinking(trace: Trace, { keep, before, split }: Extract<TraceEvent, { type: 'cut' }>): void {
  let left = keep;
  trace.spans = trace.spans.flatMap((span): Span[] => {
    if (span.phase !== 'thinking' || span.fate !== 'kept' || span.delimiter) return [span];
    const kept = Math.min(left, span.tokenIds.length);
    left -= kept;
    if (kept === span.tokenIds.length) return [span];
    const cut: Span = { ...span, tokenIds: span.tokenIds.slice(kept), fate: 'cut', cutBefore: before };
    if (kept === 0) return [cut];
    return [
      { ...span, tokenIds: span.tokenIds.slice(0, kept), text: split[0] },
      { ...cut, text: split[1] },
    ];
  });
}

/** Rebuilds a trace from its header and events: the way back from a journal. */
export function replayTrace(header: Trace, events: Iterable<TraceEvent>): Trace {
  const trace = structuredClone(header);
  for (const event of events) applyEvent(trace, event);
  return trace;
}
