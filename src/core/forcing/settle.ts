import type { ResolvedDialect, Tokenizer } from '../inference/dialects';
import type { CompletionRequest } from '../inference/inferenceClient';
import { type Pass, promptIdsOf, type Span, type Trace } from '../traces/trace';
import type { Condition } from './condition';

/** What one request brought, as it came. */
export interface Received {
  tokenIds: number[];
  /** Text of the ids without the stop id; an unfinished character at the end is missing. */
  text: string;
  finishReason: string | null;
  stopReason: string | number | null;
  cachedPromptTokens: number | null;
  reportedTokens?: number;
  /** Set if we, not the server, ended it. */
  endedBy?: 'user' | 'interrupted' | 'repetition';
}

export interface Settled {
  pass: Pass;
  spans: Span[];
  /** The first id outside the tokenizer's vocabulary, if one was sampled. */
  unknownId?: number;
}

/**
 * Turns received ids into spans, trusting no server: the first stop id ends the pass, ids beyond the limit are cut, and
 * so is everything from an id outside the vocabulary on, which could not be sent back (s1 facts §1.9).
 * The end is decided by the last id and the finish reason: vLLM gives no stop reason for the main EOS.
 */
export async function settlePass(
  trace: Trace,
  pass: Pass,
  received: Received,
  vocabulary: Vocabulary,
  tokenizer: Tokenizer,
): Promise<Settled> {
  const { tokenIds } = received;
  const found = findStop(trace, pass, received);
  const stopAt = found?.at;
  const end = Math.min(stopAt ?? tokenIds.length, endOfStep(trace, pass, tokenIds), pass.request.maxTokens);
  const unknownAt = received.endedBy ? -1 : await vocabulary.findUnknown(tokenIds.slice(0, end));
  const keep = unknownAt === -1 ? end : unknownAt;
  const isStopped = unknownAt === -1 && stopAt !== undefined && stopAt === end;

  const kept = tokenIds.slice(0, keep);
  const stop = isStopped ? tokenIds.slice(keep, keep + (found?.length ?? 0)) : [];
  const cut = tokenIds.slice(keep + stop.length);
  const ending = unknownAt !== -1 ? 'out-of-vocabulary' : isStopped ? 'stop' : endingOf(pass, received);
  // Else the text holds more than was kept, or lacks the stop string that ended a step.
  const isWhole = cut.length === 0 && stop.length <= 1 && typeof received.stopReason !== 'string';
  const keptText = isWhole ? received.text : await tokenizer.detokenize(kept);

  const spans: Span[] = [];
  const add = (span: Omit<Span, 'pass' | 'phase' | 'origin'> & { phase?: Span['phase'] }) => {
    if (span.tokenIds.length > 0) spans.push({ pass: pass.index, phase: pass.phase, origin: 'model', ...span });
  };
  const isProbe = pass.purpose === 'probe'; // none of it stays
  const toFate = (fate: Span['fate']) => (isProbe ? ({ fate: 'cut', cutBefore: pass.index + 1 } as const) : { fate });
  for (const part of await splitSteps(trace, pass, kept, keptText, tokenizer)) add({ ...toFate('kept'), ...part });
  const stopText = stop.length > 0 ? await endText(trace, stop, tokenizer) : '';
  add({
    ...toFate(pass.phase === 'thinking' ? 'suppressed' : 'kept'),
    tokenIds: stop,
    text: stopText,
    delimiter: true,
  });
  const cutText = cut.length > 0 ? await tokenizer.detokenize(cut) : '';
  add({ fate: 'cut', tokenIds: cut, text: cutText, cutBefore: pass.index + 1 });

  const endsWithNewline = await lastIdEndsLine(kept, keptText, ending, tokenizer);
  const settled: Pass = {
    ...pass,
    receivedTokens: tokenIds.length,
    ending,
    endsWithNewline,
    finishReason: received.finishReason,
    stopReason: received.stopReason,
    cachedPromptTokens: received.cachedPromptTokens,
    ...(received.reportedTokens === undefined ? {} : { reportedTokens: received.reportedTokens }),
  };
  const unknownId = unknownAt === -1 ? undefined : tokenIds[unknownAt];
  return unknownId === undefined ? { pass: settled, spans } : { pass: settled, spans, unknownId };
}

