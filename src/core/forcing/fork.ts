import { randomUUID } from 'node:crypto';
import * as z from 'zod';
import type { Clock } from '../base/clock';
import { SecondThoughtError } from '../base/errors';
import type { Tokenizer } from '../inference/dialects';
import { chosenBranch } from '../search/chosenBranch';
import {
  contextIds,
  extensions,
  isOpening,
  lastKeptThinkingPass,
  type Span,
  type Trace,
  thinkingTokens,
} from '../traces/trace';
import {
  type Condition,
  type ConditionChanges,
  checkCondition,
  conditionKey,
  createCondition,
  cueIndex,
} from './condition';
import { answerReserve } from './prepare';

/** What comes first behind the prefix that a fork shares with its parent. */
export const forkStepSchema = z.discriminatedUnion('kind', [
  z.object({ kind: z.literal('cue'), text: z.string().min(1) }),
  z.object({ kind: z.literal('edit'), text: z.string().min(1) }),
  /** Thinking is ended for the model, and it answers. */
  z.object({ kind: z.literal('end') }),
  /** The model is asked again, with another seed. */
  z.object({ kind: z.literal('sample') }),
]);
export type ForkStep = z.infer<typeof forkStepSchema>;

export interface ForkOrder {
  /** Length of the shared prefix, in ids of the parent's context. Inside a forced text: its beginning is taken. */
  offset: number;
  step: ForkStep;
  /** What differs from the parent's condition. */
  changes?: ForkChanges;
  /** Number of this fork among others of the same place: another number, other seeds. */
  sample?: number;
}

export type ForkChanges = Pick<
  ConditionChanges,
  'maxThinkingTokens' | 'ignore' | 'cues' | 'maxAnswerTokens' | 'sampling' | 'loopGuard'
>;

/**
 * A new trace that begins with the first `offset` ids of another one's context, whatever their origin, and goes on from
 * there by the rules of the default preset. A cap that leaves nothing to think behind the prefix is lifted.
 * @throws SecondThoughtError `bad-usage` for a place outside the thinking and the answer, or for a text that ends
 *   thinking; `context-too-long`
 */
export async function forkTrace(given: Trace, order: ForkOrder, tokenizer: Tokenizer, clock: Clock): Promise<Trace> {
  const parent = linear(given);
  const { step } = order;
  const text = 'text' in step ? step.text : '';
  const added = await addedIds(parent, text, tokenizer);
  const cut = cutAt(parent, order.offset);
  for (const part of cut.divided) part.text = await tokenizer.detokenize(part.tokenIds);
  const isAnswering = cut.spans.some(({ phase, fate }) => phase === 'answer' && fate === 'kept');
  if (isAnswering && step.kind !== 'edit' && step.kind !== 'sample') throw thinkingIsOver(order.offset, parent);

  const condition = changedCondition(parent.condition, order.changes ?? {});
  const cueIds = await Promise.all(condition.cues.map((cue) => addedIds(parent, cue, tokenizer)));
  const used = thinkingTokens(cut) + (step.kind === 'end' || isAnswering ? 0 : added.length + 1);
  const { budget, isLifted } = budgetBehind(parent, condition, used);
  const kept = isLifted ? uncapped(condition) : condition;
  checkCondition(kept);
  const passes = structuredClone(parent.passes.slice(0, cut.fromPass));
  await markLineEnd(passes, cut.spans, tokenizer);
  return {
    ...begun(parent, clock),
    dialect: { ...parent.dialect, cueIds },
    condition: kept,
    conditionKey: conditionKey(kept),
    ...(order.sample === undefined ? {} : { sample: order.sample }),
    budget,
    fork: {
      parent: parent.id,
      fromPass: cut.fromPass,
      offset: cut.offset,
      step: step.kind,
      ...('text' in step ? { tokenIds: added, text } : {}),
    },
    spans: cut.spans,
    passes,
    thinkingEndedBy: isAnswering ? parent.thinkingEndedBy : null,
    warnings: isLifted ? ['The cap of the parent was used up at this place, so this trace has none.'] : [],
  };
}

/**
 * A new trace that thinks on where another one stopped thinking: same ids up to there, then the cue. Its condition has
 * one more ignored end, and no cap where the parent's was used up.
 */
