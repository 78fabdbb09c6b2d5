import type { Clock } from '../base/clock';
import { SecondThoughtError, toSecondThoughtError } from '../base/errors';
import { passSeed } from '../base/seeds';
import { gradeBy } from '../evaluate/gradeBy';
import type { Grade } from '../grade/grade';
import { defaultGrader } from '../grade/graderSpec';
import type { Matcher } from '../grade/matcher';
import type { CompletionChunk, CompletionRequest, InferenceClient } from '../inference/inferenceClient';
import { defaultPatience, withPatience } from '../inference/patience';
import { LoopDetector } from '../loops/findLoop';
import { missingScorer, type Scorer } from '../scorers/scorer';
import { scoreStep } from '../search/scoreStep';
import { applyEvent, type TraceEvent } from '../traces/events';
import type { LogprobListener } from '../traces/logprobs';
import {
  type AnswerEndedBy,
  branchSpans,
  contextIds,
  generatedTokens,
  keptSpans,
  type Pass,
  type Trace,
} from '../traces/trace';
import { refuseOtherLevel } from './level';
import { nextStep } from './nextStep';
import { type BranchRequest, type PlannedRequest, type Step, samplingOf } from './plan';
import { policyOf } from './policies';
import { Reconnection, type RetryRules } from './reconnection';
import {
  emptyReceived,
  isOver,
  type Received,
  type Settled,
  settlePass,
  splitAtDelimiter,
  stepStops,
  Vocabulary,
} from './settle';

export interface GenerateOptions {
  client: InferenceClient;
  clock: Clock;
  /** Stops everything; what arrived is kept and the trace becomes `interrupted`. */
  signal: AbortSignal;
  /** Ends the thinking in progress and asks for the answer ("Stop and Answer"). */
  answerNow?: AbortSignal;
  /** Every change, in order, already applied to the trace. */
  onEvent?(event: TraceEvent): void;
  /** While a request waits for its first token. */
  onWaiting?(waitedMs: number): void;
  patience?: Partial<typeof defaultPatience>;
  /** What a lost connection means; without it the trace is interrupted at once. */
  retry?: RetryRules;
  /** Judges the steps of a tree search. */
  scorer?: Scorer | undefined;
  /** Asks a language model about the answer, where the trace's grader is one. */
  matcher?: Matcher | undefined;
  /** Asks for log-probabilities, and is told of every id that is received, before `onEvent` is. */
  logprobs?: LogprobListener | undefined;
}

/**
 * Runs a trace to its end: asks what comes next, sends it, settles what came, until the answer is there. Starting with a
 * trace that was interrupted continues it by ids.
 *
 * Never throws for what a server or a user does: such a trace comes back `interrupted`, with the reason, holding all
 * that arrived.
 */
export async function generateTrace(trace: Trace, options: GenerateOptions): Promise<Trace> {
  const run = new Generation(trace, options);
  try {
    refuseOtherLevel(trace, options.client);
    if (trace.status === 'interrupted') run.emit({ type: 'continued' });
    await run.settleLeftover();
    while (trace.status === 'running') await run.takeOrReconnect(() => nextStep(trace));
  } catch (error) {
    const { code, message, remedy } = toSecondThoughtError(error);
    run.emit({ type: 'interrupted', reason: remedy === undefined ? { code, message } : { code, message, remedy } });
  }
  return trace;
}

class Generation {
  readonly #trace: Trace;
  readonly #options: GenerateOptions;
  readonly #vocabulary: Vocabulary;
  readonly #reconnection: Reconnection | undefined;

  constructor(trace: Trace, options: GenerateOptions) {
    this.#trace = trace;
    this.#options = options;
    const { dialect } = trace;
    const known = [...contextIds(trace), ...dialect.thinkingEndIds, ...dialect.answerEndIds, ...dialect.closingIds];
    options.client.declare?.(Object.values(dialect.endTexts));
    this.#vocabulary = new Vocabulary(known, options.client);
    this.#reconnection = options.retry && new Reconnection(options.retry, options);
  }