/** In a tree search: ids up to the end of the step, for servers that sent more. */
function endOfStep({ condition, dialect }: Trace, { purpose }: Pass, tokenIds: number[]): number {
  const sequences = condition.decoder === 'rebase' && purpose !== 'answer' ? stepEnds(condition, dialect) : [];
  const ends = sequences.flatMap((sequence) => {
    const at = findSequence(tokenIds, sequence);
    return at === -1 ? [] : at + sequence.length;
  });
  return Math.min(tokenIds.length, ...ends);
}

/** What ends a step, by ids: line ends, as this tokenizer writes them alone. */
function stepEnds({ search }: Pick<Condition, 'search'>, { newlineIds }: ResolvedDialect): number[][] {
  if (search.step === 'heading') return [];
  return [search.step === 'line' ? newlineIds : [...newlineIds, ...newlineIds]];
}

/** Where the ids are that ended the pass. A stop id may also be one we did not ask for (an EOS of the model's own). */
function findStop({ dialect }: Trace, pass: Pass, { tokenIds, finishReason, stopReason }: Received) {
  const sequences = pass.phase === 'thinking' ? dialect.thinkingEndSequences : [];
  const ends = [...pass.request.stopTokenIds.map((id) => [id]), ...sequences];
  const found = ends
    .map((end) => ({ at: findSequence(tokenIds, end), length: end.length }))
    .filter(({ at }) => at !== -1)
    .sort((a, b) => a.at - b.at)[0];
  if (found) return found;
  const isOwnStop = finishReason === 'stop' && typeof stopReason !== 'string';
  return isOwnStop && tokenIds.length > 0 ? { at: tokenIds.length - 1, length: 1 } : undefined;
}

/** A heading such as `<|im_start|>3 steps left` is longer than no tokenizer makes it; beyond, the mark stands alone. */
const longestHeading = 16;

/** In a dialect of steps: the headings of steps apart from the thoughts, by ids. Elsewhere all is one thought. */
async function splitSteps(trace: Trace, pass: Pass, kept: number[], text: string, tokenizer: Tokenizer) {
  const { stepMarkId } = trace.dialect;
  if (stepMarkId === null || pass.phase !== 'thinking') return [{ tokenIds: kept, text }];
  const parts: { tokenIds: number[]; text: string; delimiter?: true }[] = [];
  const isOpened = promptIdsOf(trace, pass.index).at(-1) === stepMarkId; // the heading began before the pass
  let from = 0;
  while (from < kept.length) {
    const isHeading = kept[from] === stepMarkId || (from === 0 && isOpened);
    const next = kept.indexOf(stepMarkId, from + 1);
    const to = isHeading ? await endOfHeading(kept, from, tokenizer) : next === -1 ? kept.length : next;
    const tokenIds = kept.slice(from, to);
    parts.push({
      tokenIds,
      text: await tokenizer.detokenize(tokenIds),
      ...(isHeading ? { delimiter: true as const } : {}),
    });
    from = to;
  }
  return parts;
}

async function endOfHeading(kept: number[], from: number, tokenizer: Tokenizer): Promise<number> {
  const last = Math.min(kept.length, from + longestHeading);
  for (let to = from + 1; to <= last; to++) {
    if ((await tokenizer.detokenize(kept.slice(from, to))).includes('\n')) return to;
  }
  return last === kept.length ? last : from + 1;
}

function endingOf(pass: Pass, received: Received): Pass['ending'] {
  if (received.endedBy) return received.endedBy;
  if (received.finishReason === 'repetition') return 'repetition';
  // A server that says "stop" without a single id ended at once, whatever it did with the id.
  if (received.finishReason === 'stop' && received.tokenIds.length < pass.request.maxTokens) return 'stop';
  return 'length';
}

async function endText(trace: Trace, stop: number[], tokenizer: Tokenizer): Promise<string> {
  const known = stop.length === 1 ? trace.dialect.endTexts[String(stop[0])] : undefined;
  return known ?? tokenizer.detokenize(stop);
}

/** Only a forced end asks for this, so only then is the id decoded: a text may lack what its last id begins. */
async function lastIdEndsLine(kept: number[], text: string, ending: Pass['ending'], tokenizer: Tokenizer) {
  const last = kept.at(-1);
  if (last === undefined) return false;
  if (ending === 'stop' || ending === 'interrupted') return text.endsWith('\n');
  return (await tokenizer.detokenize([last])).endsWith('\n');
}

/**
 * Which ids the tokenizer knows. Models have more embedding rows than their tokenizer has tokens (Qwen2.5: 152,064
 * against 151,665), and the rows above can be sampled. They are at the top, so an id at or below a known one is known;
 * one above is decoded once: an unknown id decodes to nothing.
 */