export function waitAgain(from: Trace, clock: Clock): Trace {
  const parent = linear(from);
  const last = lastKeptThinkingPass(parent);
  if (!last) {
    throw new SecondThoughtError('bad-usage', 'This trace has no thinking to go on from.', {
      remedy: 'Use Force Thinking to start a new one.',
    });
  }
  const fromPass = last.index + 1;
  const base = { ...forcedCondition(parent.condition), preset: parent.condition.preset };
  const condition = { ...base, ignore: extensions(parent) + 1, maxThinkingTokens: null };
  const spans = structuredClone(parent.spans.filter((span) => span.pass < fromPass && span.phase !== 'answer'));
  const cue = parent.dialect.cueIds[cueIndex(condition, extensions(parent), parent)] ?? [];
  const { budget } = budgetBehind(parent, condition, thinkingTokens(parent) + cue.length + 1);
  return {
    ...begun(parent, clock),
    condition,
    conditionKey: conditionKey(condition),
    budget,
    fork: { parent: parent.id, fromPass, offset: contextIds({ spans }).length, step: 'extend' },
    spans,
    passes: structuredClone(parent.passes.slice(0, fromPass)),
    thinkingEndedBy: null,
    warnings: [],
  };
}

/** A search is gone on from where its chosen branch is. */
export const linear = (trace: Trace): Trace => (trace.condition.decoder === 'rebase' ? chosenBranch(trace) : trace);

/** The history of a trace up to a place. */
export interface Cut {
  spans: Span[];
  /** The passes below brought the prefix. */
  fromPass: number;
  offset: number;
  /** The two parts of the span that the place divides: their texts are still that of the whole. */
  divided: Span[];
}

/**
 * Cuts a trace at a place, by ids: what the passes of the prefix brought beyond it is cut, later passes are left out.
 * @throws SecondThoughtError `bad-usage`
 */
export function cutAt(parent: Pick<Trace, 'spans'>, place: number): Cut {
  const offset = boundaryAt(parent, place);
  const kept = parent.spans.filter(({ fate }) => fate === 'kept');
  let left = offset;
  const last = kept.find((span) => {
    left -= span.tokenIds.length;
    return left <= 0;
  });
  const isModel = last?.origin === 'model';
  const fromPass = last === undefined ? 0 : isModel ? last.pass + 1 : last.pass;
  const divided: Span[] = [];
  let room = offset;
  const spans = parent.spans.flatMap((span): Span[] => {
    const share = span.fate === 'kept' ? Math.min(room, span.tokenIds.length) : 0;
    if (span.fate === 'kept') room -= share;
    if (share === span.tokenIds.length && share > 0) return [structuredClone(span)];
    const isThere = span.origin === 'model' ? span.pass < fromPass : share > 0;
    const ofEarlier = span.fate !== 'kept' && span.origin !== 'model' && span.pass < fromPass;
    if (!isThere && !ofEarlier) return [];
    if (span.fate === 'suppressed') return [structuredClone(span)];
    const cutBefore = Math.min(span.cutBefore ?? fromPass, fromPass);
    const cut: Span = { ...structuredClone(span), tokenIds: span.tokenIds.slice(share), fate: 'cut', cutBefore };
    if (share === 0) return [cut];
    divided.push({ ...span, tokenIds: span.tokenIds.slice(0, share) }, cut);
    return divided;
  });
  return { spans, fromPass, offset, divided };
}

/** A place that can be gone on from: behind the prompt, and not inside a text that was written as one. */
function boundaryAt({ spans }: Pick<Trace, 'spans'>, place: number): number {
  const kept = spans.filter(({ fate }) => fate === 'kept');
  const length = contextIds({ spans }).length;
  const opening = contextIds({ spans: kept.filter(isOpening) }).length;
  if (!Number.isInteger(place) || place < opening || place > length) {
    throw new SecondThoughtError('bad-usage', `There is no place ${place} behind the prompt of this trace.`, {
      remedy: `Its thinking begins at ${opening}, and its context ends at ${length}.`,
    });
  }
  let start = 0;
  for (const span of kept) {
    const end = start + span.tokenIds.length;
    if (place > start && place < end && span.origin !== 'model') return start;
    start = end;
  }
  return place;
}

/** The decoder and the rules of a trace that is taken hold of: plain budget forcing. */
function forcedCondition(condition: Condition): Condition {
  const { search, scorer } = createCondition();
  return { ...condition, decoder: 'bf', preset: 'default', earlyStop: null, search, scorer };
}