  emit(event: TraceEvent): void {
    applyEvent(this.#trace, event);
    this.#options.onEvent?.(event);
  }

  /** A connection that was lost is waited for: what arrived is settled, and the next step goes on from the last id. */
  async takeOrReconnect(next: () => Step): Promise<void> {
    try {
      await this.take(next());
    } catch (error) {
      const waitedMs = await this.#reconnection?.wait(error, generatedTokens(this.#trace));
      if (waitedMs === undefined) throw error;
      await this.settleLeftover();
      const seconds = Math.round(waitedMs / 1_000);
      const after = `after ${generatedTokens(this.#trace)} tokens`;
      this.emit({
        type: 'warning',
        text: `The connection was lost ${after}; ${seconds} s later the generation went on from the last token, as a new pass.`,
      });
    }
  }

  async take(step: Step): Promise<void> {
    if (this.#options.signal.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
    switch (step.kind) {
      case 'request':
        if (step.discard) await this.#cut(0);
        return this.#requestAll([step.request]);
      case 'branch':
        return this.#requestAll(step.requests);
      case 'score':
        return this.#score(step.passes);
      case 'choose':
        if (step.pass === null) this.#warnOfLeaves();
        return this.emit({ type: 'chosen', pass: step.pass, by: step.by });
      case 'close':
        if (step.keep !== undefined) await this.#cut(step.keep);
        if (step.keep === 0 && policyOf(this.#trace).isHopeless) this.#warnOfTries();
        return this.emit({ type: 'thinking-ended', by: step.by, spans: step.spans });
      case 'complete':
        return this.emit({
          type: 'completed',
          answerEndedBy: step.answerEndedBy,
          grade: await this.#grade(step.answerEndedBy),
        });
      default:
        step satisfies never;
    }
  }

  async #grade(answerEndedBy: AnswerEndedBy): Promise<Grade> {
    const finished = { ...this.#trace, status: 'complete' as const, answerEndedBy };
    const { matcher, signal } = this.#options;
    const grade = await gradeBy(finished, finished.grader ?? defaultGrader, matcher, signal);
    const { failure } = grade.matched ?? {};
    if (failure !== undefined) this.emit({ type: 'warning', text: `The answer was not graded: ${failure}` });
    return grade;
  }

  /** A process that died in the middle of a pass, or of several of a tree, left ids without a verdict. */
  async settleLeftover(): Promise<void> {
    for (const pass of this.#trace.passes) if (pass.ending === 'running') await this.#settleBroken(pass);
  }

  async #settleBroken(pass: Pass): Promise<void> {
    const live = this.#trace.spans.filter((span) => span.origin === 'model' && span.pass === pass.index);
    const received: Received = {
      ...emptyReceived(),
      tokenIds: live.flatMap((span) => span.tokenIds),
      text: live.map((span) => span.text).join(''),
      endedBy: 'interrupted',
    };
    const settled = await this.#settle(pass, received);
    this.emit({ type: 'settle', pass: settled.pass, spans: settled.spans });
  }

  async #cut(keep: number): Promise<void> {
    const { client } = this.#options;
    let left = keep;
    let split: [string, string] = ['', ''];
    for (const span of this.#trace.spans) {
      if (span.phase !== 'thinking' || span.fate !== 'kept' || span.delimiter) continue;
      if (left > 0 && left < span.tokenIds.length) {
        split = [
          await client.detokenize(span.tokenIds.slice(0, left)),
          await client.detokenize(span.tokenIds.slice(left)),
        ];
      }
      left = Math.max(0, left - span.tokenIds.length);
    }
    this.emit({ type: 'cut', keep, before: this.#trace.passes.length, split });
  }

  /** All are begun, in order, before any is sent: so the passes are numbered alike whatever comes first. */
  async #requestAll(planned: (PlannedRequest | BranchRequest)[]): Promise<void> {
    const begun = planned.map((each) => {
      const request = this.#completionRequest(each);
      const pass = this.#openPass(each, request);
      this.emit({ type: 'pass', pass, spans: each.spans.map((span) => ({ ...span, pass: pass.index })) });
      return { pass, request };
    });
    const ended = await Promise.allSettled(begun.map(({ pass, request }) => this.#request(pass, request)));
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  async #request(pass: Pass, request: CompletionRequest): Promise<void> {
    const { received, failure, firstTokenMs, kept } = await this.#receive(pass, request);
    const durationMs = this.#options.clock.now() - Date.parse(pass.startedAt);
    const took = kept ? { ...kept, fromCache: true as const } : { firstTokenMs, durationMs };
    const settled = await this.#settle({ ...pass, ...took }, received);
    this.emit({ type: 'settle', pass: settled.pass, spans: settled.spans });
    if (settled.unknownId !== undefined) this.#warnOfUnknown(settled.unknownId, request);
    if (failure) throw failure;
  }

  #completionRequest(planned: PlannedRequest | BranchRequest): CompletionRequest {
    const { condition, dialect, problemKey, conditionKey, studySeed, sample, passes, budget } = this.#trace;
    const { client } = this.#options;
    const isThinking = planned.phase === 'thinking';
    const context = 'parent' in planned ? branchSpans(this.#trace, planned.parent) : keptSpans(this.#trace);
    const isStep = isThinking && condition.decoder === 'rebase';
    return {
      promptIds: [...context, ...planned.spans].flatMap((span) => span.tokenIds),
      maxTokens: planned.maxTokens,
      minTokens: planned.minTokens,
      stopTokenIds: planned.stopTokenIds,
      seed: passSeed({ studySeed, problemKey, conditionKey, sample, pass: passes.length }),
      sampling: samplingOf(this.#trace, planned),
      maskedTokenIds: [...this.#maskedIds(), ...(isThinking ? dialect.bannedIds : [])],
      ...(isThinking && dialect.bannedWords.length > 0 ? { bannedWords: dialect.bannedWords } : {}),
      ...(isStep ? stepStops(condition, dialect) : {}),
      ...(isThinking && !isStep && dialect.thinkingEndTexts.length > 0
        ? { stopTexts: dialect.thinkingEndTexts, stopSequences: dialect.thinkingEndSequences }
        : {}),
      ...(client.level === 'chat' ? { templateArguments: condition.templateArguments } : {}),
      ...(condition.maxAnswerTokens === null && !isThinking ? { isOpenEnded: true as const } : {}),
      ...(condition.decoder === 'native-budget' ? { thinkingTokenBudget: budget.maxThinkingTokens } : {}),
      ...(this.#options.logprobs ? { logprobs: this.#options.logprobs.alternatives } : {}),
    };
  }

  /** Ids that turned out to be unknown in earlier passes of this trace. */
  #maskedIds(): number[] {
    const strays = this.#trace.passes.filter((pass) => pass.ending === 'out-of-vocabulary');
    const firstCut = (pass: Pass) =>
      this.#trace.spans.find((span) => span.pass === pass.index && span.fate === 'cut')?.tokenIds.slice(0, 1) ?? [];
    return [...new Set(strays.flatMap(firstCut))];
  }

  #openPass(planned: PlannedRequest | BranchRequest, request: CompletionRequest): Pass {
    const { maxTokens, minTokens, stopTokenIds, seed, maskedTokenIds } = request;
    return {
      index: this.#trace.passes.length,
      phase: planned.phase,
      purpose: planned.purpose,
      request: { maxTokens, minTokens, stopTokenIds, seed, maskedTokenIds, temperature: request.sampling.temperature },
      ...('parent' in planned ? { branch: { parent: planned.parent } } : {}),
      promptTokens: request.promptIds.length,
      receivedTokens: 0,
      ending: 'running',
      endsWithNewline: false,
      finishReason: null,
      stopReason: null,
      cachedPromptTokens: null,
      startedAt: new Date(this.#options.clock.now()).toISOString(),
      firstTokenMs: null,
      durationMs: null,
    };
  }

  /** Reads the stream until it ends, is ended, or has brought more than it may. */
  async #receive(pass: Pass, request: CompletionRequest) {
    const { clock, signal, answerNow } = this.#options;
    const received: Received = emptyReceived();
    let firstTokenMs: number | null = null;
    let kept: CompletionChunk['kept'];
    let failure: SecondThoughtError | undefined;
    const loops = this.#loopWatch(pass);
    let hasEnded = false;
    const mayAnswer = pass.phase === 'thinking' ? answerNow : undefined;
    // Ends the request whichever way this is left: a stream that is silent closes by nothing else.
    const own = new AbortController();
    const either = AbortSignal.any(mayAnswer ? [signal, own.signal, mayAnswer] : [signal, own.signal]);
    try {
      if (mayAnswer?.aborted) throw new SecondThoughtError('cancelled', 'Stopped.');
      for await (const chunk of this.#stream(request, either)) {
        if (hasEnded && chunk.tokenIds.length > 0) {
          received.finishReason ??= received.tokenIds.length >= request.maxTokens ? 'length' : 'stop';
          break; // the server does not keep to the stop ids or the limit: closing the stream makes it
        }
        if (chunk.tokenIds.length > 0) firstTokenMs ??= clock.now() - Date.parse(pass.startedAt);
        kept ??= chunk.kept;
        this.#tellLogprobs(pass, chunk);
        received.tokenIds.push(...chunk.tokenIds);
        hasEnded ||= isOver(received.tokenIds, chunk.tokenIds.length, request);
        received.text += chunk.text;
        received.finishReason = chunk.finishReason ?? received.finishReason;
        received.stopReason = chunk.stopReason ?? received.stopReason;
        received.cachedPromptTokens = chunk.cachedPromptTokens ?? received.cachedPromptTokens;
        if (chunk.reportedTokens !== undefined) received.reportedTokens = chunk.reportedTokens;
        if (chunk.tokenIds.length > 0 || chunk.text !== '') {
          const which = pass.branch ? { pass: pass.index } : {};
          this.emit({ type: 'received', tokenIds: chunk.tokenIds, text: chunk.text, ...which });
        }
        if (loops?.(chunk.tokenIds)) {
          received.endedBy = 'repetition';
          break;
        }
      }
    } catch (error) {
      const isAnswerNow = mayAnswer?.aborted && !signal.aborted;
      received.endedBy = isAnswerNow ? 'user' : 'interrupted';
      if (!isAnswerNow) failure = toSecondThoughtError(error);
    } finally {
      own.abort();
    }
    return { received, failure, firstTokenMs, kept };
  }

  #tellLogprobs({ index }: Pass, { tokenIds, logprobs = [] }: CompletionChunk): void {
    if (tokenIds.length === 0) return;
    const all = tokenIds.map((_, at) => logprobs[at] ?? null);
    this.#options.logprobs?.onReceived(index, tokenIds, all);
  }

  /** Tells of the ids of a pass whether thinking has to end because it goes round in a loop. */
  #loopWatch(pass: Pass): ((tokenIds: number[]) => boolean) | undefined {
    const { loopGuard } = this.#trace.condition;
    if (loopGuard === 'off' || pass.phase !== 'thinking') return undefined;
    const detector = new LoopDetector();
    let isSaid = false;
    return (tokenIds) => {
      const loop = tokenIds.map((id) => detector.push(id)).findLast((found) => found !== null);
      if (!loop || isSaid) return false;
      isSaid = true;
      const what = `The thinking repeats ${loop.period} ${loop.period === 1 ? 'token' : 'tokens'} again and again`;
      const then = { mark: 'it was let go on', rotate: 'a cue was forced', stop: 'it was ended' }[loopGuard];
      this.emit({ type: 'warning', text: `${what}: ${then}.` });
      return loopGuard !== 'mark';
    };
  }

  #stream(request: CompletionRequest, signal: AbortSignal) {
    const { client, clock, onWaiting, patience } = this.#options;
    const rules = { ...defaultPatience, ...patience, clock, isAlive: () => client.isAlive(signal) };
    const { url } = this.#trace.server;
    return withPatience(client.complete(request, signal), onWaiting ? { ...rules, onWaiting } : rules, url);
  }

  async #settle(pass: Pass, received: Received): Promise<Settled> {
    const { client } = this.#options;
    const settled = await settlePass(this.#trace, pass, received, this.#vocabulary, client);
    const isSplit = pass.phase === 'answer' && policyOf(this.#trace).splitsAnswer;
    return isSplit ? splitAtDelimiter(this.#trace, settled) : settled;
  }

  /** The verdicts on steps. Those that came stay, whatever becomes of the others. */
  async #score(passes: number[]): Promise<void> {
    const { scorer, signal, clock } = this.#options;
    const judge = scorer ?? missingScorer(this.#trace.condition.scorer);
    const ended = await Promise.allSettled(
      passes.map(async (pass) => {
        const own = AbortSignal.any([signal]); // one each: every verdict listens to it
        const score = await scoreStep(this.#trace, pass, judge, { signal: own, clock });
        this.emit({ type: 'scored', pass, score });
      }),
    );
    const failed = ended.find((each) => each.status === 'rejected');
    if (failed) throw failed.reason;
  }

  #warnOfLeaves(): void {
    const text =
      'No branch of the search came to an end of its own, so there is no answer: allow more steps or tokens.';
    this.emit({ type: 'warning', text });
  }

  #warnOfTries(): void {
    const { condition, budget } = this.#trace;
    const limit = budget.maxThinkingTokens;
    const text = `None of the ${condition.maxTries} tries thought for at most ${limit} tokens, so there is no answer: raise the limit or the number of tries.`;
    this.emit({ type: 'warning', text });
  }

  #warnOfUnknown(id: number, request: CompletionRequest): void {
    if (request.maskedTokenIds.includes(id)) {
      throw new SecondThoughtError(
        'invalid-reply',
        `The server keeps sampling token ${id}, which its tokenizer does not know, although it was told not to.`,
        { remedy: 'Use a lower temperature or top_p, or a server that supports logit_bias.' },
      );
    }
    this.emit({
      type: 'warning',
      text: `Token ${id} is outside the tokenizer's vocabulary: it was cut and is not sampled again.`,
    });
  }
}