export class Vocabulary {
  #highestKnown: number;
  readonly #unknown = new Set<number>();
  readonly #tokenizer: Tokenizer;

  constructor(knownIds: number[], tokenizer: Tokenizer) {
    this.#highestKnown = knownIds.reduce((highest, id) => Math.max(highest, id), 0);
    this.#tokenizer = tokenizer;
  }

  /** Index of the first unknown id, or -1. */
  async findUnknown(tokenIds: number[]): Promise<number> {
    for (const [index, id] of tokenIds.entries()) if (!(await this.#isKnown(id))) return index;
    return -1;
  }

  async #isKnown(id: number): Promise<boolean> {
    if (id <= this.#highestKnown) return true;
    if (this.#unknown.has(id)) return false;
    if ((await this.#tokenizer.detokenize([id])) === '') {
      this.#unknown.add(id);
      return false;
    }
    this.#highestKnown = id;
    return true;
  }
}

/**
 * The model wrote the delimiters itself (preset `s1-readme`, decoders `none` and `native-budget`): what comes before the
 * closing one is thinking. Without a closing one all of it is, if thinking was opened.
 */
export function splitAtDelimiter(trace: Trace, settled: Settled): Settled {
  if (trace.spans.some((span) => span.phase === 'answer' && span.delimiter)) return settled;
  const isOpened = trace.condition.decoder !== 'none';
  return { ...settled, spans: settled.spans.flatMap((span) => splitSpan(span, trace.dialect, isOpened)) };
}

function splitSpan(span: Span, dialect: ResolvedDialect, isOpened: boolean): Span[] {
  if (span.fate !== 'kept' || span.delimiter) return [span];
  const { openingIds, opening, closingIds, closing } = dialect;
  const opens = isOpened ? -1 : findSequence(span.tokenIds, openingIds);
  const closes = findSequence(span.tokenIds, closingIds);
  if (!isOpened && opens === -1 && closes === -1) return [span]; // a model that answers at once
  const [before, thought] = opens === -1 ? ['', span.text] : splitText(span.text, opening);
  const from = opens === -1 ? 0 : opens + openingIds.length;
  const [thinking, answer] = closes === -1 ? [thought, ''] : splitText(thought, closing);
  const thinkingIds = span.tokenIds.slice(from, closes === -1 ? undefined : closes);
  const parts: Span[] = [
    { ...span, phase: 'thinking', tokenIds: span.tokenIds.slice(0, Math.max(0, opens)), text: before },
    { ...span, phase: 'thinking', tokenIds: opens === -1 ? [] : openingIds, text: opening, delimiter: true },
    { ...span, phase: 'thinking', tokenIds: thinkingIds, text: thinking },
    { ...span, tokenIds: closes === -1 ? [] : closingIds, text: closing, delimiter: true },
    { ...span, tokenIds: closes === -1 ? [] : span.tokenIds.slice(closes + closingIds.length), text: answer },
  ];
  return parts.filter((part) => part.tokenIds.length > 0);
}

function splitText(text: string, mark: string): [string, string] {
  const [before = '', ...rest] = text.split(mark);
  return [before, rest.join(mark)];
}

function findSequence(list: number[], wanted: number[]): number {
  if (wanted.length === 0) return -1;
  return list.findIndex((_, index) => wanted.every((id, offset) => list[index + offset] === id));
}

export function emptyReceived(): Received {
  return { tokenIds: [], text: '', finishReason: null, stopReason: null, cachedPromptTokens: null };
}

/** Whether the last `added` ids reach the limit or end the pass; those before did not. */
export function isOver(
  tokenIds: number[],
  added: number,
  { maxTokens, stopTokenIds, stopSequences = [] }: CompletionRequest,
) {
  if (tokenIds.length >= maxTokens) return true;
  if (tokenIds.slice(tokenIds.length - added).some((id) => stopTokenIds.includes(id))) return true;
  return stopSequences.some((sequence) => {
    const tail = tokenIds.slice(-(added + sequence.length - 1));
    return tail.some((_, at) => sequence.every((id, offset) => tail[at + offset] === id));
  });
}

/** Stop strings for the server; what came is looked through by ids all the same. */
export function stepStops(condition: Condition, dialect: ResolvedDialect) {
  const stopSequences = stepEnds(condition, dialect);
  if (stopSequences.length === 0) return {};
  return { stopTexts: [condition.search.step === 'line' ? '\n' : '\n\n'], stopSequences };
}