/** Without a cap nothing can be extended until it. */
function uncapped(condition: Condition): Condition {
  const ignore = condition.ignore === 'until-cap' ? 0 : condition.ignore;
  return { ...condition, maxThinkingTokens: null, ignore };
}

function changedCondition(parent: Condition, { sampling, ...changes }: ForkChanges): Condition {
  const given = (values: object) => Object.entries(values).filter(([, value]) => value !== undefined);
  const own: Partial<Condition> = Object.fromEntries(given(changes));
  const warmth: Partial<Condition['sampling']> = Object.fromEntries(given(sampling ?? {}));
  return { ...forcedCondition(parent), ...own, sampling: { ...parent.sampling, ...warmth } };
}

/** @throws SecondThoughtError `context-too-long` if `used` thinking tokens do not fit */
function budgetBehind(parent: Trace, condition: Condition, used: number) {
  const { newlineIds, forcedClosingIds, openingIds } = parent.dialect;
  const prompt = contextIds({ spans: parent.spans.filter(({ phase }) => phase === 'prompt') }).length;
  const room = parent.server.contextLength - prompt - openingIds.length - newlineIds.length - forcedClosingIds.length;
  const fits = Math.max(0, room - answerReserve);
  if (used > fits) throw noRoomToGoOn(parent);
  const cap = condition.maxThinkingTokens;
  const limit = typeof cap === 'number' ? cap : cap === null ? null : parent.budget.maxThinkingTokens;
  if (limit === null || limit < used || limit > fits) {
    const budget: Trace['budget'] = { maxThinkingTokens: fits, from: 'context' };
    return { budget, isLifted: limit !== null && limit < used };
  }
  const budget: Trace['budget'] = { maxThinkingTokens: limit, from: typeof cap === 'number' ? 'cap' : 'auto' };
  return { budget, isLifted: false };
}

/** What all forks take over, and what they begin with. */
function begun(parent: Trace, clock: Clock) {
  const { interruption: _, grade: __, ...rest } = structuredClone(parent);
  const createdAt = new Date(clock.now()).toISOString();
  return { ...rest, id: randomUUID(), createdAt, status: 'running' as const, answerEndedBy: null };
}

async function addedIds(parent: Trace, text: string, tokenizer: Tokenizer): Promise<number[]> {
  const added = text === '' ? [] : await tokenizer.tokenize(text);
  const { thinkingEndIds, thinkingEndSequences, answerEndIds, endTexts } = parent.dialect;
  const ends = [
    ...thinkingEndIds,
    ...answerEndIds,
    ...thinkingEndSequences.flatMap((sequence) => sequence.slice(0, 1)),
  ];
  const end = added.find((id) => ends.includes(id));
  if (end === undefined) return added;
  const name = endTexts[String(end)] ?? `token ${end}`;
  throw new SecondThoughtError('bad-usage', `The text contains ${name}, which this model reads as a control token.`, {
    remedy: 'Leave it out; to end the thinking, fork with the end instead.',
  });
}

/** Of the pass that the prefix ends in: whether its last id that stays ends a line. */
async function markLineEnd(passes: Trace['passes'], spans: Span[], tokenizer: Tokenizer): Promise<void> {
  const last = spans.findLast(({ fate }) => fate === 'kept');
  const pass = last?.origin === 'model' ? passes[last.pass] : undefined;
  const id = last?.tokenIds.at(-1);
  if (pass && id !== undefined) pass.endsWithNewline = (await tokenizer.detokenize([id])).endsWith('\n');
}

function thinkingIsOver(offset: number, parent: Trace): SecondThoughtError {
  const spans = parent.spans.filter(({ phase, fate }) => phase !== 'answer' && fate === 'kept');
  return new SecondThoughtError('bad-usage', `At ${offset} this trace is answering: nothing can be thought there.`, {
    remedy: `Its thinking ends at ${contextIds({ spans }).length}; in the answer there are edits and samples.`,
  });
}

function noRoomToGoOn(parent: Trace): SecondThoughtError {
  return new SecondThoughtError(
    'context-too-long',
    `This trace fills the context of "${parent.server.model}" (${parent.server.contextLength} tokens): it cannot think on.`,
    { remedy: 'Use a model with a longer context, or an earlier place.' },
  );
}
